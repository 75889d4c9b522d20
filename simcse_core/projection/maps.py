"""One call from embeddings to a map that says how far it can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.errors import ConfigError, DataError
from simcse_core.projection.base import (
    SAME,
    Rows,
    alignments,
    projections,
    require_spread,
    spread,
    unit_rows,
)
from simcse_core.projection.faithfulness import faithfulness
from simcse_core.registry import checked

WHOLE = 10_000  # rows that a method is fitted on at most
ASKED = 2_000  # rows whose neighbourhoods are compared at most
NEIGHBOURS = 10


@dataclass(frozen=True, eq=False)
class Projection:
    """A map of sentences.

    Attributes:
        method: Registered name.
        points: (m, 2) or (m, 3) places.
        rows: (m,) numbers of the given rows that have a place, rising; all unless `note` says otherwise.
        settings: Every setting of the method.
        seed: What the method drew from.
        fitted_on: Rows it was fitted on.
        k: Neighbours that the two measures count; 0 if there are too few rows to count any.
        asked: Rows whose neighbourhoods the two measures compare.
        trustworthiness: In [0, 1]; None with too few rows.
        neighbours_kept: In [0, 1]; None with too few rows.
        by_chance: Share of neighbours that a random map keeps.
        explained: Share of the variance on each axis (PCA), or None.
        note: What of this was done on a sample, in a sentence; empty if nothing was.
    """

    method: str
    points: Rows
    rows: NDArray[np.intp]
    settings: dict[str, Any]
    seed: int
    fitted_on: int
    k: int
    asked: int
    trustworthiness: float | None
    neighbours_kept: float | None
    by_chance: float | None
    explained: tuple[float, ...] | None = None
    note: str = ""


def project(
    embeddings: ArrayLike,
    method: str = "pca",
    *,
    dimensions: int = 2,
    seed: int = 0,
    k: int = NEIGHBOURS,
    **settings: Any,
) -> Projection:
    """Lay out sentences; the same input, settings and seed give the same map.

    Above `WHOLE` rows the method is fitted on a seeded sample of that many. The others are placed on the same
    map where the method can (PCA, UMAP) and are left out where it cannot (t-SNE).

    Args:
        embeddings: (n, d), any length; compared by cosine.
        method: A registered projection.
        dimensions: 2 or 3.
        seed: Decides everything that is drawn.
        k: Neighbours counted by the two measures; fewer where n is below 2k + 1.
        settings: Of the method; the others have their defaults.

    Raises:
        DataError: Fewer than three rows; a row of zeros, NaN or infinity; rows that are all one direction.
        ConfigError: No such method or setting, a value out of range, or more neighbours than rows.
    """
    values = checked("projection", method, projections[method], settings)
    rows = unit_rows(embeddings)
    _check_numbers(rows.shape[1], dimensions, seed)
    require_spread(rows)
    chosen = _sample(len(rows), WHOLE, seed)
    fitted = projections[method](rows[chosen], dimensions, seed, **values)
    points, shown = fitted.points, chosen
    if len(chosen) < len(rows) and fitted.transform is not None:
        others = np.setdiff1d(np.arange(len(rows)), chosen)
        points = np.empty((len(rows), dimensions))
        points[chosen], points[others] = fitted.points, fitted.transform(rows[others])
        shown = np.arange(len(rows))
    return _judged(
        method, rows, points, shown, values, seed, k, fitted_on=len(chosen), explained=fitted.explained
    )


def project_aligned(
    steps: Sequence[ArrayLike],
    method: str = "pca",
    *,
    dimensions: int = 2,
    seed: int = 0,
    k: int = NEIGHBOURS,
    **settings: Any,
) -> list[Projection]:
    """The same sentences at several steps, or by several checkpoints of one width or of different ones.

    Above `WHOLE` rows the same seeded sample is laid out at every step, and the others are left out.

    Args:
        steps: One (n, d) array a step, rows in one order, oldest first.
        method: A registered alignment: `pca`, `pca_rotated`, `umap` or `tsne`.
        dimensions: 2 or 3.
        seed: Decides everything that is drawn.
        k: Neighbours counted by the two measures.
        settings: Of the method; the others have their defaults.

    Raises:
        DataError: No step, unequal numbers of rows, or as `project`; says at which step.
        ConfigError: As `project`.
    """
    values = checked("alignment of maps", method, alignments[method], settings)
    frames = [unit_rows(step, f"Step {i} (counted from 0)") for i, step in enumerate(steps)]
    if not frames or len({len(frame) for frame in frames}) > 1:
        raise DataError(f"The steps need the same rows; got {[len(frame) for frame in frames]}.")
    _check_numbers(min(frame.shape[1] for frame in frames), dimensions, seed)
    chosen = _sample(len(frames[0]), WHOLE, seed)
    sampled = [frame[chosen] for frame in frames]
    for i, frame in enumerate(sampled):
        if i == len(sampled) - 1 or not alignments.info(method).traits["collapse"]:
            require_spread(frame, f"Step {i} (counted from 0)")
    drawn = alignments[method](sampled, dimensions, seed, **values)
    return [
        _judged(method, frame, points, chosen, values, seed, k, fitted_on=len(chosen))
        for frame, points in zip(frames, drawn, strict=True)
    ]


def _check_numbers(width: int, dimensions: int, seed: int) -> None:
    if dimensions not in (2, 3):
        raise ConfigError(f"A map has 2 or 3 dimensions; got {dimensions}.")
    if width < dimensions:
        raise DataError(f"A map in {dimensions} dimensions needs rows of {dimensions} or more; got {width}.")
    if not 0 <= seed < 2**31:
        raise ConfigError(f"The seed is {seed}; allowed: 0 to {2**31 - 1}.")


def _sample(n: int, most: int, seed: int) -> NDArray[np.intp]:
    """Numbers of the rows used, rising; all if there are few enough."""
    if n <= most:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, most, replace=False))


def _judged(
    method: str,
    rows: Rows,
    points: Rows,
    shown: NDArray[np.intp],
    settings: dict[str, Any],
    seed: int,
    k: int,
    *,
    fitted_on: int,
    explained: tuple[float, ...] | None = None,
) -> Projection:
    """The map with its two measures, taken among the rows that have a place."""
    n, m = len(rows), len(shown)
    placed = rows if m == n else rows[shown]
    asked = _sample(m, ASKED, seed)
    counted = max(0, min(k, (m - 1) // 2))
    judged = counted > 0 and spread(placed) > SAME
    trust, kept = faithfulness(placed, points, k=counted, asked=asked) if judged else (None, None)
    chance = counted / (m - 1) if judged else None
    note = _note(n, m, fitted_on, len(asked) if judged else 0)
    return Projection(
        method, points, shown, settings, seed, fitted_on, counted if judged else 0,
        len(asked) if judged else 0, trust, kept, chance, explained, note,
    )  # fmt: skip


def _note(n: int, shown: int, fitted_on: int, asked: int) -> str:
    parts = []
    if shown < n:
        parts.append(f"Shown: a sample of {shown:,} of {n:,} sentences.")
    elif fitted_on < n:
        parts.append(
            f"Laid out on a sample of {fitted_on:,} of {n:,} sentences; the others were placed on it."
        )
    if 0 < asked < shown:
        parts.append(f"Trust was measured on {asked:,} of them.")
    return " ".join(parts)
