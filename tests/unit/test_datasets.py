"""Data sets: what is registered, what is found where, and the Hub, reachable or not."""

import io
import socket
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from simcse_core.data import hub
from simcse_core.data.datasets import (
    available,
    datasets,
    load_dataset_records,
    load_scored_pairs,
    sentence_subjects,
    sts_folder,
)
from simcse_core.data.records import Pair, ScoredPairs, Triplet
from simcse_core.data.senteval import unpack_senteval
from simcse_core.data.sts_sets import OTHER_SPLITS, TASKS, load_split, load_task
from simcse_core.errors import ConfigError, DataError, HubError

KINDS = {"sentences": str, "pairs": Pair, "triples": Triplet}
SHIPPED = [name for name in datasets if datasets.info(name).traits["shipped"]]
TRAITS = {"kind", "licence", "language", "shipped", "rows", "locate", "download"}


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without any public set."""
    monkeypatch.delenv("SIMCSE_STS_DIR", raising=False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("SIMCSE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", list(datasets))
def test_every_set_states_its_traits(name: str) -> None:
    info = datasets.info(name)
    assert set(info.traits) - {"split"} == TRAITS
    assert info.title and info.source and info.summary and info.traits["licence"]
    assert info.traits["download"] is None or info.traits["download"] in hub.FILES


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_sets_are_here(name: str) -> None:
    assert available(name)
    records = load_dataset_records(name)
    assert len(records) > 100
    kind = datasets.info(name).traits["kind"]
    if kind == "scored_pairs":
        assert isinstance(records, ScoredPairs) and records.labels is not None
    else:
        assert all(isinstance(record, KINDS[kind]) for record in records)


def test_subjects_are_the_file_names() -> None:
    texts = sentence_subjects()
    assert [text for text, _ in texts] == load_dataset_records("sentences")
    assert {"captions", "news"} <= {subject for _, subject in texts}


@pytest.mark.parametrize("name", [name for name in datasets if name not in SHIPPED])
def test_absent_public_sets_say_what_to_do(nowhere: Path, name: str) -> None:
    assert not available(name)
    with pytest.raises(DataError, match="is not on this machine") as caught:
        load_dataset_records(name)
    assert "Hub" in caught.value.hint


def test_scored_pairs_by_name() -> None:
    assert load_scored_pairs("pairs-zh").labels is not None
    with pytest.raises(ConfigError, match="'triples' has no scored pairs") as caught:
        load_scored_pairs("triples")
    assert "stsb-test" in caught.value.hint


def test_unknown_names_list_the_known() -> None:
    for call in (available, load_dataset_records, hub.fetch):
        with pytest.raises(ConfigError, match="There are: "):
            call("stsb")
    with pytest.raises(ConfigError, match="There are: STS12, "):
        load_task(Path(), "STS17")
    with pytest.raises(ConfigError, match="STS-B/dev"):
        load_split(Path(), "STS12", "dev")


@pytest.mark.sts
def test_public_sets_in_a_local_folder(sts_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMCSE_STS_DIR", str(sts_folder))
    for name in ("stsb-train-sentences", "stsb-train", "stsb-dev", "stsb-test", "sick-test"):
        assert available(name)
        assert len(load_dataset_records(name)) == datasets.info(name).traits["rows"]
    for task in TASKS:
        assert len(load_task(sts_folder, task).pairs()) == sum(TASKS[task].values())


@pytest.mark.sts
def test_positives_are_scored_strictly_above_four(sts_folder: Path) -> None:
    """Counts over STS-B: 1,491 pairs above 4 against 2,008 of at least 4."""
    splits = [load_split(sts_folder, "STS-B", split) for split in ("train", "dev", "test")]
    assert [int((split.score > 4).sum()) for split in splits] == [1052, 208, 231]
    assert sum(int((split.score >= 4).sum()) for split in splits) == 2008
    texts = [text for split in splits for text in (*split.first, *split.second)]
    assert (len(texts), len(set(texts))) == (17_256, 15_455)  # white space folded


def test_a_set_of_the_wrong_size_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "STS-B" / "test.tsv"
    with pytest.raises(DataError, match="is missing"):
        load_split(tmp_path, "STS-B", "test")
    file.parent.mkdir()
    file.write_text("score\tsentence1\tsentence2\n1\ta\tb\n", encoding="utf-8")
    with pytest.raises(DataError, match="holds 1 pairs; the official set has 1,379"):
        load_split(tmp_path, "STS-B", "test")


def test_local_nli_and_wikipedia_files(nowhere: Path) -> None:
    (nowhere / "data/nli").mkdir(parents=True)
    (nowhere / "data/nli/triples.tsv").write_text("anchor\tpositive\thard_negative\tsource\na\tb\tc\tx\n")
    assert load_dataset_records("nli-triples") == [Triplet("a", "b", "c")]
    (nowhere / "data/corpus").mkdir()
    (nowhere / "data/corpus/wiki1m_for_simcse.txt").write_text("One line.\n")
    assert available("wiki1m")
    with pytest.raises(DataError, match="holds 1 rows; the official file has 1,000,000"):
        load_dataset_records("wiki1m")


def senteval_archive(*, drop: str = "") -> bytes:
    """An archive in SentEval's layout with the official sizes and made-up sentences."""
    files: dict[str, list[str]] = {}
    for task, sizes in TASKS.items():
        for subset, size in {**sizes, **OTHER_SPLITS.get(task, {})}.items():
            rows = [(f"{i % 6}.5", f'{task} "{subset} {i}', f"other  {i}") for i in range(size)]
            if task == "STS-B":
                files[f"STS/STSBenchmark/sts-{subset}.csv"] = ["g\tf\ty\t1\t" + "\t".join(r) for r in rows]
            elif task == "SICK-R":
                stem = {"train": "SICK_train", "dev": "SICK_trial", "test": "SICK_test_annotated"}[subset]
                lines = [f"{i}\t{a}\t{b}\t{s}\tNEUTRAL" for i, (s, a, b) in enumerate(rows)]
                files[f"SICK/{stem}.txt"] = ["pair_ID\tsentence_A\tsentence_B\tscore\tlabel", *lines]
            else:
                surprise = task == "STS12" and subset in {"OnWN", "SMTnews"}
                stem = f"surprise.{subset}" if surprise else subset
                extra = [("", "without a score", "dropped")] if subset == "headlines" else []
                files[f"STS/{task}-en-test/STS.input.{stem}.txt"] = [
                    f"{a}\t{b}" for _, a, b in [*extra, *rows]
                ]
                files[f"STS/{task}-en-test/STS.gs.{stem}.txt"] = [s for s, _, _ in [*extra, *rows]]
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for path, lines in files.items():
            if path != drop:
                data = ("\n".join(lines) + "\n").encode()
                member = tarfile.TarInfo(f"./{path}")
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
    return out.getvalue()


