"""Texts sorted by length and cut into groups that waste next to no padding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Bucket:
    """Neighbouring texts of a chunk that are computed together, padded to the longest of them.

    Attributes:
        first: Index of its first text in the chunk.
        count: Number of texts, B.
        length: Tokens of its longest text, T.
        start: Row of its first token among the chunk's padded rows; it holds `count * length` rows.
        exact: Whether all texts have the same length, so that no mask is needed.
    """

    first: int
    count: int
    length: int
    start: int
    exact: bool

    @property
    def stop(self) -> int:
        """Row after its last token."""
        return self.start + self.count * self.length


def chunks(lengths: NDArray[np.int64], *, tokens: int) -> list[slice]:
    """Cut texts, sorted by rising length, into slices of at most `tokens` tokens (one text at least)."""
    found, begin, total = [], 0, 0
    for index, length in enumerate(lengths.tolist()):
        if index > begin and total + length > tokens:
            found.append(slice(begin, index))
            begin, total = index, 0
        total += length
    if begin < len(lengths):
        found.append(slice(begin, len(lengths)))
    return found


def buckets(lengths: NDArray[np.int64], *, overhead: int) -> list[Bucket]:
    """Group texts, sorted by rising length, so that padding plus overhead is least.

    Dynamic programme over the distinct lengths: a bucket costs `count * length + overhead` tokens.

    Args:
        lengths: (B,) tokens of each text, rising.
        overhead: What one more bucket costs, in tokens.
    """
    distinct, counts = np.unique(lengths, return_counts=True)  # (D,), (D,)
    texts = np.concatenate([[0], np.cumsum(counts)])  # texts before each distinct length
    best = np.zeros(len(distinct) + 1)
    came_from = np.zeros(len(distinct) + 1, dtype=np.int64)
    for end in range(1, len(distinct) + 1):
        costs = best[:end] + (texts[end] - texts[:end]) * distinct[end - 1] + overhead
        came_from[end] = int(np.argmin(costs))
        best[end] = costs[came_from[end]]
    cuts, end = [], len(distinct)
    while end > 0:
        cuts.append((int(came_from[end]), end))
        end = int(came_from[end])
    found, start = [], 0
    for begin, end in reversed(cuts):
        count, length = int(texts[end] - texts[begin]), int(distinct[end - 1])
        found.append(Bucket(int(texts[begin]), count, length, start, exact=end - begin == 1))
        start += count * length
    return found
