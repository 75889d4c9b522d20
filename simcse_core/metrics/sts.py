"""Agreement of cosines with human scores: Spearman's rank correlation."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.errors import DataError
from simcse_core.metrics import metrics
from simcse_core.metrics.checks import paired_units


def cosines(first: ArrayLike, second: ArrayLike) -> NDArray[np.float64]:
    """Cosine of each pair of rows, (n, d), (n, d) -> (n,) in [-1, 1].

    Raises:
        DataError: Shapes differ, no row, NaN, or a row of zeros.
    """
    a, b = paired_units(first, second, metric="cosines")
    found: NDArray[np.float64] = np.clip(np.einsum("ij,ij->i", a, b), -1.0, 1.0)
    return found


def average_ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks from 1, ties sharing their average, (n,) -> (n,)."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return ((2 * last - counts + 1) / 2)[place]


@metrics.register(
    "spearman",
    title="Spearman correlation × 100",
    source="Spearman 1904; with average ranks for ties, as scipy.stats.spearmanr",
    equation=r"100\cdot\mathrm{corr}(\mathrm{rank}(\cos),\mathrm{rank}(gold))",
    direction="higher is better",
    range=(-100.0, 100.0),
    unit="× 100",
    isotropic=None,
)
def spearman(cosine: ArrayLike, gold: ArrayLike) -> float:
    """Rank correlation x 100, in [-100, 100]; unchanged by any rising map of either side.

    Args:
        cosine: (n,) similarities.
        gold: (n,) human scores.

    Raises:
        DataError: Lengths differ, fewer than two pairs, NaN or infinity, or one side constant (undefined).
    """
    ranks = [average_ranks(column) for column in checked_scores(cosine, gold)]
    a, b = (rank - rank.mean() for rank in ranks)
    return float(np.clip(100 * (a @ b) / np.sqrt((a @ a) * (b @ b)), -100, 100))


def checked_scores(cosine: ArrayLike, gold: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both columns as float64 (n,), fit for a rank correlation.

    Raises:
        DataError: As `spearman`.
    """
    a, b = np.asarray(cosine, dtype=np.float64), np.asarray(gold, dtype=np.float64)
    if a.ndim != 1 or a.shape != b.shape:
        raise DataError(f"spearman needs two columns of one length; got {a.shape} and {b.shape}.")
    if len(a) < 2:
        raise DataError(f"spearman needs two or more pairs; got {len(a)}.")
    for column, name in ((a, "cosine"), (b, "gold score")):
        bad = np.flatnonzero(~np.isfinite(column))
        if bad.size:
            raise DataError(f"spearman: the {name} of pair {bad[0]} (counted from 0) is {column[bad[0]]}.")
        if (column == column[0]).all():
            raise DataError(
                f"spearman is undefined: every {name} is {column[0]:g}.",
                hint="One side must vary to be ranked.",
            )
    return a, b
