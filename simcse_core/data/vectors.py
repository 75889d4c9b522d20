r"""Vectors in and out: NumPy, parquet, and the pair of TSV files that the Embedding Projector takes.

| ending | files | content |
|---|---|---|
| `.npy` | one, or two with texts | (n, d) float32; texts and labels in `<name>.metadata.tsv` |
| `.parquet` | one | columns `text`, the labels, `embedding` |
| `.tsv` | one, or two with texts | numbers without a header; texts and labels in `<name>.metadata.tsv` |

The metadata file has a header if it has more than one column, as projector.tensorflow.org wants it. It knows
no quotes: a tab, line break or backslash in a text is written as `\t`, `\n`, `\r` or `\\`, and read back.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.errors import DataError

FORMATS = (".npy", ".parquet", ".tsv")
TEXT, EMBEDDING = "text", "embedding"
CHUNK = 4096  # rows written together

_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
_PLAIN = {escaped: plain for plain, escaped in _ESCAPES.items()}
_ESCAPED = re.compile(r"\\[\\tnr]")

Write = Callable[[BinaryIO], object]


@dataclass(frozen=True, eq=False)
class Vectors:
    """Embeddings with what they are of.

    Attributes:
        embeddings: (n, d) float32, finite.
        texts: n texts, or None where none are known.
        labels: Column name → n labels.
        name: File they were read from, for messages.

    Raises:
        DataError: Not (n, d) numbers, NaN or infinity in a row, or unequal numbers of rows, texts and labels.
    """

    embeddings: NDArray[np.float32]
    texts: tuple[str, ...] | None = None
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    name: str = "vectors"

    def __post_init__(self) -> None:
        """Check that the parts fit."""
        object.__setattr__(self, "embeddings", _finite(self.embeddings, self.name))
        columns = {**({TEXT: self.texts} if self.texts is not None else {}), **self.labels}
        for column, cells in columns.items():
            if len(cells) != len(self.embeddings):
                raise DataError(
                    f"{self.name} has {len(self.embeddings):,} rows, its column {column!r} {len(cells):,}."
                )
        taken = {TEXT, EMBEDDING} & {column.lower() for column in self.labels}
        if taken:
            raise DataError(f"A column of labels cannot be called {taken.pop()!r}.")

    @property
    def columns(self) -> dict[str, Sequence[str]]:
        """Texts and labels by name, texts first."""
        return {**({TEXT: self.texts} if self.texts is not None else {}), **self.labels}


def make_vectors(
    embeddings: ArrayLike,
    texts: Sequence[str] | None = None,
    labels: Mapping[str, Sequence[object]] | None = None,
) -> Vectors:
    """Embeddings (n, d) with texts and labels, ready to be written.

    Raises:
        DataError: As `Vectors`.
    """
    told = {name: tuple(_whole(str(cell)) for cell in cells) for name, cells in (labels or {}).items()}
    return Vectors(np.asarray(embeddings), None if texts is None else tuple(map(_whole, texts)), told)


def save_vectors(vectors: Vectors, path: Path | str) -> list[Path]:
    """Write the files of the format that the ending of `path` says; returns them.

    Raises:
        DataError: Another ending, a text that the format cannot hold, or a file that cannot be written.
    """
    target = Path(path)
    written = []
    for name, write in _files(vectors, target.name).items():
        try:
            with (target.parent / name).open("wb") as file:
                write(file)
        except OSError as error:
            raise DataError(f"{target.parent / name} cannot be written: {error.strerror or error}.") from None
        written.append(target.parent / name)
    return written


def vector_files(vectors: Vectors, name: str) -> dict[str, bytes]:
    """The same files in memory, by file name, for a download.

    Raises:
        DataError: As `save_vectors`.
    """
    found = {}
    for file, write in _files(vectors, name).items():
        buffer = io.BytesIO()
        write(buffer)
        found[file] = buffer.getvalue()
    return found


def metadata_name(name: str) -> str:
    """File of the texts and labels that belongs to a file of vectors: `a.tsv` → `a.metadata.tsv`."""
    return f"{Path(name).stem}.metadata.tsv"


def escape(text: str) -> str:
    """`text` on one line and in one cell."""
    return "".join(_ESCAPES.get(character, character) for character in text)


def unescape(text: str) -> str:
    """What `escape` was given."""
    return _ESCAPED.sub(lambda match: _PLAIN[match.group()], text)


def _whole(text: str) -> str:
    """Half a surrogate pair, which is no character of UTF-8, becomes a question mark."""
    return text.encode("utf-8", "replace").decode()


def _files(vectors: Vectors, name: str) -> dict[str, Write]:
    ending = Path(name).suffix.lower()
    if ending not in FORMATS:
        raise DataError(f"{name} ends in {ending!r}.", hint=f"Formats of vectors: {', '.join(FORMATS)}.")
    if ending == ".parquet":
        return {name: lambda file: _write_parquet(vectors, file)}
    files: dict[str, Write] = {
        name: (
            (lambda file: np.save(file, vectors.embeddings, allow_pickle=False))
            if ending == ".npy"
            else (lambda file: _write_numbers(vectors.embeddings, file))
        )
    }
    if vectors.columns:
        lines = _metadata_lines(vectors)  # now, so that nothing is written if a text cannot be
        files[metadata_name(name)] = lambda file: file.writelines(lines)
    return files


def _write_numbers(embeddings: NDArray[np.float32], file: BinaryIO) -> None:
    row = "\t".join(["%.9g"] * embeddings.shape[1]) + "\n"  # nine digits bring back every float32
    for start in range(0, len(embeddings), CHUNK):
        part = embeddings[start : start + CHUNK]
        file.write((row * len(part) % tuple(part.ravel().tolist())).encode())


def _metadata_lines(vectors: Vectors) -> list[bytes]:
    columns = vectors.columns
    rows: list[tuple[str, ...]] = list(zip(*columns.values(), strict=True))
    lines = ["\t".join(map(escape, row)) for row in rows]
    for i, line in enumerate(lines):
        if not line.strip():
            raise DataError(
                f"Row {i} (counted from 0) has an empty text, and the Embedding Projector skips empty lines."
            )
    if len(columns) > 1:
        lines.insert(0, "\t".join(map(escape, columns)))
    return [f"{line}\n".encode() for line in lines]


def _write_parquet(vectors: Vectors, file: BinaryIO) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    flat = pa.array(vectors.embeddings.ravel())
    rows = pa.FixedSizeListArray.from_arrays(flat, vectors.embeddings.shape[1])
    texts = {column: pa.array(list(cells)) for column, cells in vectors.columns.items()}
    pq.write_table(pa.table({**texts, EMBEDDING: rows}), file)


def _finite(embeddings: ArrayLike, name: str) -> NDArray[np.float32]:
    x = np.asarray(embeddings)
    if x.ndim != 2 or not x.size or x.dtype.kind not in "fiu":
        raise DataError(f"{name} must hold rows of numbers (n, d); got shape {x.shape}, {x.dtype}.")
    with np.errstate(over="ignore"):
        x = np.ascontiguousarray(x, dtype=np.float32)
    for start in range(0, len(x), CHUNK):
        bad = np.flatnonzero(~np.isfinite(x[start : start + CHUNK]).all(axis=1))
        if bad.size:
            raise DataError(
                f"{name}: row {start + bad[0]} (counted from 0) holds NaN, infinity or a number too large."
            )
    return x
