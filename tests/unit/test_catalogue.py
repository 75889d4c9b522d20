"""From a name to files: shipped names, MiniLM, folders, runs, the Hub; and what is refused."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from unit.encoder_factory import make_checkpoint

from simcse_core.encoders import hub, list_encoders, packaged, resolve
from simcse_core.errors import EncoderError, HubError


@pytest.fixture
def no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return tmp_path / "cache"


class Hub(BaseHTTPRequestHandler):
    """Answers /api/models/org/name like the Hub does."""

    files: tuple[str, ...] | None = None

    def do_GET(self) -> None:
        found = type(self).files
        self.send_response(404 if found is None else 200)
        body: Any = {"error": "Repository not found"}
        if found is None:
            self.send_header("X-Error-Code", "RepoNotFound")
        else:
            body = {"id": "org/name", "sha": "a" * 40, "siblings": [{"rfilename": name} for name in found]}
        content = json.dumps(body).encode()
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def fake_hub(no_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Hub]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    Hub.files = None
    yield Hub
    server.shutdown()
    server.server_close()


def test_minilm_is_known_by_name_and_verified() -> None:
    entry = next(entry for entry in list_encoders() if entry.name == "minilm")
    assert entry.licence == "Apache-2.0" and entry.layers == 6
    source = resolve("minilm:4")
    assert (source.kind, source.layers, source.name) == ("minilm", 4, "minilm:4")
    assert (source.folder / "model.safetensors").is_file()


def test_minilm_with_other_weights_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"not the original")
    monkeypatch.setattr(packaged, "model_folder", lambda: tmp_path)
    with pytest.raises(EncoderError, match="not the original"):
        resolve("minilm")


def test_minilm_that_is_not_installed_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packaged, "model_folder", lambda: None)
    with pytest.raises(EncoderError, match="from PyPI") as refused:
        resolve("minilm")
    assert refused.value.command.startswith("pip install")
    assert not next(e for e in list_encoders() if e.name == "minilm").available


def test_a_hash_is_computed_once_and_again_after_a_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMCSE_HOME", str(tmp_path / "home"))
    file = tmp_path / "weights"
    file.write_bytes(b"one")
    first = packaged.sha256_once(file)
    with monkeypatch.context() as patch:
        patch.setattr(packaged.hashlib, "file_digest", lambda *_: pytest.fail("read twice"))
        assert packaged.sha256_once(file) == first
    file.write_bytes(b"other")
    assert packaged.sha256_once(file) != first


def test_a_home_that_cannot_be_written_costs_nothing_but_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "blocked").write_text("a file where the folder should be", encoding="utf-8")
    monkeypatch.setenv("SIMCSE_HOME", str(tmp_path / "blocked"))
    (tmp_path / "weights").write_bytes(b"one")
    assert len(packaged.sha256_once(tmp_path / "weights")) == 64


def test_shipped_encoders_are_found_by_their_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMCSE_ASSETS", str(tmp_path))
    folder = make_checkpoint(tmp_path / "encoders" / "lab-tiny")
    (folder / "simcse.json").write_text(json.dumps({"title": "Tiny", "licence": "MIT"}), encoding="utf-8")
    entry = next(entry for entry in list_encoders() if entry.name == "lab-tiny")
    assert (entry.title, entry.licence, entry.layers, entry.available) == ("Tiny", "MIT", 3, True)
    assert resolve("lab-tiny:2").folder == folder


def test_a_folder_whose_name_ends_like_layers_is_a_folder(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "name:2")
    assert resolve(str(folder)).layers is None
    assert resolve(f"{folder}:1").layers == 1


@pytest.mark.parametrize(
    "name",
    ["./nowhere", "/no/such/folder", "a/b/c", "~/no-such-folder-here", "~no-such-user/x", "/" + "x" * 5000],
)
def test_a_missing_folder_is_said(name: str) -> None:
    with pytest.raises(EncoderError, match="no folder"):
        resolve(name)


@pytest.mark.parametrize(
    "name", ["", "  ", "minilm:0", "what is this?", "\0", "x" * 5000, "x" * 5000 + ":2", "x" * 5000 + "@1"]
)
def test_names_that_mean_nothing(name: str) -> None:
    with pytest.raises(EncoderError):
        resolve(name)


def test_a_file_is_not_a_folder(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"")
    with pytest.raises(EncoderError, match="is a file"):
        resolve(str(tmp_path / "model.bin"))


def make_run(folder: Path) -> Path:
    for step in (0, 20, 40):
        make_checkpoint(folder / "checkpoints" / f"step-{step:06d}", seed=step)
    (folder / "checkpoints" / ".step-000060.tmp").mkdir()
    (folder / "config.json").write_text("{}", encoding="utf-8")
    (folder / "summary.json").write_text(json.dumps({"best_step": 20}), encoding="utf-8")
    return folder


def test_a_run_is_its_last_checkpoint_or_the_one_asked_for(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    for suffix, step in (("", 40), ("@last", 40), ("@20", 20), ("@best", 20), ("@0", 0)):
        source = resolve(f"{run}{suffix}")
        assert source.folder.name == f"step-{step:06d}" and source.kind == "run" and str(step) in source.note
    assert resolve(f"{run}@20:2").layers == 2


@pytest.mark.parametrize("suffix", ["@30", "@never", "@60"])
def test_a_step_that_was_not_saved_names_those_that_were(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(EncoderError, match="0, 20, 40"):
        resolve(f"{make_run(tmp_path / 'run')}{suffix}")


def test_a_run_without_checkpoint_says_so(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    with pytest.raises(EncoderError, match="no checkpoint yet"):
        resolve(str(tmp_path))


def test_a_cached_repository_is_used_without_asking(no_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = no_cache / "models--org--name"
    (base / "refs").mkdir(parents=True)
    (base / "refs" / "main").write_text("a" * 40, encoding="utf-8")
    folder = make_checkpoint(base / "snapshots" / ("a" * 40))
    monkeypatch.setattr(hub, "_ask", lambda *_: pytest.fail("asked the Hub"))
    assert resolve("org/name:2").folder.resolve() == folder.resolve()


def test_offline_mode_is_said(no_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(HubError, match="HF_HUB_OFFLINE"):
        resolve("org/name")


def test_a_hub_that_refuses_connections(no_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{port}")
    with pytest.raises(HubError, match="cannot be reached"):
        resolve("org/name")


def test_a_hub_that_never_answers(no_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert hub.PATIENCE < 5
    monkeypatch.setattr(hub, "PATIENCE", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(HubError, match="no answer"):
            resolve("org/name")


def test_a_proxy_is_where_the_first_connection_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://proxy.example:3128")
    for name in ("NO_PROXY", "no_proxy", "HF_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    assert hub._gate() == ("proxy.example", 3128)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "huggingface.co")
    assert hub._gate() == ("huggingface.co", 443)


def test_an_unknown_repository_is_told_from_an_unreachable_hub(fake_hub: type[Hub]) -> None:
    with pytest.raises(HubError, match=r"There is no folder 'org/name', and .* no public model"):
        resolve("org/name")


@pytest.mark.parametrize(
    ("files", "message"),
    [(("config.json", "pytorch_model.bin"), "pickled"), (("config.json",), "no safetensors")],
)
def test_a_repository_without_safetensors_is_refused_before_any_download(
    fake_hub: type[Hub], files: tuple[str, ...], message: str
) -> None:
    fake_hub.files = files
    with pytest.raises(EncoderError, match=message):
        resolve("org/name")


def test_nothing_that_can_carry_code_is_downloaded() -> None:
    from fnmatch import fnmatch

    for name in ("pytorch_model.bin", "modeling.py", "model.pkl", "sub/model.bin", "onnx/model.safetensors"):
        allowed = any(fnmatch(name, pattern) for pattern in hub.ALLOWED)
        assert not allowed or any(fnmatch(name, pattern) for pattern in hub.IGNORED), name
