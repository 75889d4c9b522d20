"""Exact nearest rows by cosine, in memory: one matrix product, no approximation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.errors import DataError

CHUNK = 16_384  # rows multiplied or normalised together
BLOCK = 8_000_000  # cosines of a block of queries held at once: 32 MB


@dataclass(frozen=True)
class Hits:
    """Nearest rows of one query, best first.

    Attributes:
        rows: (k,) row numbers; of equal cosines the lower row comes first.
        cosines: (k,) in [-1, 1].
        above: How many rows reach the threshold, those beyond k included.
    """

    rows: NDArray[np.int64]
    cosines: NDArray[np.float32]
    above: int


class CosineIndex:
    """Rows of unit length, (n, d) float32; answers are exact.

    Memory: 4nd bytes, 154 MB for 100,000 rows of 384; a query adds 4n.
    """

    def __init__(self, embeddings: ArrayLike, *, copy: bool = True) -> None:
        """Normalise and keep the rows.

        Args:
            embeddings: (n, d), any length, float16 or float32 (others are converted); a row of zeros has
                cosine 0 with everything.
            copy: False normalises a float32 array in place and keeps it: no second copy in memory.

        Raises:
            DataError: Wrong shape, or a row that is not finite; names the row.
        """
        given = np.asarray(embeddings)
        if given.ndim != 2 or given.shape[1] == 0:
            raise DataError(f"An index needs rows of embeddings (n, d); got shape {given.shape}.")
        rows = np.array(given, dtype=np.float32, order="C", copy=True if copy else None)
        for start in range(0, len(rows), CHUNK):
            part = rows[start : start + CHUNK]
            bad = np.flatnonzero(~np.isfinite(part).all(axis=1))
            if bad.size:
                raise DataError(f"Row {start + bad[0]} (counted from 0) holds NaN or infinity.")
            _normalise(part)
        self._rows = rows

    @property
    def size(self) -> int:
        """Number of rows, n."""
        return len(self._rows)

    @property
    def dimension(self) -> int:
        """Numbers in a row, d."""
        return int(self._rows.shape[1])

    @property
    def nbytes(self) -> int:
        """Memory of the rows, bytes."""
        return int(self._rows.nbytes)

    def search(self, queries: ArrayLike, *, top: int = 10, threshold: float = -1.0) -> list[Hits]:
        """Nearest rows of each query.

        Args:
            queries: (q, d), any length; a query of zeros has cosine 0 with everything.
            top: At most this many rows a query, at least 1.
            threshold: Only rows with this cosine or a higher one, in [-1, 1].

        Raises:
            DataError: Wrong shape, NaN, or `top` below 1.
        """
        asked = np.array(np.atleast_2d(np.asarray(queries)), dtype=np.float32, order="C")  # (q, d)
        if asked.ndim != 2 or asked.shape[1] != self.dimension or not np.isfinite(asked).all():
            raise DataError(
                f"Queries must be finite rows of {self.dimension} numbers; got shape {asked.shape}."
            )
        if top < 1:
            raise DataError(f"top is {top}; it must be 1 or more.")
        _normalise(asked)
        block = max(1, BLOCK // max(self.size, 1))
        found: list[Hits] = []
        for start in range(0, len(asked), block):
            cosines = np.clip(asked[start : start + block] @ self._rows.T, -1.0, 1.0)  # (b, n)
            found.extend(_best(one, top, threshold) for one in cosines)
        return found


def _normalise(rows: NDArray[np.float32]) -> None:
    """Divide each row by its length, in place; by its largest value first, so that squares stay finite."""
    largest = np.abs(rows).max(axis=1, keepdims=True, initial=0.0)
    np.divide(rows, largest, out=rows, where=largest > 0)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    np.divide(rows, lengths, out=rows, where=lengths > 0)


def _best(cosines: NDArray[np.float32], top: int, threshold: float) -> Hits:
    """The `top` largest of (n,), equal ones in order of their rows."""
    floor = np.float32(threshold)
    above = int(np.count_nonzero(cosines >= floor))
    if top < len(cosines):
        floor = max(floor, np.partition(cosines, -top)[-top])  # the top-th largest
    rows = np.flatnonzero(cosines >= floor)
    rows = rows[np.argsort(-cosines[rows], kind="stable")][:top]
    return Hits(rows, cosines[rows], above)
