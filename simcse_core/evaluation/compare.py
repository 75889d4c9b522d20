"""Two objectives on the same scored pairs: how far they part alike from unlike, and whether one is better.

NumPy alone, so that a page can use it before any library for training is loaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.errors import DataError
from simcse_core.evaluation.bootstrap import Difference, bootstrap_spearman
from simcse_core.metrics.sts import spearman

POSITIVE, NEGATIVE = 4.0, 1.0
"""Gold score from which a pair counts as positive, and up to which as negative; in between it is neither."""
SEED_DRAWS = 1  # the second number of the generator that resamples training seeds


@dataclass(frozen=True, eq=False)
class PairCosines:
    """What an encoder says about a set of scored pairs.

    Attributes:
        scored: (n,) cosine of every pair, in the order of the set.
        random: (r,) cosines of random pairs of its sentences.
    """

    scored: NDArray[np.float64]
    random: NDArray[np.float64]


def positives(gold: ArrayLike) -> NDArray[np.bool_]:
    """(n,) which pairs people scored at least `POSITIVE`."""
    return np.asarray(np.asarray(gold, dtype=np.float64) >= POSITIVE, dtype=np.bool_)


def negatives(gold: ArrayLike) -> NDArray[np.bool_]:
    """(n,) which pairs people scored at most `NEGATIVE`."""
    return np.asarray(np.asarray(gold, dtype=np.float64) <= NEGATIVE, dtype=np.bool_)


def auc(alike: ArrayLike, unlike: ArrayLike) -> float:
    """Share of (alike, unlike) couples in which the alike pair has the higher cosine; a tie counts half.

    This is the area under the ROC curve (Hanley & McNeil 1982): 1 parts them, 0.5 is chance.

    Args:
        alike: (p,) cosines of positive pairs.
        unlike: (q,) cosines of negative pairs.

    Raises:
        DataError: One side is empty, or a cosine is not finite.
    """
    high, low = (np.asarray(side, dtype=np.float64).ravel() for side in (alike, unlike))
    if not high.size or not low.size:
        raise DataError("auc needs at least one positive and one negative pair.")
    if not (np.isfinite(high).all() and np.isfinite(low).all()):
        raise DataError("auc needs finite cosines.")
    ordered = np.sort(low)
    below = np.searchsorted(ordered, high, side="left")
    until = np.searchsorted(ordered, high, side="right")
    return float((below + until).mean() / (2 * low.size))


@dataclass(frozen=True, eq=False)
class Resampled:
    """Spearman x 100 of several trainings of one objective, and of resamples of the pairs.

    Attributes:
        values: (s,) on all pairs, one a training seed.
        draws: (s, r) on r resamples; column i drew the same pairs for everything resampled with one `seed`.
        seed: Drew them.
    """

    values: NDArray[np.float64]
    draws: NDArray[np.float64]
    seed: int


def stacked(parts: Sequence[Resampled]) -> Resampled:
    """Trainings that were resampled one by one, as one; at least one."""
    return Resampled(
        np.concatenate([p.values for p in parts]), np.concatenate([p.draws for p in parts]), parts[0].seed
    )


def resample(rows: ArrayLike, gold: ArrayLike, *, resamples: int = 1000, seed: int = 0) -> Resampled:
    """Resample the pairs under every training of one objective.

    Args:
        rows: (s, n) cosines, a row a training seed.
        gold: (n,) human scores.
        resamples: Number of resamples.
        seed: Draws them.

    Raises:
        DataError: As `spearman`, for any row.
    """
    table = np.atleast_2d(np.asarray(rows, dtype=np.float64))
    values = np.array([spearman(row, gold) for row in table])
    draws = np.stack([bootstrap_spearman(row, gold, resamples=resamples, seed=seed) for row in table])
    return Resampled(values, draws, seed)


def difference_of_means(first: Resampled, second: Resampled) -> Difference:
    """Whether one objective ranks the pairs better than another, both trained with the same seeds.

    Every resample draws pairs, the same for all trained encoders, and training seeds, the same for both
    objectives; what is compared is the mean over the drawn seeds of Spearman on the drawn pairs. So the
    interval knows both that other pairs might have been measured and that other seeds might have been trained
    with. With one training seed this is `paired_bootstrap`.

    Args:
        first: Of one objective.
        second: Of the other; its rows belong to the same training seeds.

    Raises:
        DataError: The shapes or the seeds of the resamples differ.
    """
    if first.draws.shape != second.draws.shape or first.seed != second.seed:
        raise DataError(
            f"Both objectives need the same seeds and resamples: {first.draws.shape}, {second.draws.shape}."
        )
    seeds, resamples = first.draws.shape
    weights = _seed_weights(seeds, resamples, first.seed)
    differences = ((first.draws - second.draws) * weights).sum(axis=0)
    return Difference.of(float((first.values - second.values).mean()), differences)


def _seed_weights(seeds: int, resamples: int, seed: int) -> NDArray[np.float64]:
    """(seeds, resamples) share of each training seed in a resample; every column sums to 1."""
    rng = np.random.default_rng([seed, SEED_DRAWS])
    counts = rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=resamples)
    return np.asarray(counts.T / seeds, dtype=np.float64)


def beyond_noise(difference: Difference) -> bool:
    """Whether the 95 % interval leaves out 0."""
    return difference.low > 0 or difference.high < 0


def places(values: ArrayLike) -> NDArray[np.float64]:
    """(n,) share of the other values that lie below each value, ties half; 0 the lowest, 1 the highest.

    Raises:
        DataError: Fewer than two values.
    """
    column = np.asarray(values, dtype=np.float64)
    if column.size < 2:
        raise DataError("A place among others needs at least two values.")
    ordered = np.sort(column)
    below = np.searchsorted(ordered, column, side="left")
    until = np.searchsorted(ordered, column, side="right")
    return np.asarray((below + until - 1) / (2 * (column.size - 1)), dtype=np.float64)
