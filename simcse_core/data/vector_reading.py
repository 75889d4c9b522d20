"""Vectors read back, ours or another tool's; whatever does not fit is named by its row."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcse_core.data.tables import decode
from simcse_core.data.vectors import EMBEDDING, FORMATS, TEXT, Vectors, metadata_name, unescape
from simcse_core.errors import DataError

EMBEDDINGS = (EMBEDDING, "embeddings", "vector", "vectors")  # names of the parquet column that are understood


def read_vectors(
    source: Path | str | bytes, *, name: str | None = None, metadata: Path | str | bytes | None = None
) -> Vectors:
    """Vectors from a file or an upload, with texts and labels where there are any.

    Args:
        source: Path, or the content itself.
        name: File name of an upload; its ending says the format.
        metadata: File of texts and labels of `.npy` and `.tsv`. Without it, `<name>.metadata.tsv` beside the
            file is read if it is there. Its column called text, or its first, holds the texts.

    Raises:
        DataError: Missing or broken file, another ending, unequal widths, text among the numbers, NaN, or
            more or fewer texts than rows; says where.
    """
    data, called = _content(source, name or "upload.npy")
    ending = Path(called).suffix.lower()
    if ending not in FORMATS:
        raise DataError(f"{called} ends in {ending!r}.", hint=f"Formats of vectors: {', '.join(FORMATS)}.")
    if ending == ".parquet":
        return _parquet(data, called)
    rows: NDArray[Any] = _npy(data, called) if ending == ".npy" else _numbers(data, called)
    if metadata is None and not isinstance(source, bytes):
        beside = Path(source).with_name(metadata_name(called))
        metadata = beside if beside.is_file() else None
    if metadata is None:
        return Vectors(rows, name=called)
    texts, labels = _metadata(*_content(metadata, metadata_name(called)), rows=len(rows), vectors=called)
    return Vectors(rows, texts, labels, called)


def _content(source: Path | str | bytes, name: str) -> tuple[bytes, str]:
    if isinstance(source, bytes):
        return source, name
    path = Path(source)
    try:
        return path.read_bytes(), path.name
    except FileNotFoundError:
        raise DataError(f"There is no file {path}.") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from None


def _npy(data: bytes, name: str) -> NDArray[Any]:
    try:
        found = np.load(io.BytesIO(data), allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise DataError(f"{name} is not a NumPy array of numbers: {error}.") from None
    if not isinstance(found, np.ndarray):
        raise DataError(f"{name} is an archive of arrays.", hint="Save one array with numpy.save.")
    return found


def _numbers(data: bytes, name: str) -> NDArray[np.float32]:
    lines = _lines(data, name)
    rows: list[NDArray[np.float32]] = []
    for number, line in enumerate(lines, 1):
        cells = line.split("\t")
        if rows and len(cells) != len(rows[0]):
            raise DataError(f"{name}, line {number} has {len(cells)} numbers; line 1 has {len(rows[0])}.")
        try:
            with np.errstate(over="ignore"):  # a number too large is named as a row afterwards
                rows.append(np.array(cells, dtype=np.float64).astype(np.float32))
        except ValueError:
            bad = next(cell for cell in cells if not _is_number(cell))
            raise DataError(
                f"{name}, line {number} holds {bad[:40]!r}, not a number.",
                hint="A file of vectors has no header; texts go into the metadata file.",
            ) from None
    if not rows:
        raise DataError(f"{name} is empty.")
    return np.stack(rows)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _metadata(
    data: bytes, name: str, *, rows: int, vectors: str
) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """Texts and labels; a file of one column has no header, one of several has."""
    cells = [[unescape(cell) for cell in line.split("\t")] for line in _lines(data, name)]
    width = len(cells[0]) if cells else 1
    for number, row in enumerate(cells, 1):
        if len(row) != width:
            raise DataError(f"{name}, line {number} has {len(row)} columns; line 1 has {width}.")
    header, body = (cells[0], cells[1:]) if width > 1 else ([TEXT], cells)
    if len(body) != rows:
        raise DataError(f"{vectors} has {rows:,} rows, {name} {len(body):,}.")
    if len(set(header)) < width:
        raise DataError(f"{name} names a column twice: {', '.join(header)[:300]}.")
    columns = dict(zip(header, zip(*body, strict=True), strict=True))
    texts = columns.pop(TEXT if TEXT in columns else header[0])
    return texts, columns


def _lines(data: bytes, name: str) -> list[str]:
    lines = decode(data, name).replace("\r\n", "\n").split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def _parquet(data: bytes, name: str) -> Vectors:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(io.BytesIO(data))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(f"{name} is not a parquet file: {error}.") from None
    column = next((c for c in table.column_names if c.lower() in EMBEDDINGS), None)
    if column is None:
        raise DataError(
            f"{name} has no column of vectors; its columns are: {', '.join(table.column_names)[:300]}.",
            hint=f"It must be called {EMBEDDING}.",
        )
    rows = _listed(table.column(column).combine_chunks(), name, column)
    others = {
        c: tuple("" if cell is None else str(cell) for cell in table.column(c).to_pylist())
        for c in table.column_names
        if c != column
    }
    key = next((c for c in others if c.lower() == TEXT), None)
    return Vectors(rows, others.pop(key) if key else None, others, name)


def _listed(column: Any, name: str, called: str) -> NDArray[Any]:
    """(n, d) from an Arrow column of lists.

    Raises:
        DataError: A row that is empty, has another length than the first, or holds no numbers.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)):
        raise DataError(f"{name}: column {called!r} holds {kind}, not lists of numbers.")
    lengths = pc.list_value_length(column).fill_null(0).to_numpy(zero_copy_only=False)
    bad = np.flatnonzero((lengths != lengths[:1]) | (lengths == 0))
    if bad.size:
        raise DataError(
            f"{name}, row {bad[0]} (counted from 0) has {lengths[bad[0]]} numbers in column {called!r}; "
            f"row 0 has {lengths[0]}."
        )
    flat = column.flatten()
    if not (pa.types.is_integer(flat.type) or pa.types.is_floating(flat.type)):
        raise DataError(f"{name}: column {called!r} holds lists of {flat.type}, not of numbers.")
    numbers: NDArray[Any] = flat.to_numpy(zero_copy_only=False)  # a missing number becomes NaN
    return numbers.reshape(len(lengths), -1) if len(lengths) else numbers.reshape(0, 0)
