"""True neighbours of sentences, and how they change between steps or checkpoints; NumPy only."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.errors import DataError
from simcse_core.metrics.checks import unit_rows

NEIGHBOURS = 10
Rows = NDArray[np.int64]


def nearest(embeddings: ArrayLike, *, k: int = NEIGHBOURS) -> tuple[Rows, NDArray[np.float64]]:
    """The k nearest other rows of every row by cosine in full dimension.

    Args:
        embeddings: (n, d), any length.
        k: Neighbours, in [1, n - 1].

    Returns:
        Row numbers (n, k), nearest first, of equal cosines the lower row first; their cosines (n, k).

    Raises:
        DataError: k is out of range, NaN, or a row without a direction.
    """
    unit = unit_rows(embeddings, metric="Neighbours")
    if not 1 <= k < len(unit):
        raise DataError(f"{k} neighbours of {len(unit)} rows; allowed: 1 to {len(unit) - 1}.")
    return nearest_in(unit @ unit.T, k)


def nearest_in(cosines: NDArray[np.float64], k: int) -> tuple[Rows, NDArray[np.float64]]:
    """As `nearest`, from all cosines (n, n), the diagonal left out; all n - 1 where more are asked for."""
    others = cosines.copy()
    np.fill_diagonal(others, -np.inf)
    rows = np.argsort(-others, axis=1, kind="stable")[:, : min(k, len(others) - 1)]
    return rows, np.take_along_axis(others, rows, axis=1)


def shared(first: ArrayLike, second: ArrayLike) -> NDArray[np.int64]:
    """How many neighbours two lists of every row have in common, (n, k) and (n, k) -> (n,).

    Raises:
        DataError: The lists differ in shape.
    """
    a, b = np.asarray(first), np.asarray(second)
    if a.ndim != 2 or a.shape != b.shape:
        raise DataError(f"Neighbour lists need one shape (n, k); got {a.shape} and {b.shape}.")
    found: NDArray[np.int64] = (a[:, :, None] == b[:, None, :]).sum(axis=(1, 2))
    return found


def jaccard(first: ArrayLike, second: ArrayLike) -> NDArray[np.float64]:
    """Overlap of two neighbour lists of every row, |A and B| / |A or B|, (n,) in [0, 1] (Jaccard 1912).

    Args:
        first: (n, k) rows, none twice in a list.
        second: (n, k).

    Raises:
        DataError: The lists differ in shape.
    """
    both = shared(first, second)
    overlap: NDArray[np.float64] = both / (2 * np.asarray(first).shape[1] - both)
    return overlap


def overlap_with_previous(lists: ArrayLike) -> NDArray[np.float64]:
    """Mean Jaccard overlap of each step's neighbours with the step before, (s, n, k) -> (s - 1,).

    Raises:
        DataError: Not three-dimensional, or no step.
    """
    steps = _steps(lists)
    return np.array([jaccard(a, b).mean() for a, b in pairwise(steps)])


def overlap_with_last(lists: ArrayLike) -> NDArray[np.float64]:
    """Mean Jaccard overlap of each step's neighbours with the last step's, (s, n, k) -> (s,); the last is 1.

    Raises:
        DataError: Not three-dimensional, or no step.
    """
    steps = _steps(lists)
    return np.array([jaccard(one, steps[-1]).mean() for one in steps])


def same_group(lists: ArrayLike, groups: Sequence[str]) -> NDArray[np.float64]:
    """Share of every row's neighbours in its own group, (..., n, k) -> (..., n) in [0, 1].

    Args:
        lists: Neighbours' rows.
        groups: (n,) group of every row, its subject for example.

    Raises:
        DataError: Another number of groups than rows.
    """
    rows = np.asarray(lists)
    if rows.ndim < 2 or rows.shape[-2] != len(groups):
        raise DataError(f"{len(groups)} groups for neighbour lists of shape {rows.shape}.")
    names = np.unique(np.asarray(groups, dtype=object).astype(str), return_inverse=True)[1]
    found: NDArray[np.float64] = (names[rows] == names[:, None]).mean(axis=-1)
    return found


def settled_after(steps: Sequence[int], lists: ArrayLike, *, level: float) -> int | None:
    """The first step after which the lists no longer change much, None where they do to the end.

    Every later overlap with the step before is `level` or more.

    Args:
        steps: (s,) optimiser steps, rising.
        lists: (s, n, k) neighbours' rows.
        level: Mean Jaccard overlap that counts as unchanged, in [0, 1].

    Raises:
        DataError: Another number of steps than lists.
    """
    overlaps = overlap_with_previous(lists)
    if len(overlaps) != len(steps) - 1:
        raise DataError(f"{len(steps)} steps for {len(overlaps) + 1} neighbour lists.")
    moving = np.flatnonzero(overlaps < level)
    first = int(moving[-1]) + 1 if moving.size else 0
    return None if len(steps) < 2 or first == len(steps) - 1 else int(steps[first])


def _steps(lists: ArrayLike) -> Rows:
    found = np.asarray(lists, dtype=np.int64)
    if found.ndim != 3 or not found.shape[0]:
        raise DataError(f"Neighbours over steps need shape (s, n, k); got {found.shape}.")
    return found
