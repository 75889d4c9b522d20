"""The log-sum-exp as a smooth maximum, and the three objectives that are one of differences of cosines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.errors import DataError

Floats = NDArray[np.float64]
STAGES = ("max", "softmax", "cosent")


@dataclass(frozen=True)
class SmoothMaximum:
    """What log Σ exp(λx) / λ makes of n terms.

    Attributes:
        value: The smooth maximum, in the unit of the terms.
        largest: Their maximum.
        bound: log n / λ, the most that `value` can exceed `largest`; reached when all terms are equal.
        weights: (n,) slopes ∂value/∂xᵢ: the softmax of λx, which sums to 1.
    """

    value: float
    largest: float
    bound: float
    weights: Floats

    @property
    def gap(self) -> float:
        """How far the smooth maximum exceeds the maximum, in [0, `bound`]."""
        return self.value - self.largest


def smooth_maximum(terms: ArrayLike, scale: float) -> SmoothMaximum:
    """Log Σ exp(λx) / λ, without overflow at any λ.

    Args:
        terms: (n,) finite numbers, n at least 1.
        scale: λ above 0; the inverse of a temperature.

    Raises:
        DataError: No term, one that is not finite, or a scale that is not above 0.
    """
    x = np.asarray(terms, dtype=np.float64)
    if x.ndim != 1 or not x.size or not np.isfinite(x).all():
        raise DataError("A smooth maximum needs one or more finite numbers.")
    if not (np.isfinite(scale) and scale > 0):
        raise DataError(f"λ is {scale}; it must be above 0.")
    largest = float(x.max())
    powers = np.exp(scale * (x - largest))
    total = float(powers.sum())
    return SmoothMaximum(
        value=largest + float(np.log(total)) / scale,
        largest=largest,
        bound=float(np.log(x.size)) / scale,
        weights=powers / total,
    )


def over_scales(terms: ArrayLike, scales: ArrayLike) -> Floats:
    """Smooth maxima (s,) of the same terms at each of `scales` (s,)."""
    return np.array([smooth_maximum(terms, float(scale)).value for scale in np.asarray(scales)])


def terms_of(stage: str, positives: Sequence[float], negatives: Sequence[float]) -> tuple[list[str], Floats]:
    """The terms whose smooth maximum is an objective divided by λ, and what each is called.

    * `max`: the cosines themselves, no objective yet.
    * `softmax`: 0 and s_neg − s_pos of the first positive. λ times their smooth maximum is
      log(1 + Σ exp(λ(s_neg − s_pos))), the cross-entropy of InfoNCE with τ = 1/λ.
    * `cosent`: 0 and s_neg − s_pos of every negative with every positive: CoSENT with scale λ.

    With growing λ both objectives, divided by λ, become a hinge: the largest violation, or 0.

    Args:
        stage: One of `STAGES`.
        positives: Cosines of positive pairs, one or more.
        negatives: Cosines of negative pairs, one or more.

    Raises:
        DataError: No such stage, or a side is empty.
    """
    if stage not in STAGES:
        raise DataError(f"There is no stage {stage!r}; there are {', '.join(STAGES)}.")
    if not positives or not negatives:
        raise DataError("A positive and a negative are needed.")
    plus = [f"p{k}" for k in range(1, len(positives) + 1)]
    minus = [f"n{k}" for k in range(1, len(negatives) + 1)]
    if stage == "max":
        return [*plus, *minus], np.array([*positives, *negatives], dtype=np.float64)
    kept = 1 if stage == "softmax" else len(positives)
    names = ["0", *(f"{n} − {p}" for p in plus[:kept] for n in minus)]
    gaps = np.subtract.outer(np.asarray(negatives, dtype=np.float64), np.asarray(positives[:kept]))
    return names, np.concatenate([[0.0], gaps.T.ravel()])
