"""Subtract the mean and the strongest directions: "all but the top"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.errors import DataError
from simcse_core.linalg import svd
from simcse_core.postprocess.base import postprocessors, rounding, rows_of_width, rows_to_fit
from simcse_core.registry import Range


@postprocessors.register(
    "component_removal",
    title="Top components removed",
    source="Mu & Viswanath 2018, arXiv:1702.01417, algorithm 1",
    equation=r"\tilde h=(h-\mu)-\sum_{i\le k}u_iu_i^\top(h-\mu)",
)
@dataclass(frozen=True, eq=False)
class ComponentRemoval:
    """The mean and the k strongest principal components taken out; the width stays d."""

    mean: NDArray[np.float64]  # (d,)
    components: NDArray[np.float64]  # (k, d), orthonormal, strongest first

    @classmethod
    def fit(
        cls,
        embeddings: ArrayLike,
        *,
        k: Annotated[
            int, Range(1, 1024, "Directions removed; the paper takes about d/100", (1, 2, 4, 8, 16, 32))
        ] = 1,
    ) -> Self:
        """Learn mean and components of (n, d) embeddings.

        Raises:
            DataError: Fewer than two rows, wrong shape, NaN, or nothing would be left (k not below the rank).
        """
        x = rows_to_fit(embeddings, "component_removal")
        mean = x.mean(axis=0)
        _, values, directions = svd(x - mean)
        rank = int((values > rounding(embeddings)).sum())
        if k >= rank:
            raise DataError(
                f"component_removal: removing {k} directions leaves nothing; the rows vary in {rank}.",
                hint="Remove fewer, or fit on more sentences.",
            )
        return cls(mean, directions[:k].astype(np.float64, copy=False))

    def transform(self, embeddings: ArrayLike) -> NDArray[np.float64]:
        """(m, d) -> (m, d).

        Raises:
            DataError: Another width, NaN.
        """
        x = rows_of_width(embeddings, len(self.mean), "component_removal") - self.mean
        return x - (x @ self.components.T) @ self.components
