"""What every metric refuses, said once: wrong shape, too few rows, NaN, and rows without a direction."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.errors import DataError


def finite_rows(embeddings: ArrayLike, *, metric: str, least: int = 2) -> NDArray[np.float64]:
    """`embeddings` as float64 (n, d).

    Args:
        embeddings: (n, d), any floating type.
        metric: Name for the message.
        least: Smallest n for which the metric is defined.

    Raises:
        DataError: Not two-dimensional, fewer rows than `least`, no column, NaN or infinity; names the row.
    """
    try:
        x = np.asarray(embeddings, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(f"{metric} needs a table of numbers (n, d) with rows of one length.") from None
    if x.ndim != 2 or x.shape[1] == 0:
        raise DataError(f"{metric} needs rows of embeddings (n, d); got shape {x.shape}.")
    if len(x) < least:
        raise DataError(f"{metric} needs {least} or more rows; got {len(x)}.")
    bad = np.flatnonzero(~np.isfinite(x).all(axis=1))
    if bad.size:
        raise DataError(f"{metric}: row {bad[0]} (counted from 0) holds NaN or infinity; {bad.size} rows do.")
    return x


def unit_rows(embeddings: ArrayLike, *, metric: str, least: int = 2) -> NDArray[np.float64]:
    """Rows divided by their length, float64 (n, d).

    Raises:
        DataError: As `finite_rows`; or a row of zeros, which has no direction.
    """
    x = finite_rows(embeddings, metric=metric, least=least)
    largest = np.abs(x).max(
        axis=1, keepdims=True, initial=0.0
    )  # first, so that squares neither vanish nor overflow
    bad = np.flatnonzero(largest[:, 0] == 0.0)
    if bad.size:
        raise DataError(f"{metric}: row {bad[0]} (counted from 0) is all zeros and has no direction.")
    x = x / largest
    units: NDArray[np.float64] = x / np.linalg.norm(x, axis=1, keepdims=True)
    return units


def paired_units(
    first: ArrayLike, second: ArrayLike, *, metric: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both sides of n pairs with rows of length 1, each (n, d).

    Raises:
        DataError: As `unit_rows`; or the shapes differ.
    """
    a, b = unit_rows(first, metric=metric, least=1), unit_rows(second, metric=metric, least=1)
    if a.shape != b.shape:
        raise DataError(f"{metric} needs two arrays of one shape; got {a.shape} and {b.shape}.")
    return a, b
