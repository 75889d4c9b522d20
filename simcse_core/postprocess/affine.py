"""Which fitted maps are affine, so that other libraries can carry them as a dense layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float64]
TRIED = 16  # random rows on which the affine map must agree
AGREES = 1e-6  # relative difference that is left


@dataclass(frozen=True, eq=False)
class Affine:
    """x ↦ A (x − m) + b.

    The shift m is taken first, so that nothing cancels when it is computed in float32.

    Attributes:
        matrix: A, (k, d).
        shift: m, (d,).
        bias: b, (k,); zero up to rounding unless the map moves outside the range of A.
    """

    matrix: Rows
    shift: Rows
    bias: Rows

    def __call__(self, rows: Rows) -> Rows:
        """(n, d) → (n, k)."""
        return (rows - self.shift) @ self.matrix.T + self.bias


def affine_of(transform: Callable[[Rows], Rows], width: int, *, seed: int = 0) -> Affine | None:
    """The affine map that a function of rows (n, `width`) is, or None where it is none (a flow).

    A is read off the unit rows; m solves A m = −f(0) in the least-squares sense, b is what is left of it. On
    random rows around m the two must agree.

    Args:
        transform: (n, d) → (n, k).
        width: d.
        seed: Of the random rows.
    """
    start = transform(np.zeros((1, width)))[0]
    matrix = (transform(np.eye(width)) - start).T
    shift = np.linalg.lstsq(matrix, -start, rcond=None)[0]
    found = Affine(matrix, shift, start + matrix @ shift)
    rng = np.random.default_rng(seed)
    spread = max(float(np.abs(shift).max()), 1.0)
    rows = shift + spread * rng.standard_normal((TRIED, width))
    expected = transform(rows)
    largest = max(float(np.abs(expected).max()), np.finfo(np.float64).tiny)
    return found if float(np.abs(found(rows) - expected).max()) <= AGREES * largest else None
