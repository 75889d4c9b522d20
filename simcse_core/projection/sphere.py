"""Embeddings as points on a globe: the three strongest directions, at unit length."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.errors import DataError
from simcse_core.projection.pca import PCA


def principal_sphere(embeddings: ArrayLike) -> NDArray[np.float64]:
    """Rows seen in their three strongest *uncentred* directions, (n, d) -> (n, 3) of length 1.

    Not centred, because a cone is a common direction: a collapsed encoder is one spot, an even one covers the
    globe. The first axis points to the mean. Distances on the globe exaggerate: the length that lies in the
    other d - 3 dimensions is not seen.

    Raises:
        DataError: No row, fewer than three columns, NaN, or a row of zeros.
    """
    return sphere_steps([embeddings])[0]


def sphere_steps(steps: Sequence[ArrayLike]) -> list[NDArray[np.float64]]:
    """The same sentences at several training steps on one globe, whose axes are those of the last step.

    Args:
        steps: One (n, d) array a step, rows in one order, oldest first.

    Returns:
        One (n, 3) array of unit rows a step; a row with nothing in these directions is put on the first axis.

    Raises:
        DataError: No step, unequal shapes, or as `principal_sphere`.
    """
    units = [_units(step) for step in steps]
    if not units or len({frame.shape for frame in units}) > 1:
        raise DataError(f"The steps need one shape; got {[frame.shape for frame in units]}.")
    axes = PCA.fit(units[-1], k=3, center=False).components
    facing = np.where(units[-1].mean(axis=0) @ axes[0] < 0, -1.0, 1.0)
    axes = axes * np.array([facing, 1.0, 1.0])[:, None]
    return [_onto_globe(frame @ axes.T) for frame in units]


def _units(embeddings: ArrayLike) -> NDArray[np.float64]:
    x = np.asarray(embeddings, dtype=np.float64)
    if x.ndim != 2 or x.shape[1] < 3 or not len(x):
        raise DataError(f"A globe needs rows of three or more columns (n, d); got shape {x.shape}.")
    lengths = np.linalg.norm(x, axis=1, keepdims=True)
    bad = np.flatnonzero(~(np.isfinite(lengths) & (lengths > 0))[:, 0])
    if bad.size:
        raise DataError(f"Row {bad[0]} (counted from 0) has no direction: zeros, NaN or infinity.")
    found: NDArray[np.float64] = x / lengths
    return found


def _onto_globe(points: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    lost = lengths[:, 0] < 1e-12
    found: NDArray[np.float64] = points / np.where(lost[:, None], 1.0, lengths)
    found[lost] = (1.0, 0.0, 0.0)
    return found
