"""From the spread of the loss to the sum of all cosines, and from there to the largest eigenvalue.

Gao, Yao & Chen 2021 (SimCSE), arXiv:2104.08821, eq. 7, with Merikoski 1984. W holds all m embeddings as rows.
The spread is at least Sum(WWᵀ)/(τm²), because log is concave; and where no cosine is negative the largest
eigenvalue of WWᵀ is at most Sum(WWᵀ), so that a smaller sum leaves a flatter spectrum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from simcse_core.metrics.checks import unit_rows
from simcse_core.theory.anatomy import checked_temperature, divided, softmax_parts

ROUNDING = 1e-12
"""A cosine above minus this is no negative one."""


@dataclass(frozen=True)
class JensenGap:
    """Both sides of Jensen's inequality for the spread, nats.

    Attributes:
        spread: E_x log E_y e^{x·y/τ} over all m x m pairs, self included.
        linear: E_x E_y x·y/τ = Sum(WWᵀ)/(τm²), never above `spread`.
    """

    spread: float
    linear: float

    @property
    def gap(self) -> float:
        """At least 0; near half the mean variance of a row's cosines, over τ², when τ is large."""
        return self.spread - self.linear


def jensen_gap(embeddings: ArrayLike, *, temperature: float) -> JensenGap:
    """How far the sum of all cosines stays below the spread.

    Args:
        embeddings: (m, d), any length; L2-normalised here.
        temperature: τ > 0.

    Raises:
        DataError: Fewer than two rows, NaN, a row of zeros, or an unusable temperature.
    """
    w = unit_rows(embeddings, metric="Jensen's gap")
    logits = divided(w @ w.T, checked_temperature(temperature))
    spread = float(softmax_parts(logits)[0].mean() - np.log(len(w)))
    return JensenGap(spread, float(logits.mean()))


@dataclass(frozen=True)
class Eigenvalue:
    """The largest eigenvalue of WWᵀ between its bounds.

    Attributes:
        rows: m.
        total: Sum(WWᵀ) = m²‖mean‖², never negative.
        largest: λ_max, in [1, m]; m when collapsed.
        row_sum: Largest row sum of WWᵀ.
        row_sum_absolute: Largest sum of absolute values in a row; never below `largest`.
        negative_share: Share of negative cosines among pairs of different rows, in [0, 1].
    """

    rows: int
    total: float
    largest: float
    row_sum: float
    row_sum_absolute: float
    negative_share: float

    @property
    def mean(self) -> float:
        """Sum(WWᵀ)/m, never above `largest`, whatever the signs."""
        return self.total / self.rows

    @property
    def applies(self) -> bool:
        """Whether no cosine is negative: only then `largest` ≤ `row_sum` ≤ `total`."""
        return self.negative_share == 0.0


def eigenvalue(embeddings: ArrayLike) -> Eigenvalue:
    """The largest eigenvalue of WWᵀ, what bounds it, and whether the paper's bound applies.

    {e, -e} shows why the condition is needed: its sum is 0 and its largest eigenvalue 2.

    Args:
        embeddings: (m, d), any length; L2-normalised here.

    Raises:
        DataError: Fewer than two rows, NaN, or a row of zeros.
    """
    w = unit_rows(embeddings, metric="The eigenvalue bound")
    cosines = w @ w.T
    m = len(w)
    negative = cosines < -ROUNDING
    mean = w.sum(axis=0)
    return Eigenvalue(
        rows=m,
        total=float(mean @ mean),
        largest=float(np.square(np.linalg.norm(w, ord=2))),
        row_sum=float(cosines.sum(axis=1).max()),
        row_sum_absolute=float(np.abs(cosines).sum(axis=1).max()),
        negative_share=float(negative.sum() / (m * (m - 1))),
    )
