"""Whether an encoder takes a difference in length for a difference in meaning.

Two views of a sentence made by dropout alone always have one length, so length can give a positive away (Wu
et al. 2022, ESimCSE, arXiv:2109.04380, sec. 1). Here the place of a pair is set against the difference of its
lengths, for random pairs of sentences and for pairs that people scored. Places are percentiles, not cosines:
a training changes how far apart all cosines lie, and a slope in cosines would change with that alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.encoders.tokens import TextTokenizer
from simcse_core.errors import DataError
from simcse_core.metrics.sts import average_ranks

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
RESAMPLES = 400
LEVEL = 0.95
BLOCK_CELLS = 2_000_000  # weights held at once, 16 MB
BINS = (0, 1, 2, 3, 4, 6, 8, 11, 15)
"""Lower ends of the ranges of length differences whose means are drawn."""


@dataclass(frozen=True)
class Line:
    """A straight line through places against length differences.

    Attributes:
        slope: Places of a hundred per token of difference; 0 where length plays no part.
        intercept: Place at equal length.
        low: Lower end of the 95 % interval of the slope.
        high: Upper end.
        correlation: Rank correlation of place and difference, from -1 to 1.
    """

    slope: float
    intercept: float
    low: float
    high: float
    correlation: float

    @property
    def flat(self) -> bool:
        """Whether the interval of the slope holds 0."""
        return self.low <= 0 <= self.high


def token_counts(tokenizer: TextTokenizer, texts: Sequence[str]) -> Integers:
    """Sub-words of each text (n,), without the special tokens at its ends.

    Raises:
        DataError: As `TextTokenizer.plain_ids`.
    """
    return np.asarray([len(row) - 2 for row in tokenizer.plain_ids(texts)], dtype=np.int64)


def pair_up(count: int, pairs: int, *, seed: int = 0) -> Integers:
    """Random pairs of different rows, drawn with replacement.

    Args:
        count: Rows to draw from, n.
        pairs: How many pairs, p.
        seed: Draws them.

    Returns:
        (p, 2) numbers of rows.

    Raises:
        DataError: Fewer than two rows.
    """
    if count < 2:
        raise DataError(f"Pairs need two sentences or more; got {count}.")
    rng = np.random.default_rng(seed)
    left = rng.integers(0, count, size=pairs)
    return np.stack([left, (left + rng.integers(1, count, size=pairs)) % count], axis=1)


def places(values: ArrayLike) -> Floats:
    """Place of each value among all, (n,) -> (n,) in (0, 100); ties share theirs, and the mean is 50."""
    column = np.asarray(values, dtype=np.float64)
    return 100 * (average_ranks(column) - 0.5) / len(column)


def above_people(cosine: ArrayLike, gold: ArrayLike) -> Floats:
    """By how many places the cosine of a pair stands above what people gave it.

    Args:
        cosine: (n,) of scored pairs.
        gold: (n,) human scores.

    Returns:
        (n,) in (-100, 100), with mean 0: above 0 the encoder finds a pair more alike than people do.

    Raises:
        DataError: The columns differ in length.
    """
    a, b = np.asarray(cosine, dtype=np.float64), np.asarray(gold, dtype=np.float64)
    if a.shape != b.shape:
        raise DataError(f"Each pair needs a cosine and a score; got {a.shape} and {b.shape}.")
    return places(a) - places(b)


def fit_line(
    difference: ArrayLike,
    values: ArrayLike,
    ends: ArrayLike | None = None,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Line:
    """Least squares of places on length differences, with a percentile bootstrap of the slope.

    Pairs that share a sentence are not independent. Where their ends are given, sentences are resampled, and
    a pair counts as often as both its sentences were drawn, multiplied (the node bootstrap of Snijders and
    Borgatti 1999); otherwise pairs are.

    Args:
        difference: (p,) absolute differences in tokens.
        values: (p,) places.
        ends: (p, 2) numbers of the sentences of each pair.
        resamples: Number of resamples.
        seed: Draws them.

    Raises:
        DataError: Fewer than three pairs, columns of different length, or all differences equal.
    """
    x, y = np.asarray(difference, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if x.ndim != 1 or x.shape != y.shape or len(x) < 3:
        raise DataError(f"A line needs two columns of three pairs or more; got {x.shape} and {y.shape}.")
    if (x == x[0]).all():
        raise DataError("Every pair has the same difference in length.", hint="Give more varied sentences.")
    slope = _slopes(np.ones((1, len(x))), x, y)[0]
    drawn = _resampled(x, y, None if ends is None else np.asarray(ends, dtype=np.int64), resamples, seed)
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    ranks = np.corrcoef(average_ranks(x), average_ranks(y))[0, 1] if np.ptp(y) > 0 else 0.0
    intercept = y.mean() - slope * x.mean()
    return Line(float(slope), float(intercept), float(low), float(high), float(ranks))


def _resampled(x: Floats, y: Floats, ends: Integers | None, resamples: int, seed: int) -> Floats:
    """Slopes (resamples,) of resampled pairs; a resample in which no slope is defined is left out."""
    rng = np.random.default_rng(seed)
    count = len(x) if ends is None else int(ends.max()) + 1
    block = max(1, BLOCK_CELLS // len(x))
    found = []
    for start in range(0, resamples, block):
        drawn = rng.multinomial(count, np.full(count, 1 / count), size=min(block, resamples - start))
        weights = drawn if ends is None else drawn[:, ends[:, 0]] * drawn[:, ends[:, 1]]
        found.append(_slopes(weights.astype(np.float64), x, y))
    slopes = np.concatenate(found)
    return slopes[np.isfinite(slopes)]


def _slopes(weights: Floats, x: Floats, y: Floats) -> Floats:
    """Weighted least-squares slopes: weights (b, p) -> (b,); NaN where the differences do not vary."""
    total = weights.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        at_x, at_y = weights @ x / total, weights @ y / total
        spread = weights @ (x * x) / total - at_x**2
        common = weights @ (x * y) / total - at_x * at_y
        slopes: Floats = np.where(spread > 1e-12, common / spread, np.nan)
    return slopes


def bin_means(difference: ArrayLike, values: ArrayLike, bins: Sequence[int] = BINS) -> list[float | None]:
    """Mean place of the pairs of every range of length differences; None for a range without pairs.

    Args:
        difference: (p,) absolute differences.
        values: (p,) places.
        bins: Lower ends of the ranges, rising from 0; the last range has no upper end.
    """
    which = np.searchsorted(np.asarray(bins), np.asarray(difference), side="right") - 1
    column = np.asarray(values, dtype=np.float64)
    return [float(column[which == b].mean()) if (which == b).any() else None for b in range(len(bins))]


def bin_centres(difference: ArrayLike, bins: Sequence[int] = BINS) -> list[float | None]:
    """Mean difference of the pairs of every range; None for a range without pairs."""
    return bin_means(difference, difference, bins)
