"""Singular values that are found for every finite matrix."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Triple = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


def svd(x: NDArray[np.float64]) -> Triple:
    """Reduced singular value decomposition u (n, r), values (r,), directions (r, d) of x (n, d).

    LAPACK's fast routine (gesdd) gives up on some matrices of few distinct rows, such as the input embedding
    of the mask token in prompts of forty lengths; the slower one (gesvd) does not.

    Raises:
        numpy.linalg.LinAlgError: Something in `x` is not finite.
    """
    try:
        u, values, directions = np.linalg.svd(x, full_matrices=False)
    except np.linalg.LinAlgError:
        if not np.isfinite(x).all():
            raise
        from scipy.linalg import svd as robust

        u, values, directions = robust(x, full_matrices=False, lapack_driver="gesvd", check_finite=False)
    return u, values, directions


def singular_values_of(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """(r,) singular values of x (n, d), the largest first; as `svd`."""
    try:
        values = np.linalg.svd(x, compute_uv=False).astype(np.float64, copy=False)
    except np.linalg.LinAlgError:
        values = svd(x)[1]
    return values
