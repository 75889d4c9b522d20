"""How evenly embeddings cover the unit sphere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.metrics import metrics
from simcse_core.metrics.checks import unit_rows
from simcse_core.registry import Range

EXACT_ROWS = 20_000  # 2.0e8 pairs: some seconds; more rows are sampled down to this
BLOCK_CELLS = 4_000_000  # float64 cells of one block of the pair matrix, 32 MB


def isotropic_uniformity(n: int, d: int, *, t: float = 2.0) -> float:
    """Expected value for directions drawn evenly on the sphere in d dimensions, whatever n.

    log E exp(-t‖x-y‖²) = -2t + log ₀F₁(; d/2; t²); with t = 2 it is about -4 + 8/d, so -4 is never reached.
    """
    from scipy.special import hyp0f1

    return float(-2 * t + np.log(hyp0f1(d / 2, t * t)))


@dataclass(frozen=True)
class Estimate:
    """A uniformity and how it was found.

    Attributes:
        value: Log mean of exp(-t x squared distance).
        rows: Rows used.
        pairs: Unordered pairs used, rows x (rows - 1) / 2.
        sampled: Whether rows were drawn at random, so that `value` carries sampling error.
    """

    value: float
    rows: int
    pairs: int
    sampled: bool


@metrics.register(
    "uniformity",
    title="Uniformity",
    source="Wang & Isola 2020, arXiv:2005.10242, eq. 2",
    equation=r"\ell_{unif}=\log\mathbb E_{x\ne y}\,e^{-t\lVert \hat h_x-\hat h_y\rVert^2}",
    direction="lower is better",
    range=(-8.0, 0.0),
    unit="nats",
    isotropic=isotropic_uniformity,
)
def uniformity(
    embeddings: ArrayLike,
    *,
    t: Annotated[
        float, Range(0.1, 20.0, "Sharpness of the kernel; 2 in the papers", (1.0, 2.0, 5.0, 10.0))
    ] = 2.0,
) -> float:
    """Log mean of exp(-t x squared distance) over all pairs of rows; 0 when collapsed, in [-4t, 0].

    Exact up to 20,000 rows; beyond, the exact value of a seeded sample of that many rows, and
    `uniformity_estimate` says so. Every unordered pair of different rows counts once; duplicate sentences
    raise the value.

    Args:
        embeddings: (n, d), any length; L2-normalised here.
        t: Sharpness of the kernel; t = 2 corresponds to a temperature of 1/(2t) = 0.25.

    Raises:
        DataError: Fewer than two rows, wrong shape, NaN, or a row of zeros.
    """
    return uniformity_estimate(embeddings, t=t).value


def uniformity_estimate(
    embeddings: ArrayLike, *, t: float = 2.0, limit: int = EXACT_ROWS, seed: int = 0
) -> Estimate:
    """Uniformity, and whether it is exact.

    Args:
        embeddings: (n, d), any length; L2-normalised here.
        t: Sharpness of the kernel.
        limit: Most rows compared with each other; memory stays near 32 MB, time grows with its square.
        seed: Draws the rows when there are more than `limit`.

    Raises:
        DataError: Fewer than two rows, wrong shape, NaN, or a row of zeros.
    """
    x = unit_rows(embeddings, metric="uniformity")
    sampled = len(x) > limit
    if sampled:
        x = x[np.random.default_rng(seed).choice(len(x), size=max(limit, 2), replace=False)]
    pairs = len(x) * (len(x) - 1) // 2
    return Estimate(float(_log_sum(x, t) - np.log(pairs)), len(x), pairs, sampled)


def _log_sum(x: NDArray[np.float64], t: float) -> float:
    """Log of the sum of exp(-t‖x_i - x_j‖²) over i < j, block by block."""
    step = max(1, BLOCK_CELLS // len(x))
    total = -np.inf
    for start in range(0, len(x), step):
        rows = x[start : start + step]
        exponent = rows @ x[start:].T  # (b, n - start) cosines
        exponent -= 1.0
        exponent *= 2.0 * t  # -t x squared distance
        np.minimum(exponent, 0.0, out=exponent)
        exponent[np.tril_indices(len(rows), 0, exponent.shape[1])] = -np.inf
        highest = float(exponent.max())
        if highest > -np.inf:  # the last row alone has no partner
            exponent -= highest
            np.exp(exponent, out=exponent)
            total = float(np.logaddexp(total, highest + np.log(exponent.sum())))
    return total
