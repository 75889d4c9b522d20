"""UMAP, and its aligned form for several steps."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import numpy as np

from simcse_core.errors import DataError
from simcse_core.projection.base import Fitted, Rows, alignments, projections, require_neighbours
from simcse_core.projection.pca import pca
from simcse_core.registry import Range

SOURCE = "McInnes et al. 2018, arXiv:1802.03426"
START = 10.0  # half the width of the box that UMAP lays out in
_LOCK = threading.Lock()  # numba's plain threading layer ends the process when two threads use it

Neighbours = Annotated[
    int,
    Range(
        2, 200, "Nearest sentences that make a neighbourhood: few show detail, many the whole", (5, 15, 50)
    ),
]
Distance = Annotated[
    float, Range(0.0, 0.99, "How close two points may lie: small packs groups tightly", (0.0, 0.1, 0.5))
]


@projections.register(
    "umap",
    title="UMAP",
    source=SOURCE,
    equation=r"\sum_{i\neq j}p_{ij}\log\frac{p_{ij}}{q_{ij}}+(1-p_{ij})\log\frac{1-p_{ij}}{1-q_{ij}},"
    r"\quad q_{ij}=\frac{1}{1+a\lVert y_i-y_j\rVert^{2b}}",
)
def umap(
    rows: Rows, dimensions: int, seed: int, *, neighbours: Neighbours = 15, min_dist: Distance = 0.1
) -> Fitted:
    """Neighbourhoods by cosine laid out so that neighbours attract and others repel.

    Raises:
        ConfigError: As many neighbours as rows.
    """
    require_neighbours(len(rows), neighbours, "UMAP", "neighbours")
    with _library() as library:
        model = library.UMAP(
            n_neighbors=neighbours,
            min_dist=min_dist,
            n_components=dimensions,
            metric="cosine",
            init=_start(rows, dimensions, seed),
            random_state=seed,
            n_jobs=1,  # with more, the layout depends on the order of threads
        )
        points = np.asarray(model.fit_transform(rows), dtype=np.float64)

    def place(others: Rows) -> Rows:
        with _library():
            return np.asarray(model.transform(others), dtype=np.float64)

    return Fitted(points, place)


@alignments.register(
    "umap",
    title="Aligned UMAP",
    source=f"{SOURCE}; umap-learn's AlignedUMAP",
    equation=r"\sum_t\mathrm{UMAP}(Y_t)+\lambda\sum_{t,i}\sum_{0<|s|\leq 3}w_s|y_{t,i}-y_{t+s,i}|^2",
    collapse=False,
)
def aligned_umap(
    steps: Sequence[Rows],
    dimensions: int,
    seed: int,
    *,
    neighbours: Neighbours = 15,
    min_dist: Distance = 0.1,
    tie: Annotated[
        float,
        Range(0.0, 1.0, "How strongly a sentence is held to its place at the steps around", (0.0, 0.01, 0.1)),
    ] = 0.01,
) -> list[Rows]:
    """One UMAP a step, laid out together, each sentence tied to itself at the three steps before and after.

    Raises:
        ConfigError: As many neighbours as rows.
        DataError: Fewer than two rows more than dimensions.
    """
    n = len(steps[-1])
    require_neighbours(n, neighbours, "Aligned UMAP", "neighbours")
    if n < dimensions + 2:  # its start takes one eigenvector more than dimensions
        raise DataError(
            f"Aligned UMAP in {dimensions} dimensions needs {dimensions + 2} or more rows; got {n}."
        )
    if len(steps) == 1:
        return [umap(steps[0], dimensions, seed, neighbours=neighbours, min_dist=min_dist).points]
    same = {i: i for i in range(n)}
    with _library() as library:
        model = library.AlignedUMAP(
            n_neighbors=neighbours,
            min_dist=min_dist,
            n_components=dimensions,
            metric="cosine",
            alignment_regularisation=tie,
            random_state=seed,
        )
        model.fit(list(steps), relations=[same] * (len(steps) - 1))
    return [np.asarray(points, dtype=np.float64) for points in model.embeddings_]


def _start(rows: Rows, dimensions: int, seed: int) -> Any:
    """Principal components in UMAP's box, with a little noise that parts equal rows."""
    points = pca(rows, k=dimensions)
    points *= START / np.abs(points).max()
    points += np.random.default_rng(seed).normal(scale=1e-4 * START, size=points.shape)
    return points.astype(np.float32)


@contextmanager
def _library() -> Iterator[Any]:
    """The library, for one thread at a time, without its remarks on its own settings."""
    with _LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import umap as library

        yield library
