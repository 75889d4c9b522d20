"""Vectors in and out: three formats round trip, and what does not fit is named by its row."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from simcse_core.data.vector_reading import read_vectors
from simcse_core.data.vectors import (
    FORMATS,
    Vectors,
    escape,
    make_vectors,
    metadata_name,
    save_vectors,
    unescape,
    vector_files,
)
from simcse_core.errors import DataError

TEXTS = ["a\tb", "two\nlines", "C:\\temp\\new", 'say "no"', "猫 🐈", "=1+1, <b>"]
LABELS = {"subject": ["x", "x", "y", "y", "z", "z"], "length": [1, 2, 3, 4, 5, 6]}


def rows(n: int = 6, d: int = 5, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


@pytest.mark.parametrize("ending", FORMATS)
def test_round_trip(ending: str, tmp_path: Path) -> None:
    x = rows() * np.array([[1e-30], [1e30], [1.0], [1e-3], [7.0], [0.1]], dtype=np.float32)
    written = save_vectors(make_vectors(x, TEXTS, LABELS), tmp_path / f"mine{ending}")
    assert [file.name for file in written] == (
        ["mine.parquet"] if ending == ".parquet" else [f"mine{ending}", "mine.metadata.tsv"]
    )
    found = read_vectors(tmp_path / f"mine{ending}")
    assert np.array_equal(found.embeddings, x) and found.embeddings.dtype == np.float32
    assert found.texts == tuple(TEXTS)
    assert found.labels == {"subject": ("x", "x", "y", "y", "z", "z"), "length": tuple("123456")}
    files = vector_files(make_vectors(x, TEXTS, LABELS), f"mine{ending}")
    assert {tmp_path / name: data for name, data in files.items()} == {f: f.read_bytes() for f in written}


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(min_size=1).filter(lambda t: t.strip() and t[0] != "\ufeff"), min_size=1, max_size=5))
def test_any_text_survives_the_projector(texts: list[str]) -> None:
    for text in texts:
        assert unescape(escape(text)) == text
        assert not set(escape(text)) & set("\t\r\n")
    files = vector_files(make_vectors(rows(len(texts)), texts), "v.tsv")
    back = read_vectors(files["v.tsv"], name="v.tsv", metadata=files["v.metadata.tsv"])
    assert back.texts == tuple(texts) and np.array_equal(back.embeddings, rows(len(texts)))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=8))
def test_every_number_survives_text(numbers: list[float]) -> None:
    x = np.array([numbers], dtype=np.float32)
    assert np.array_equal(
        read_vectors(vector_files(make_vectors(x), "v.tsv")["v.tsv"], name="v.tsv").embeddings, x
    )


def test_the_projector_wants_a_header_only_over_two_columns() -> None:
    one = vector_files(make_vectors(rows(2), ["a", "b"]), "v.tsv")
    assert one["v.metadata.tsv"] == b"a\nb\n"
    assert [len(line.split("\t")) for line in one["v.tsv"].decode().splitlines()] == [5, 5]
    two = vector_files(make_vectors(rows(2), ["a", "b"], {"kind": ["p", "q"]}), "v.tsv")
    assert two["v.metadata.tsv"] == b"text\tkind\na\tp\nb\tq\n"
    assert list(vector_files(make_vectors(rows(2)), "v.tsv")) == ["v.tsv"]
    with pytest.raises(DataError, match=r"Row 1 .* empty text"):
        vector_files(make_vectors(rows(2), ["a", " "]), "v.tsv")


def test_parquet_is_what_others_read(tmp_path: Path) -> None:
    save_vectors(make_vectors(rows(), TEXTS), tmp_path / "v.parquet")
    frame = pd.read_parquet(tmp_path / "v.parquet")
    assert list(frame["text"]) == TEXTS and np.array_equal(np.stack(frame["embedding"]), rows())
    frame.rename(columns={"embedding": "Vector"}).to_parquet(tmp_path / "w.parquet")  # lists of any length
    assert np.array_equal(read_vectors(tmp_path / "w.parquet").embeddings, rows())


def test_other_tools_arrays(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", rows().astype(np.float16))
    found = read_vectors(tmp_path / "a.npy")
    assert found.texts is None and np.array_equal(found.embeddings, rows().astype(np.float16))
    (tmp_path / metadata_name("a.npy")).write_text("id\ttext\n" + "".join(f"{i}\tt{i}\n" for i in range(6)))
    found = read_vectors(tmp_path / "a.npy")  # the file beside it is found, and its column called text
    assert found.texts == ("t0", "t1", "t2", "t3", "t4", "t5") and found.labels["id"][5] == "5"
    half = make_vectors(rows(1), ["\ud800 cut"])
    assert vector_files(half, "v.tsv")["v.metadata.tsv"] == b"? cut\n"


def npy(x: object, tmp: Path) -> bytes:
    np.save(tmp / "x.npy", x, allow_pickle=True)
    return (tmp / "x.npy").read_bytes()


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("v.tsv", b"1\t2\n3\t4\t5\n", "line 2 has 3 numbers; line 1 has 2"),
        ("v.tsv", b"x\ty\n1\t2\n", "line 1 holds 'x'"),
        ("v.tsv", b"1\t2\n\n3\t4\n", "line 2 has 1 numbers"),
        ("v.tsv", b"1\t2\n3\tnan\n", "row 1 "),
        ("v.tsv", b"1\t1e300\n", "row 0 "),
        ("v.tsv", b"", "v.tsv is empty"),
        ("v.tsv", b"\xff\xfe1", "UTF-16"),
        ("v.npy", b"no array", "not a NumPy array"),
        ("v.npy", np.array([[1.0, np.inf]]), "row 0 "),
        ("v.npy", np.ones(4), "shape"),
        ("v.npy", np.ones((0, 4)), "shape"),
        ("v.npy", np.array([["a", "b"]]), "rows of numbers"),
        ("v.npy", np.array([[None, 1]]), "not a NumPy array"),
        ("v.parquet", b"nothing", "not a parquet file"),
        ("v.parquet", {"text": ["a"]}, "no column of vectors; its columns are: text"),
        ("v.parquet", {"embedding": [[1.0, 2.0], [1.0]]}, "row 1 .* has 1 numbers"),
        ("v.parquet", {"embedding": [[1.0, 2.0], None]}, "row 1 .* has 0 numbers"),
        ("v.parquet", {"embedding": [[1.0, 2.0], [1.0, None]]}, "row 1 .* NaN"),
        ("v.parquet", {"embedding": [["a", "b"]]}, "not of numbers"),
        ("v.parquet", {"embedding": ["abc"]}, "not lists of numbers"),
        ("v.bin", b"", "ends in '.bin'"),
    ],
)
def test_refused_by_name_and_row(name: str, content: object, told: str, tmp_path: Path) -> None:
    if isinstance(content, np.ndarray):
        content = npy(content, tmp_path)
    if isinstance(content, dict):
        pd.DataFrame(content).to_parquet(tmp_path / name)
        content = (tmp_path / name).read_bytes()
    assert isinstance(content, bytes)
    with pytest.raises(DataError, match=told):
        read_vectors(content, name=name)


@pytest.mark.parametrize(
    ("metadata", "told"),
    [
        (b"a\nb\n", "6 rows, v.metadata.tsv 2"),
        (b"text\tk\na\tb\nc\n", "line 3 has 1 columns; line 1 has 2"),
        (b"k\tk\n" + 6 * b"a\tb\n", "names a column twice"),
        (b"text\tembedding\n" + 6 * b"a\tb\n", "cannot be called 'embedding'"),
    ],
)
def test_metadata_that_does_not_fit(metadata: bytes, told: str) -> None:
    with pytest.raises(DataError, match=told):
        read_vectors(vector_files(make_vectors(rows()), "v.tsv")["v.tsv"], name="v.tsv", metadata=metadata)


def test_what_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="6 rows, its column 'text' 2"):
        make_vectors(rows(), ["a", "b"])
    with pytest.raises(DataError, match="row 3 "):
        make_vectors(np.where(np.arange(6)[:, None] == 3, np.nan, rows()))
    with pytest.raises(DataError, match=r"ends in '\.csv'"):
        save_vectors(make_vectors(rows()), tmp_path / "v.csv")
    with pytest.raises(DataError, match="cannot be written"):
        save_vectors(make_vectors(rows()), tmp_path / "absent" / "v.npy")
    with pytest.raises(DataError, match="no file"):
        read_vectors(tmp_path / "absent.npy")
    assert Vectors(rows()).columns == {}


def test_large_files_are_written_in_parts() -> None:
    x = rows(5000, 3)
    with tempfile.TemporaryDirectory() as folder:
        (file,) = save_vectors(make_vectors(x), Path(folder) / "v.tsv")
        assert np.array_equal(read_vectors(file).embeddings, x)
