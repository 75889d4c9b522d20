"""The charge picture of contrastive learning, exact, beside the one that is often told.

On the unit sphere e^(s/τ) = e^(1/τ) e^(-r²/(2τ)) with the distance r = ‖x - y‖: what an anchor feels from a
negative falls off as a Gaussian of width √τ, not as the inverse square of electrostatics.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from simcse_core.errors import DataError
from simcse_core.theory.anatomy import Floats, checked_temperature

FACTOR = 2.0
"""Two curves have parted where one is this many times the other."""


def gaussian_charge(distance: ArrayLike, temperature: float) -> Floats:
    """Weight of a negative at a chord distance, relative to one that lies on the anchor: e^(-r²/(2τ)).

    Args:
        distance: Chord distances r = √(2 - 2s), from 0 to 2, any shape.
        temperature: τ > 0; the width of the Gaussian is √τ.

    Returns:
        Values in (0, 1], in the shape of `distance`.

    Raises:
        DataError: A distance is negative or not finite, or τ is not above 0.
    """
    r = _distances(distance)
    charge: Floats = np.exp(-(r**2) / (2 * checked_temperature(temperature)))
    return charge


def inverse_square(distance: ArrayLike, temperature: float) -> Floats:
    """The law of electrostatics, c/r², scaled as kindly as possible: it touches the Gaussian at r = √(2τ).

    There both have the same value 1/e and the same slope on logarithmic axes; everywhere else it lies above.

    Args:
        distance: Chord distances, from 0 to 2; at 0 the value is infinite.
        temperature: τ > 0.

    Returns:
        Values in (0, inf], in the shape of `distance`.

    Raises:
        DataError: A distance is negative or not finite, or τ is not above 0.
    """
    r = _distances(distance)
    scale = 2 * checked_temperature(temperature) / math.e
    with np.errstate(divide="ignore"):
        law: Floats = scale / r**2
    return law


def parting(temperature: float, *, factor: float = FACTOR) -> tuple[float, float]:
    """Between which distances the inverse square stays within `factor` of the Gaussian.

    With x = r²/(2τ) their ratio is e^(x-1)/x. It reaches the factor at x = -W(-1/(e factor)) on both real
    branches of Lambert's W, the same for every τ: 0.68 √τ and 2.31 √τ for a factor of 2.

    Args:
        temperature: τ > 0.
        factor: Above 1.

    Returns:
        Nearer and farther distance; the farther may exceed 2, the diameter of the sphere.

    Raises:
        DataError: τ is not above 0, or the factor is not above 1.
    """
    tau = checked_temperature(temperature)
    if not factor > 1:
        raise DataError(f"The factor is {factor}; it must be above 1.")
    from scipy.special import lambertw

    near, far = (float(-lambertw(-1 / (math.e * factor), branch).real) for branch in (0, -1))
    return math.sqrt(2 * tau * near), math.sqrt(2 * tau * far)


def _distances(distance: ArrayLike) -> Floats:
    r = np.asarray(distance, dtype=np.float64)
    if not np.isfinite(r).all() or (r < 0).any():
        raise DataError("A distance is a finite number, 0 or more.")
    return r
