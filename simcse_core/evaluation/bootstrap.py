"""How sure a rank correlation is: percentile bootstrap over pairs, without sorting again.

A resample is a count for every pair. With the pairs sorted once, the average rank of a value is the number of
drawn pairs below it plus half of those equal to it, so a resample costs two cumulative sums and no sort; the
result is exactly Spearman's correlation of the resampled pairs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.metrics.sts import checked_scores, spearman

BLOCK_CELLS = 500_000  # counts held at once, 4 MB: fits the cache


@dataclass(frozen=True)
class Difference:
    """Spearman of one model minus that of another on the same pairs.

    Attributes:
        value: Difference x 100 on all pairs.
        low: Lower end of the 95 % interval.
        high: Upper end.
        p: Two-sided: twice the share of resamples on the far side of 0, at least 1 / (resamples + 1).
    """

    value: float
    low: float
    high: float
    p: float

    @classmethod
    def of(cls, value: float, draws: NDArray[np.float64]) -> Self:
        """From the difference on everything and on resamples (r,); a resample where it is NaN is left out."""
        kept = draws[~np.isnan(draws)]
        tail = min(int((kept <= 0).sum()), int((kept >= 0).sum()))
        return cls(value, *interval(kept), min(1.0, 2 * (tail + 1) / (len(kept) + 1)))


def bootstrap_spearman(
    cosine: ArrayLike, gold: ArrayLike, *, resamples: int = 1000, seed: int = 0
) -> NDArray[np.float64]:
    """Spearman x 100 of `resamples` resamples of the pairs, drawn with replacement.

    Args:
        cosine: (n,) similarities.
        gold: (n,) human scores.
        resamples: Number of resamples.
        seed: Draws them; the same seed and n draw the same pairs, whatever the scores.

    Returns:
        (resamples,); NaN where one side is constant in a resample, which happens in tiny samples only.

    Raises:
        DataError: As `spearman`.
    """
    a, b = checked_scores(cosine, gold)
    rankers = (_Ranker(a), _Ranker(b))
    return np.concatenate([_correlate(c, *rankers) for c in _counts(len(a), resamples, seed)])


def interval(values: NDArray[np.float64], *, level: float = 0.95) -> tuple[float, float]:
    """Percentile interval of bootstrap values, NaN left out; (nan, nan) if there are no others."""
    kept = values[~np.isnan(values)]
    if not kept.size:
        return float("nan"), float("nan")
    low, high = np.quantile(kept, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def paired_bootstrap(
    first: ArrayLike, second: ArrayLike, gold: ArrayLike, *, resamples: int = 1000, seed: int = 0
) -> Difference:
    """Whether the first model agrees with people better than the second: both on the same resampled pairs.

    Args:
        first: (n,) cosines of one model.
        second: (n,) cosines of the other, for the same pairs.
        gold: (n,) human scores.
        resamples: Number of resamples.
        seed: Draws them.

    Raises:
        DataError: As `spearman`, for either model.
    """
    value = spearman(first, gold) - spearman(second, gold)
    one, other = (bootstrap_spearman(c, gold, resamples=resamples, seed=seed) for c in (first, second))
    return Difference.of(value, one - other)


class _Ranker:
    """Average ranks of one column under any counts of its rows."""

    def __init__(self, values: NDArray[np.float64]) -> None:
        self.order = np.argsort(values, kind="stable")
        ordered = values[self.order]
        self.starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])  # (g,) first row of each tie
        self.place = np.empty(len(values), dtype=np.intp)  # row -> its tie
        self.place[self.order] = np.repeat(
            np.arange(len(self.starts)), np.diff(np.r_[self.starts, len(values)])
        )

    def centred(self, counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Rank of every row minus the mean rank, (r, n) counts -> (r, n)."""
        drawn = np.add.reduceat(counts[:, self.order], self.starts, axis=1)  # (r, g)
        ranks = np.cumsum(drawn, axis=1) - (drawn - 1) / 2
        centred: NDArray[np.float64] = (ranks - (counts.shape[1] + 1) / 2)[:, self.place]
        return centred


def _counts(n: int, resamples: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """Blocks (r, n) of how often each pair was drawn; every row sums to n."""
    rng = np.random.default_rng(seed)
    step = max(1, BLOCK_CELLS // n)
    for start in range(0, resamples, step):
        r = min(step, resamples - start)
        drawn = rng.integers(0, n, size=(r, n)) + np.arange(r)[:, None] * n
        yield np.bincount(drawn.ravel(), minlength=r * n).reshape(r, n).astype(np.float64)


def _correlate(counts: NDArray[np.float64], a: _Ranker, b: _Ranker) -> NDArray[np.float64]:
    x, y = a.centred(counts), b.centred(counts)
    weighted = counts * x
    covariance = np.einsum("ij,ij->i", weighted, y)
    variance = np.einsum("ij,ij->i", weighted, x) * np.einsum("ij,ij,ij->i", counts, y, y)
    found = np.full(len(counts), np.nan)
    usable = variance > 0
    found[usable] = 100 * covariance[usable] / np.sqrt(variance[usable])
    return found
