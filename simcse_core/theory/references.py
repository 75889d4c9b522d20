"""Where alignment and uniformity end: collapse, chance, evenly spread points, and the floor for n points.

Uniformity is log E exp(-t‖x-y‖²) over pairs of different points (Wang & Isola 2020, arXiv:2005.10242). Its
value on the evenly covered sphere in d dimensions is `simcse_core.metrics.uniformity.isotropic_uniformity`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from simcse_core.errors import DataError
from simcse_core.metrics.uniformity import isotropic_uniformity

COLLAPSE = 0.0
"""Alignment and uniformity when all points coincide: no distance anywhere."""
Arrangement = Literal["simplex", "cross-polytope", "icosahedron", "polygon", "bound"]


@dataclass(frozen=True)
class Floor:
    """The lowest uniformity that n points can have.

    Attributes:
        value: Nats; never above the uniformity of any n points.
        arrangement: Points that reach it; `bound` where none is known, so that the floor may lie higher.
    """

    value: float
    arrangement: Arrangement

    @property
    def reached(self) -> bool:
        """Whether `arrangement` has exactly this value."""
        return self.arrangement != "bound"


def polygon_uniformity(n: int, *, t: float = 2.0) -> float:
    """Uniformity of n points evenly on the circle, the lowest of any n points there.

    Cohn & Kumar 2007, arXiv:math/0607446: regular polygons minimise every such potential. With more points it
    rises, from -4t for two towards `isotropic_uniformity(n, 2)`.

    Raises:
        DataError: Fewer than two points.
    """
    _require(n, 2)
    return _log_mean([(math.cos(2 * math.pi * k / n), 1) for k in range(1, n)], t)


def simplex_uniformity(n: int, *, t: float = 2.0) -> float:
    """Uniformity -2tn/(n-1) of n points all equally far from each other; needs d ≥ n - 1 dimensions.

    No n points in any dimension lie lower, because exp is convex and the mean squared distance of n unit
    vectors is at most 2n/(n-1). Two antipodal points, n = 2: -4t.

    Raises:
        DataError: Fewer than two points.
    """
    _require(n, 2)
    return -2.0 * t * n / (n - 1)


def floor(n: int, d: int, *, t: float = 2.0) -> Floor:
    """The lowest uniformity of n points on the sphere in d dimensions, or a bound below it.

    Known arrangements are those of Cohn & Kumar 2007: simplex (n ≤ d + 1), polygon (d = 2), cross-polytope
    (n = 2d) and icosahedron (n = 12, d = 3). Elsewhere the higher of two bounds holds: the simplex's value,
    and what follows from the kernel being positive definite, namely that its mean over all n² pairs, self
    included, is at least its mean over the sphere.

    Args:
        n: Points, two or more.
        d: Dimensions, two or more.
        t: Sharpness of the kernel.

    Raises:
        DataError: n or d is below 2.
    """
    _require(n, 2)
    _require(d, 2, what="dimensions")
    if n <= d + 1:
        return Floor(simplex_uniformity(n, t=t), "simplex")
    if d == 2:
        return Floor(polygon_uniformity(n, t=t), "polygon")
    if n == 2 * d:
        return Floor(_log_mean([(-1.0, 1), (0.0, n - 2)], t), "cross-polytope")
    if (n, d) == (12, 3):
        near = 1 / math.sqrt(5)
        return Floor(_log_mean([(-1.0, 1), (near, 5), (-near, 5)], t), "icosahedron")
    excess = n * math.exp(isotropic_uniformity(n, d, t=t)) - 1
    even = math.log(excess / (n - 1)) if excess > 0 else -math.inf
    return Floor(max(even, simplex_uniformity(n, t=t)), "bound")


def independent_alignment(d: int, *, alpha: float = 2.0) -> float:
    """Expected ‖x-y‖^α of two independent even directions in d dimensions: the alignment of mere chance.

    2 for α = 2 in any d; 4/π, the mean chord of a circle, for α = 1 and d = 2.

    Raises:
        DataError: d is below 2.
    """
    _require(d, 2, what="dimensions")
    logs = (d + alpha - 2) * math.log(2) + math.lgamma(d / 2) + math.lgamma((d + alpha - 1) / 2)
    return math.exp(logs - 0.5 * math.log(math.pi) - math.lgamma(d + alpha / 2 - 1))


def even_log_potential(d: int, *, temperature: float) -> float:
    """The spread of evenly covered directions: log E exp(x·y/τ) = log ₀F₁(; d/2; 1/(4τ²)), for every x.

    The normaliser of the von Mises-Fisher distribution, up to the area of the sphere; 1/(2dτ²) for large τ.

    Raises:
        DataError: d is below 2, or the temperature is so small that the value overflows.
    """
    from scipy.special import hyp0f1, i0e

    _require(d, 2, what="dimensions")
    if d == 2:  # a Bessel function, of which the scaled form never overflows
        return float(np.log(i0e(1 / temperature)) + 1 / temperature)
    value = float(hyp0f1(d / 2, 1 / (4 * temperature**2)))
    if not (math.isfinite(value) and value > 0):
        raise DataError(
            f"At temperature {temperature} in {d} dimensions the value exceeds what float64 holds.",
            hint="Take a higher temperature.",
        )
    return math.log(value)


def _log_mean(neighbours: Sequence[tuple[float, int]], t: float) -> float:
    """Log mean of exp(-2t(1 - cosine)) over what one point sees: (cosine, how many)."""
    count = sum(times for _, times in neighbours)
    return math.log(sum(times * math.exp(-2 * t * (1 - cosine)) for cosine, times in neighbours) / count)


def _require(number: int, least: int, *, what: str = "points") -> None:
    if number < least:
        raise DataError(f"Uniformity needs {least} or more {what}; got {number}.")
