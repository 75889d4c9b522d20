"""Files and uploads as tables of cells: five formats, one encoding, every error with its line.

A table keeps the line number of every row, so that whoever finds a bad cell can say where it is.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simcse_core.errors import DataError

FORMATS = (".txt", ".csv", ".tsv", ".jsonl", ".parquet")
UNQUOTED = (
    {"score", "sentence1", "sentence2"},
    {"anchor", "positive", "negative"},
    {"anchor", "positive", "hard_negative"},
)
TEXT = "sentence"  # the one column of a plain text file

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_WELL_QUOTED = re.compile(r'"(?:[^"]|"")*"')

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Table:
    """Cells of one file.

    Attributes:
        name: File name, for messages.
        columns: Column names in file order; a text file has the one column "sentence".
        rows: One tuple of cells a row, as wide as `columns`.
        lines: Line on which each row starts, from 1; for parquet the row number.
        blank: Number of blank lines skipped.
    """

    name: str
    columns: tuple[str, ...]
    rows: Rows
    lines: list[int]
    blank: int = 0

    def index(self, column: str) -> int:
        """Position of `column`, compared without case.

        Raises:
            DataError: No such column; names those there are.
        """
        wanted = column.strip().lower()
        for i, name in enumerate(self.columns):
            if name.lower() == wanted:
                return i
        raise DataError(
            f"{self.name} has no column {column!r}.", hint=f"Its columns are: {', '.join(self.columns)}."
        )

    def has(self, column: str) -> bool:
        """Whether there is a column of that name, compared without case."""
        return column in {name.lower() for name in self.columns}

    def texts(self, column: str) -> list[str]:
        """Cleaned cells of a text column.

        Raises:
            DataError: A cell is empty or not text; names file, row and column.
        """
        i = self.index(column)
        found = []
        for row, line in zip(self.rows, self.lines, strict=True):
            text = clean(row[i]) if isinstance(row[i], str) else None
            if not text:
                what = "is empty" if row[i] is None or text == "" else f"is {row[i]!r}, not text"
                raise DataError(f"{self.name}, row {line}, column {column!r} {what}.")
            found.append(text)
        return found

    def numbers(self, column: str) -> list[float]:
        """Cells of a numeric column.

        Raises:
            DataError: A cell is empty, not a number, NaN or infinite; names file, row and column.
        """
        i = self.index(column)
        found = []
        for row, line in zip(self.rows, self.lines, strict=True):
            try:
                number = float(row[i])
            except (TypeError, ValueError):
                number = float("nan")
            if not abs(number) < float("inf"):
                given = "is empty" if row[i] is None or str(row[i]).strip() == "" else f"is {row[i]!r}"
                raise DataError(
                    f"{self.name}, row {line}, column {column!r} {given}.", hint="A finite number is needed."
                )
            found.append(number)
        return found


def clean(text: str) -> str:
    """`text` without surrounding white space; a run of control characters becomes one space.

    Half a surrogate pair, which no tokenizer accepts, becomes U+FFFD.
    """
    if text.isprintable():
        return text.strip()
    return _SURROGATE.sub("\ufffd", _CONTROL.sub(" ", text)).strip()


def open_table(source: Path | str | bytes | Table, *, name: str | None = None) -> Table:
    """Read a file or the bytes of an upload.

    Args:
        source: Path, or the content itself; a Table is returned as it is.
        name: File name of an upload; its ending says the format (text where there is none).
            `.xz` and `.gz` after it are unpacked.

    Raises:
        DataError: Missing file, unknown ending, not UTF-8, or a broken row; says where.
    """
    if isinstance(source, Table):
        return source
    if isinstance(source, bytes):
        name, data = name or "upload.txt", source
    else:
        name, data = name or Path(source).name, _read_bytes(Path(source))
    stem = name.lower()
    if stem.endswith((".xz", ".gz")):
        data, stem = _unpack(data, name), stem[:-3]
    ending = Path(stem).suffix or ".txt"
    readers: dict[str, Callable[[bytes, str], Table]] = {
        ".txt": _text, ".csv": _delimited, ".tsv": _delimited, ".jsonl": _json_lines, ".parquet": _parquet,
    }  # fmt: skip
    if ending not in readers:
        raise DataError(f"{name} ends in {ending!r}.", hint=f"Formats read: {', '.join(FORMATS)}.")
    return readers[ending](data, name)


def decode(data: bytes, name: str) -> str:
    """UTF-8 with or without a byte-order mark.

    Raises:
        DataError: Any other encoding; names the first bad byte, its position from 0 and its line.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise DataError(
            f"{name} is UTF-16, not UTF-8 (byte 0x{data[0]:02x} at position 0).", hint="Save it as UTF-8."
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = error.start + (len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0)
        line = data.count(b"\n", 0, at) + 1
        raise DataError(
            f"{name} is not UTF-8: byte 0x{data[at]:02x} at position {at} (line {line}).",
            hint="Save it as UTF-8.",
        ) from None


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"There is no file {path}.") from None
    except IsADirectoryError:
        raise DataError(f"{path} is a folder, not a file.") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from None


