"""What a line of data is: a pair, a scored pair, a triplet; and scored pairs as columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

from simcse_core.errors import DataError


@dataclass(frozen=True, slots=True)
class Pair:
    """Two sentences that mean the same, or that are compared."""

    first: str
    second: str


@dataclass(frozen=True, slots=True)
class ScoredPair:
    """Two sentences and how alike people found them; the scale is the file's own (0 to 5 for STS)."""

    first: str
    second: str
    score: float


@dataclass(frozen=True, slots=True)
class Triplet:
    """A sentence, one that follows from it, and one that contradicts it (a hard negative)."""

    anchor: str
    positive: str
    negative: str


@dataclass(frozen=True, eq=False)
class ScoredPairs(Sequence[ScoredPair]):
    """Scored pairs as columns of equal length n; also a sequence of rows.

    Attributes:
        first: n sentences.
        second: n sentences; row i is compared with row i of `first`.
        score: (n,) float64, finite, on the file's own scale.
        labels: What each pair tests (its phenomenon), or None.
        name: Where the pairs come from, for messages and captions.
    """

    first: tuple[str, ...]
    second: tuple[str, ...]
    score: NDArray[np.float64]
    labels: tuple[str, ...] | None = None
    name: str = ""

    def __post_init__(self) -> None:
        """Refuse columns of unequal length and non-finite scores.

        Raises:
            DataError: Names the column or the row.
        """
        score = np.asarray(self.score, dtype=np.float64)
        object.__setattr__(self, "score", score)
        lengths = {"first": len(self.first), "second": len(self.second), "score": score.size}
        if self.labels is not None:
            lengths["labels"] = len(self.labels)
        if score.ndim != 1 or len(set(lengths.values())) > 1:
            raise DataError(f"{self.name or 'Scored pairs'}: columns differ in length: {lengths}.")
        bad = np.flatnonzero(~np.isfinite(score))
        if bad.size:
            raise DataError(
                f"{self.name or 'Scored pairs'}: the score of pair {bad[0] + 1} is {score[bad[0]]}."
            )

    def __len__(self) -> int:
        """Number of pairs."""
        return len(self.first)

    def __iter__(self) -> Iterator[ScoredPair]:
        """Row by row."""
        return (ScoredPair(*row) for row in zip(self.first, self.second, self.score.tolist(), strict=True))

    @overload
    def __getitem__(self, index: int) -> ScoredPair: ...

    @overload
    def __getitem__(self, index: slice) -> ScoredPairs: ...

    def __getitem__(self, index: int | slice) -> ScoredPair | ScoredPairs:
        """One row, or the rows of a slice."""
        if isinstance(index, slice):
            return self.take(range(len(self))[index])
        return ScoredPair(self.first[index], self.second[index], float(self.score[index]))

    def sentences(self) -> list[str]:
        """Every distinct sentence once, in order of first appearance."""
        return list(dict.fromkeys(text for row in zip(self.first, self.second, strict=True) for text in row))

    def take(self, rows: Sequence[int] | NDArray[np.integer] | NDArray[np.bool_]) -> ScoredPairs:
        """The given rows (indices, or a mask of length n), in that order."""
        chosen = np.arange(len(self))[np.asarray(rows)].tolist() if len(rows) else []
        labels = None if self.labels is None else tuple(self.labels[i] for i in chosen)
        first, second = (tuple(column[i] for i in chosen) for column in (self.first, self.second))
        return ScoredPairs(first, second, self.score[chosen], labels, self.name)


def join(parts: Sequence[ScoredPairs], name: str) -> ScoredPairs:
    """All pairs of `parts` in order; labels are kept where every part has them."""
    labels = [p.labels for p in parts]
    return ScoredPairs(
        tuple(text for p in parts for text in p.first),
        tuple(text for p in parts for text in p.second),
        np.concatenate([p.score for p in parts]) if parts else np.empty(0),
        None if any(c is None for c in labels) else tuple(label for c in labels for label in c or ()),
        name,
    )
