"""t-SNE, and the same from step to step: each starts where the step after it ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np

from simcse_core.projection.base import (
    Fitted,
    Rows,
    alignments,
    projections,
    require_neighbours,
    rotated_backwards,
)
from simcse_core.projection.pca import pca
from simcse_core.registry import Range

SOURCE = "van der Maaten & Hinton 2008, JMLR 9; start by Kobak & Berens 2019, doi:10.1038/s41467-019-13056-x"
SLOWEST = 10.0  # scikit-learn's own least rate, 50, throws few points apart in three dimensions
START = 1e-4  # standard deviation of the start, small enough for the forces to move it

Perplexity = Annotated[
    float,
    Range(2.0, 100.0, "Effective number of neighbours: few show detail, many the whole", (5, 15, 30, 50)),
]


@projections.register(
    "tsne",
    title="t-SNE",
    source=SOURCE,
    equation=r"\mathrm{KL}(P\,\Vert\,Q),\quad q_{ij}\propto\frac{1}{1+\lVert y_i-y_j\rVert^2}",
)
def tsne(rows: Rows, dimensions: int, seed: int, *, perplexity: Perplexity = 30.0) -> Fitted:
    """Chances of being neighbours, matched by chances on the picture; sizes and gaps of groups say nothing.

    Raises:
        ConfigError: A perplexity as large as the number of rows.
    """
    require_neighbours(len(rows), perplexity, "t-SNE", "perplexity")
    return Fitted(_laid_out(rows, pca(rows, k=dimensions), seed, perplexity))


@alignments.register(
    "tsne",
    title="t-SNE, each step started from the next",
    source=SOURCE,
    equation=r"Y_t=\mathrm{tSNE}(X_t;\ \mathrm{start}=Y_{t+1})",
    collapse=False,
)
def tsne_steps(
    steps: Sequence[Rows], dimensions: int, seed: int, *, perplexity: Perplexity = 30.0
) -> list[Rows]:
    """From the last step backwards, each from the places of the step after it, then turned onto it.

    Nothing ties the steps while they are laid out: what jumps may have jumped on the picture only.

    Raises:
        ConfigError: A perplexity as large as the number of rows.
    """
    require_neighbours(len(steps[-1]), perplexity, "t-SNE", "perplexity")
    found = [_laid_out(steps[-1], pca(steps[-1], k=dimensions), seed, perplexity)]
    for rows in reversed(steps[:-1]):
        found.append(_laid_out(rows, found[-1], seed, perplexity))
    return rotated_backwards(found[::-1])


def _laid_out(rows: Rows, start: Rows, seed: int, perplexity: float) -> Rows:
    from sklearn.manifold import TSNE

    spread = start - start.mean(axis=0)
    model = TSNE(
        n_components=start.shape[1],
        perplexity=perplexity,
        init=(spread * (START / spread[:, 0].std())).astype(np.float32),
        learning_rate=max(len(rows) / 48, SLOWEST),  # Belkina et al. 2019, in scikit-learn's units
        metric="euclidean",  # squared inside: on unit rows twice the cosine distance
        random_state=seed,
    )
    return np.asarray(model.fit_transform(rows), dtype=np.float64)