def _unpack(data: bytes, name: str) -> bytes:
    try:
        return lzma.decompress(data) if name.lower().endswith(".xz") else gzip.decompress(data)
    except (lzma.LZMAError, OSError, EOFError, zlib.error) as error:
        raise DataError(f"{name} cannot be unpacked: {error}.") from None


def _lines(data: bytes, name: str) -> list[str]:
    """Lines ended by LF, CRLF or CR, and by nothing else (`splitlines` breaks at U+2028 too)."""
    return decode(data, name).replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _text(data: bytes, name: str) -> Table:
    lines = _lines(data, name)
    if lines[-1] == "":
        lines.pop()
    kept = [(number, text) for number, line in enumerate(lines, 1) if (text := clean(line))]
    return Table(name, (TEXT,), [(text,) for _, text in kept], [n for n, _ in kept], len(lines) - len(kept))


def _delimited(data: bytes, name: str) -> Table:
    comma = ".csv" in name.lower()
    records = _quoted(data, name, ",") if comma else _tab_separated(data, name)
    header: tuple[str, ...] = ()
    rows, lines, blank = [], [], 0
    for line, cells in records:
        if not any(cell.strip() for cell in cells):
            blank += 1
        elif not header:
            header = tuple(clean(cell) for cell in cells)
        elif len(cells) != len(header):
            raise DataError(
                f"{name}, row {line} has {len(cells)} columns; the first line names {len(header)}.",
                hint=f"Columns: {', '.join(header)}.",
            )
        else:
            rows.append(tuple(cells))
            lines.append(line)
    return Table(name, header, rows, lines, blank)


def _tab_separated(data: bytes, name: str) -> Iterator[tuple[int, list[str]]]:
    """Quotes are text, unless the header is not one of ours and every quoted cell is well formed."""
    lines = _lines(data, name)
    if lines[-1] == "":
        lines.pop()
    cells = [line.split("\t") for line in lines]
    header = {cell.strip().lower() for cell in cells[0]} if cells else set()
    if not any(known <= header for known in UNQUOTED):
        suspects = [cell for row in cells for cell in row if cell.startswith('"')]
        if suspects and all(_WELL_QUOTED.fullmatch(cell) for cell in suspects):
            return _quoted(data, name, "\t")
    return enumerate(cells, 1)


def _quoted(data: bytes, name: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    csv.field_size_limit(max(csv.field_size_limit(), len(data) + 1))  # only ever raised: a cell may be long
    reader = csv.reader(io.StringIO(decode(data, name), newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(
            f"{name}, row {line} is not well-formed: {error}.", hint="Check its quotes."
        ) from None


def _json_lines(data: bytes, name: str) -> Table:
    columns: dict[str, None] = {}
    records, numbers, blank = [], [], 0
    lines = _lines(data, name)
    if lines[-1] == "":
        lines.pop()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            blank += 1
            continue
        try:
            record = json.loads(line)
        except ValueError as error:
            raise DataError(f"{name}, row {number} is not JSON: {error}.") from None
        record = {TEXT: record} if isinstance(record, str) else record
        if not isinstance(record, dict):
            raise DataError(f"{name}, row {number} is neither an object nor a string.")
        columns.update(dict.fromkeys(record))
        records.append(record)
        numbers.append(number)
    rows = [tuple(record.get(column) for column in columns) for record in records]
    return Table(name, tuple(columns), rows, numbers, blank)


def _parquet(data: bytes, name: str) -> Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(io.BytesIO(data))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(f"{name} is not a parquet file: {error}.") from None
    rows = list(zip(*(column.to_pylist() for column in table.columns), strict=True))
    return Table(name, tuple(map(str, table.column_names)), rows, list(range(1, len(rows) + 1)))