def test_senteval_archive_becomes_the_local_layout(tmp_path: Path) -> None:
    archive = tmp_path / "senteval.tar"
    archive.write_bytes(senteval_archive())
    unpack_senteval(archive, tmp_path / "sts")
    for task in TASKS:
        load_task(tmp_path / "sts", task)
    pairs = load_split(tmp_path / "sts", "STS-B", "train")
    assert (pairs.first[1], pairs.second[1], pairs.score[1]) == ('STS-B "train 1', "other 1", 1.5)
    assert load_split(tmp_path / "sts", "SICK-R", "dev").first[0] == 'SICK-R "dev 0'


def test_broken_archives_are_refused(tmp_path: Path) -> None:
    archive = tmp_path / "senteval.tar"
    archive.write_bytes(senteval_archive(drop="SICK/SICK_trial.txt"))
    with pytest.raises(DataError, match=r"no file SICK/SICK_trial\.txt"):
        unpack_senteval(archive, tmp_path / "sts")
    assert not (tmp_path / "sts").exists()
    archive.write_bytes(b"<html>not an archive</html>")
    with pytest.raises(DataError, match="not a readable archive"):
        unpack_senteval(archive, tmp_path / "sts")


@pytest.fixture
def fake_hub(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """A server that answers as the Hub does for one file of a data set; other names get 404."""
    files: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def answer(self, *, body: bool) -> None:
            data = (
                files.get(self.path.rsplit("/", 1)[-1].split("?")[0]) if "/resolve/" in self.path else b"hub"
            )
            self.send_response(200 if data is not None else 404)
            data = data if data is not None else b""
            self.send_header("ETag", '"0123"')
            self.send_header("X-Repo-Commit", "0" * 40)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if body:
                self.wfile.write(data)

        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def log_message(self, *args: object) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield files
    server.shutdown()
    server.server_close()


def test_sts_sets_from_the_hub(fake_hub: dict[str, bytes]) -> None:
    fake_hub["senteval.tar"] = senteval_archive()
    seen: list[tuple[int, int | None]] = []
    folder = hub.fetch("sts", progress=lambda done, total: seen.append((done, total)))
    size = len(fake_hub["senteval.tar"])
    assert seen and seen[-1] == (size, size)
    assert folder == sts_folder()
    assert available("stsb-test") and len(load_dataset_records("stsb-test")) == 1379
    assert not list(folder.parent.glob("downloads/*.tar"))


def test_triples_from_the_hub(fake_hub: dict[str, bytes]) -> None:
    fake_hub["nli_for_simcse.csv"] = b"sent0,sent1,hard_neg\na,b,c\n"
    assert hub.fetch("nli").read_bytes() == fake_hub["nli_for_simcse.csv"]
    assert available("nli-triples")
    with pytest.raises(DataError, match="holds 1 rows; the official file has 275,601"):
        load_dataset_records("nli-triples")


def test_a_broken_archive_is_fetched_again_next_time(fake_hub: dict[str, bytes]) -> None:
    fake_hub["senteval.tar"] = b"cut"
    with pytest.raises(DataError):
        hub.fetch("sts")
    fake_hub["senteval.tar"] = senteval_archive()
    assert load_task(hub.fetch("sts"), "STS16").name == "STS16"


@pytest.mark.usefixtures("fake_hub")
def test_a_file_the_hub_does_not_have() -> None:
    with pytest.raises(HubError, match=r"wiki1m_for_simcse\.txt could not be fetched"):
        hub.fetch("wiki1m")


def test_hub_that_refuses_the_connection(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(HubError, match="out of reach") as caught:
        hub.fetch("sts")
    assert "SIMCSE_STS_DIR" in caught.value.hint


def test_hub_that_never_answers(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert hub.PATIENCE < 5
    monkeypatch.setattr(hub, "PATIENCE", 0.3)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(HubError, match="out of reach"):
            hub.fetch("sts")


def test_offline_mode_is_respected(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(HubError, match="HF_HUB_OFFLINE is set"):
        hub.fetch("nli")
