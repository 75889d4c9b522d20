"""What a projection is: registered methods, and the checks that all of them share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.errors import ConfigError, DataError
from simcse_core.registry import Registry

Rows = NDArray[Any]
"""Float64, or float32 where float32 was given: a large file is not copied to twice its size."""
SAME = 1e-6  # unit rows closer than this in every number differ by the rounding of float32


@dataclass(frozen=True, eq=False)
class Fitted:
    """What a method returns.

    Attributes:
        points: (n, k) places of the rows it was fitted on.
        transform: (m, d) unit rows -> (m, k) on the same picture; None where the method cannot place others.
        explained: Share of the variance on each axis, where the method has such a thing.
    """

    points: Rows
    transform: Callable[[Rows], Rows] | None = None
    explained: tuple[float, ...] | None = None


projections: Registry[Callable[..., Fitted]] = Registry("projection")
"""`method(rows, dimensions, seed, *, settings) -> Fitted`, rows (n, d) of unit length."""

alignments: Registry[Callable[..., list[Rows]]] = Registry("alignment of maps")
"""`method(steps, dimensions, seed, *, settings) -> [points]`, one (n, d) array of unit rows a step.

Trait `collapse`: whether all sentences of a step but the last may be at one place.
"""


def unit_rows(embeddings: ArrayLike, what: str = "The map") -> Rows:
    """Rows at unit length, (n, d): maps show directions, since sentences are compared by cosine.

    Raises:
        DataError: Not (n, d) with three rows and two columns or more; a row of zeros, NaN or infinity.
    """
    x = np.asarray(embeddings)
    if x.ndim != 2 or len(x) < 3 or x.shape[1] < 2 or x.dtype.kind not in "fiu":
        raise DataError(
            f"{what} needs three or more rows of two or more numbers; got shape {x.shape}.",
            hint="Give more sentences." if x.ndim == 2 and x.shape[1] > 1 else "",
        )
    x = x.astype(np.float32 if x.dtype in (np.float16, np.float32) else np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        largest = np.abs(x).max(axis=1, keepdims=True)  # first, so that squares stay finite
        bad = np.flatnonzero(~(np.isfinite(largest) & (largest > 0))[:, 0])
        if bad.size:
            raise DataError(f"{what}: row {bad[0]} (counted from 0) holds NaN, infinity or only zeros.")
        x /= largest
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    return x


def spread(rows: Rows) -> float:
    """Largest difference between two rows in any number."""
    return float(np.ptp(rows, axis=0).max())


def require_spread(rows: Rows, what: str = "The map") -> None:
    """Refuse rows that are all one direction, of which any picture would be rounding.

    Raises:
        DataError: The rows differ by rounding only.
    """
    if spread(rows) <= SAME:
        raise DataError(f"{what}: all {len(rows)} rows have one direction, so there is nothing to lay out.")


def require_neighbours(n: int, wanted: float, name: str, setting: str) -> None:
    """Refuse a neighbourhood as large as the data.

    Raises:
        ConfigError: `wanted` neighbours or more than n - 1.
    """
    if wanted > n - 1:
        raise ConfigError(
            f"{name} with {setting}={wanted:g} needs more than {wanted:g} rows; got {n}.",
            hint=f"Set {setting} to {n - 1} or less, or give more sentences.",
        )


def rotated_onto(points: Rows, target: Rows) -> Rows:
    """`points` centred and turned, or mirrored, to lie on `target` as closely as a rotation can, (n, k).

    Procrustes: the orthogonal Q that makes ‖XQ − Y‖ least is UVᵀ of XᵀY = UΣVᵀ (Schönemann 1966). Nothing is
    stretched, so a cloud that spreads is seen to spread. The centre is put on the target's.
    """
    middle = target.mean(axis=0)
    x = points - points.mean(axis=0)
    u, _, vt = np.linalg.svd(x.T @ (target - middle))
    turned: Rows = x @ (u @ vt) + middle
    return turned


def rotated_backwards(steps: Sequence[Rows]) -> list[Rows]:
    """Each step's picture turned onto that of the step after it; the last stays."""
    found = [steps[-1]]
    for points in reversed(steps[:-1]):
        found.append(rotated_onto(points, found[-1]))
    return found[::-1]
