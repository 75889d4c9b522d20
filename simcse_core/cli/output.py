"""What the commands share: tables, JSON, progress on a terminal, silence in a pipe."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from simcse_core.errors import DataError

Progress = Callable[[int, int | None], None]
SENTENCES = "FILE|NAME|-"
SENTENCES_HELP = "one sentence a line, a table, or a data set of sentences (`list datasets`)"


def say(text: str = "") -> None:
    """One line on standard output."""
    sys.stdout.write(f"{text}\n")


def print_json(value: Any) -> None:
    """Indented JSON on standard output."""
    say(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def write_json_file(path: str, value: Any) -> None:
    """Indented JSON in a file.

    Raises:
        DataError: The file cannot be written.
    """
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n"
    with writing(path):
        Path(path).write_text(text, encoding="utf-8")


@contextmanager
def writing(path: str) -> Iterator[None]:
    """Turn a failed write into an error that names the file."""
    try:
        yield
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror or error}.") from None


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Columns as wide as their content, or folded where a terminal is narrower; numbers to the right."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(len(r[i]) for r in [list(head), *cells]) for i in range(len(head))]
    right = [bool(rows) and all(isinstance(r[i], (int, float)) for r in rows) for i in range(len(head))]
    if sys.stdout.isatty() and sum(widths) + 2 * len(widths) > shutil.get_terminal_size().columns:
        _folded_table(head, cells, right)
        return
    for row in [list(head), ["-" * w for w in widths], *cells]:
        columns = zip(row, widths, right, strict=True)
        say("  ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in columns).rstrip())


def _folded_table(head: Sequence[str], cells: Sequence[Sequence[str]], right: Sequence[bool]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=box.SIMPLE, padding=(0, 1), show_lines=False)
    for place, (name, number) in enumerate(zip(head, right, strict=True)):
        grid.add_column(
            name, justify="right" if number else "left", overflow="fold", no_wrap=place == 0
        )  # the first column names its row and stays whole
    for row in cells:
        grid.add_row(*map(Text, row))
    Console(file=sys.stdout).print(grid)


def _cell(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


@contextmanager
def progress(label: str, unit: str = "sentences") -> Iterator[Progress | None]:
    """A progress bar on a terminal; None, hence silence, when standard error is piped."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn(label), BarColumn(), MofNCompleteColumn(), TextColumn(unit), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def read_input(name: str) -> list[str]:
    """Sentences of a file, of a data set by its name, or of standard input for `-`.

    Args:
        name: A file of one sentence a line or a table; a file goes before a data set of the same name.

    Raises:
        DataError: The input is empty or cannot be read.
    """
    from simcse_core.data.datasets import datasets, load_dataset_records
    from simcse_core.data.readers import read_sentences

    if name == "-":
        return read_sentences(sys.stdin.buffer.read(), name="standard input")
    plain = [n for n in datasets if datasets.info(n).traits["kind"] == "sentences"]
    if Path(name).exists():
        return read_sentences(Path(name))
    if name in plain:
        return [str(text) for text in load_dataset_records(name)]
    raise DataError(
        f"There is no file {name}.", hint=f"Give a file, - for standard input, or one of {', '.join(plain)}."
    )
