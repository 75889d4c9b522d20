"""A visitor's file as sentences to search in: a column is chosen, empty rows and repeats are dropped."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import streamlit as st

from pages.ui.text import t
from simcse_core.data.readers import SENTENCE
from simcse_core.data.tables import Table, clean, open_table
from simcse_core.errors import DataError

FORMATS = ["txt", "csv", "tsv", "jsonl", "parquet"]
MEGABYTES = 32
MOST = 100_000
LONGEST = 2_000  # characters of a row


@dataclass(frozen=True)
class Corpus:
    """Sentences to search in.

    Attributes:
        texts: Distinct, in the order of the file.
        places: Subject or line of each.
        skipped: Rows without a text.
        repeated: Rows whose text came before.
        beyond: Rows after the first `MOST` texts.
    """

    texts: tuple[str, ...]
    places: tuple[str, ...]
    skipped: int = 0
    repeated: int = 0
    beyond: int = 0
    place: str = "line"


@st.cache_resource(max_entries=3, show_spinner=False)
def _table(digest: str, name: str, _data: bytes) -> Table:
    return open_table(_data, name=name)


@st.cache_resource(max_entries=3, show_spinner=False)
def _corpus(digest: str, column: str, _table: Table) -> Corpus:
    return corpus_of(_table, column)


def corpus_of(table: Table, column: str) -> Corpus:
    """The texts of a column; other values than text are written out.

    Raises:
        DataError: No such column, or no text in it.
    """
    at = table.index(column)
    places: dict[str, str] = {}
    skipped = repeated = beyond = 0
    for row, line in zip(table.rows, table.lines, strict=True):
        text = clean(str(row[at]))[:LONGEST] if row[at] is not None else ""
        if not text:
            skipped += 1
        elif text in places:
            repeated += 1
        elif len(places) >= MOST:
            beyond += 1
        else:
            places[text] = str(line)
    if not places:
        raise DataError(
            f"{table.name} holds no text in the column {column!r}.", hint="Choose another column."
        )
    return Corpus(tuple(places), tuple(places.values()), skipped + table.blank, repeated, beyond)


def guess_column(table: Table) -> str:
    """The column that most likely holds the sentences: a known name, else the one with the longest texts."""
    for name in SENTENCE:
        if table.has(name):
            return table.columns[table.index(name)]
    lengths = [sum(len(str(row[i] or "")) for row in table.rows[:50]) for i in range(len(table.columns))]
    return table.columns[lengths.index(max(lengths))]


def upload() -> Corpus | None:
    """The uploader with its limits, the choice of a column, what was left out; None before a file is given.

    Raises:
        DataError: The file cannot be read; the message says where.
    """
    file = st.file_uploader(
        t("pairs.upload"), FORMATS, key="pr_file", max_upload_size=MEGABYTES, help=t("pairs.upload_help")
    )
    st.caption(t("pairs.upload_limits", most=f"{MOST:,}", megabytes=MEGABYTES, longest=f"{LONGEST:,}"))
    if file is None:
        return None
    data = file.getvalue()
    digest = hashlib.sha256(data).hexdigest()
    table = _table(digest, file.name, data)
    if not table.columns or not table.rows:
        raise DataError(f"{file.name} is empty.", hint=t("pairs.upload_empty"))
    column = table.columns[0]
    if len(table.columns) > 1:
        guess = guess_column(table)
        column = st.selectbox(
            t("pairs.column"), table.columns, table.columns.index(guess), key=f"pr-column-{digest[:8]}",
            help=t("pairs.column_help"),
        )  # fmt: skip
    corpus = _corpus(digest, column, table)
    st.caption(_left_out(corpus))
    return corpus


def _left_out(corpus: Corpus) -> str:
    parts = [t("pairs.upload_read", count=f"{len(corpus.texts):,}")]
    for name in ("skipped", "repeated", "beyond"):
        count = getattr(corpus, name)
        if count:
            parts.append(t(f"pairs.upload_left.{name}", count=f"{count:,}"))
    return " ".join(parts)
