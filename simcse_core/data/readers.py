"""Files and uploads as records: sentences, pairs, scored pairs, triplets.

Columns are found by name, compared without case; the names understood are the tuples below, in order of
preference. A path, the bytes of an upload (with its file name) or an opened `Table` will do.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import numpy as np

from simcse_core.data.records import Pair, ScoredPair, ScoredPairs, Triplet
from simcse_core.data.tables import Table, open_table
from simcse_core.errors import DataError

SENTENCE = ("sentence", "sentences", "text", "texts", "content")
PAIR = (
    ("sentence1", "sentence2"),
    ("sentence_a", "sentence_b"),
    ("sent0", "sent1"),
    ("first", "second"),
    ("text1", "text2"),
    ("question1", "question2"),
    ("anchor", "positive"),
    ("query", "positive"),
    ("premise", "hypothesis"),
)
SCORE = ("score", "similarity_score", "similarity", "relatedness_score", "gold", "label")
TRIPLE = (
    ("anchor", "positive", "negative"),
    ("anchor", "positive", "hard_negative"),
    ("sent0", "sent1", "hard_neg"),
    ("query", "positive", "negative"),
)
LABEL = "phenomenon"

Source = Path | str | bytes | Table
Record = TypeVar("Record")


def read_sentences(source: Source, *, column: str | None = None, name: str | None = None) -> list[str]:
    """One sentence a line of text, or a row of a table; blank lines are skipped.

    Args:
        source: Path, bytes of an upload, or a table from `open_table` (which also counts blank lines).
        column: Column of a table; without it the only column, or one called sentence or text.
        name: File name of an upload.

    Raises:
        DataError: Unreadable file, no such column, an empty cell, or no sentence at all.
    """
    table = open_table(source, name=name)
    if column is None:
        column = (
            table.columns[0]
            if len(table.columns) == 1
            else _only(table, [(c,) for c in SENTENCE], "sentences")[0]
        )
    return _filled(table, table.texts(column), "sentence")


def read_pairs(source: Source, *, name: str | None = None) -> list[Pair]:
    """Pairs of sentences from a table.

    Raises:
        DataError: Unreadable file, columns missing, an empty cell, or no row at all.
    """
    table = open_table(source, name=name)
    first, second = _only(table, list(PAIR), "pairs")
    return _filled(table, list(map(Pair, table.texts(first), table.texts(second))), "pair")


def read_scored_pairs(source: Source, *, name: str | None = None) -> ScoredPairs:
    """Pairs with a score from a table; a column `phenomenon` becomes the labels.

    Raises:
        DataError: Unreadable file, columns missing, an empty text, a score that is not finite, or no row.
    """
    table = open_table(source, name=name)
    first, second = _only(table, list(PAIR), "scored pairs")
    (score,) = _only(table, [(c,) for c in SCORE], "scored pairs")
    labels = tuple(table.texts(LABEL)) if table.has(LABEL) else None
    scores = np.array(table.numbers(score), dtype=np.float64)
    texts = tuple(table.texts(first)), tuple(table.texts(second))
    _filled(table, list(texts[0]), "pair")
    return ScoredPairs(*texts, scores, labels, table.name)


def read_triples(source: Source, *, name: str | None = None) -> list[Triplet]:
    """Anchor, positive and hard negative from a table.

    Raises:
        DataError: Unreadable file, columns missing, an empty cell, or no row at all.
    """
    table = open_table(source, name=name)
    columns = _only(table, list(TRIPLE), "triples")
    return _filled(table, list(map(Triplet, *(table.texts(c) for c in columns))), "triple")


def read_training(
    source: Source, *, name: str | None = None
) -> list[str] | list[Pair] | list[Triplet] | list[ScoredPair]:
    """Training records of whichever kind the columns name: triples, else scored pairs, pairs, sentences.

    Raises:
        DataError: As the reader of that kind; or no known columns.
    """
    table = open_table(source, name=name)
    if _match(table, list(TRIPLE)):
        return read_triples(table)
    if _match(table, list(PAIR)):
        scored = _match(table, [(c,) for c in SCORE])
        return list(read_scored_pairs(table)) if scored else read_pairs(table)
    return read_sentences(table)


def _match(table: Table, alternatives: list[tuple[str, ...]]) -> tuple[str, ...] | None:
    return next((names for names in alternatives if all(table.has(n) for n in names)), None)


def _only(table: Table, alternatives: list[tuple[str, ...]], what: str) -> tuple[str, ...]:
    """The first alternative whose columns are all there."""
    found = _match(table, alternatives)
    if found is not None:
        return found
    if not table.columns:
        raise DataError(f"{table.name} is empty.")
    known = " or ".join(", ".join(names) for names in alternatives[:4])
    raise DataError(
        f"{table.name} has no columns for {what}; its columns are: {', '.join(table.columns)[:300]}.",
        hint=f"Its first line must name them, for example {known}.",
    )


def _filled(table: Table, records: list[Record], what: str) -> list[Record]:
    if not records:
        raise DataError(f"{table.name} holds no {what}.")
    return records
