"""A checkpoint in a .zip: what is unpacked, what is refused, and that nothing lands outside."""

import io
import json
import shutil
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.encoder_factory import load

from simcse_core.cards.package import zip_folder
from simcse_core.encoders import unpacking
from simcse_core.encoders.unpacking import unpack_checkpoint
from simcse_core.errors import EncoderError

TEXTS = ["the cat sleeps", "a man plays the guitar"]


def zipped(target: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target


@pytest.fixture
def archive(bert: Path, tmp_path: Path) -> Path:
    return zip_folder(bert, tmp_path / "bert.zip")


def test_a_folder_goes_out_and_comes_back(bert: Path, archive: Path, tmp_path: Path) -> None:
    folder = unpack_checkpoint(archive, into=tmp_path / "imports")
    assert np.array_equal(load(folder).encode(TEXTS), load(bert).encode(TEXTS))
    (folder / "mark").touch()
    assert (unpack_checkpoint(archive, into=tmp_path / "imports") / "mark").exists()  # not unpacked twice
    assert [path.name for path in (tmp_path / "imports").iterdir()] == [folder.parent.name]


@pytest.mark.parametrize("layout", ["flat", "deep", "0_Transformer"])
def test_where_the_checkpoint_lies_in_the_archive(bert: Path, tmp_path: Path, layout: str) -> None:
    folder = tmp_path / "made"
    load(bert, pooling="max").save(folder)
    if layout == "0_Transformer":  # the layout of old sentence-transformers
        inner = folder / "0_Transformer"
        inner.mkdir()
        for file in [path for path in folder.iterdir() if path.is_file()]:
            if file.name not in {"modules.json", "simcse.json", "config_sentence_transformers.json"}:
                shutil.move(file, inner / file.name)
    prefix = {"flat": "", "deep": "a/b/", "0_Transformer": "model/"}[layout]
    files = {
        f"{prefix}{path.relative_to(folder)}": path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    found = load(unpack_checkpoint(zipped(tmp_path / "x.zip", files), into=tmp_path / "imports"))
    assert found.pooling == "max"
    assert np.array_equal(found.encode(TEXTS), load(bert, pooling="max").encode(TEXTS))


def link(folder: Path) -> Path:
    made = folder / "link.zip"
    with zipfile.ZipFile(made, "w") as out:
        entry = zipfile.ZipInfo("config.json")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        out.writestr(entry, "/etc/passwd")
    return made


def named(*names: str) -> Callable[[Path], Path]:
    return lambda folder: zipped(folder / "x.zip", dict.fromkeys(names, b"{}"))


def encrypted(folder: Path) -> Path:
    """The bit that says so is set in both headers."""
    raw = bytearray(zipped(folder / "x.zip", {"config.json": b"{}"}).read_bytes())
    for start, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = raw.index(start) + offset
        raw[at : at + 2] = struct.pack("<H", struct.unpack("<H", raw[at : at + 2])[0] | 1)
    (folder / "x.zip").write_bytes(raw)
    return folder / "x.zip"


def text(folder: Path) -> Path:
    (folder / "x.zip").write_text("no archive")
    return folder / "x.zip"


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (text, "no readable .zip"),
        (encrypted, "no readable .zip"),
        (link, "outside its folder"),
        (named("../config.json"), "outside its folder"),
        (named("a/../../config.json"), "outside its folder"),
        (named("/etc/config.json"), "outside its folder"),
        (named("..\\config.json"), "outside its folder"),
        (named("C:/config.json"), "outside its folder"),
        (named("readme.md"), "no checkpoint"),
        (named("config.json"), "no checkpoint"),
        (named("config.json", "pytorch_model.bin"), "pickled"),
        (named("config.json", "model.safetensors"), "no config.json"),
        (named(*(f"{n}.json" for n in range(unpacking.MOST + 1))), "files"),
    ],
)
def test_what_is_refused_leaves_nothing_usable(
    make: Callable[[Path], Path], told: str, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(EncoderError, match=told) as caught:
        unpack_checkpoint(make(tmp_path / "in"), into=tmp_path / "imports")
    assert caught.value.hint
    outside = {path.name for path in tmp_path.iterdir()} - {"in", "imports"}
    assert not outside and not list(tmp_path.glob("imports/*"))


def test_a_bomb_is_stopped_while_it_comes(tmp_path: Path) -> None:
    bomb = zipped(tmp_path / "x.zip", {"config.json": b"{}", "model.safetensors": b"\0" * 3_000_000})
    assert bomb.stat().st_size < 10_000
    with pytest.raises(EncoderError, match="larger than 1 MB"):
        unpack_checkpoint(bomb, into=tmp_path / "imports", largest=1_000_000)
    assert list((tmp_path / "imports").iterdir()) == []


def test_an_archive_that_was_cut_is_refused(archive: Path, tmp_path: Path) -> None:
    raw = archive.read_bytes()
    damaged = bytearray(raw)
    at = raw.index(b"model.safetensors") + 5_000
    damaged[at] ^= 255
    for number, content in enumerate((raw[: len(raw) // 2], bytes(damaged))):
        (tmp_path / "cut.zip").write_bytes(content)
        with pytest.raises(EncoderError, match="no readable"):
            unpack_checkpoint(tmp_path / "cut.zip", into=tmp_path / f"imports{number}")


def test_code_and_other_files_are_left_out(bert: Path, tmp_path: Path) -> None:
    files = {path.name: path.read_bytes() for path in bert.iterdir()}
    more = {"modeling.py": b"raise SystemExit", "optimizer.pt": b"x", "photo.png": b"x"}
    folder = unpack_checkpoint(zipped(tmp_path / "x.zip", {**files, **more}), into=tmp_path / "imports")
    assert {path.name for path in folder.iterdir()} == set(files)
    config = json.loads(files["config.json"]) | {"auto_map": {"AutoModel": "modeling.Model"}}
    files["config.json"] = json.dumps(config).encode()
    with pytest.raises(EncoderError, match="auto_map"):
        unpack_checkpoint(zipped(tmp_path / "y.zip", files), into=tmp_path / "imports")


NAMES = st.lists(st.sampled_from(["..", ".", "a", "b", "", "C:", "~", "con"]), min_size=1, max_size=5)


@settings(max_examples=60, deadline=None)
@given(
    parts=NAMES, separator=st.sampled_from(["/", "\\"]), ending=st.sampled_from([".json", "", ".safetensors"])
)
def test_no_name_leads_outside(
    parts: list[str], separator: str, ending: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("any")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr(separator.join(parts) + ending or "x", b"{}")
    (folder / "x.zip").write_bytes(out.getvalue())
    with pytest.raises(EncoderError):
        unpack_checkpoint(folder / "x.zip", into=folder / "imports")
    assert {path.name for path in folder.iterdir()} <= {"x.zip", "imports"}
    assert not list((folder / "imports").glob("*"))
