"""Subtract the mean: the cheapest cure for a cone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.postprocess.base import postprocessors, rows_of_width, rows_to_fit


@postprocessors.register(
    "centering",
    title="Centring",
    source="Mu & Viswanath 2018, arXiv:1702.01417, algorithm 1, step 1",
    equation=r"\tilde h=h-\mu",
)
@dataclass(frozen=True, eq=False)
class Centering:
    """Zero mean on the rows it was fitted on; distances are unchanged, cosines are not."""

    mean: NDArray[np.float64]  # (d,)

    @classmethod
    def fit(cls, embeddings: ArrayLike) -> Self:
        """Learn the mean of (n, d) embeddings.

        Raises:
            DataError: Fewer than two rows, wrong shape, NaN.
        """
        return cls(rows_to_fit(embeddings, "centering").mean(axis=0))

    def transform(self, embeddings: ArrayLike) -> NDArray[np.float64]:
        """(m, d) -> (m, d), the mean subtracted.

        Raises:
            DataError: Another width, NaN.
        """
        return rows_of_width(embeddings, len(self.mean), "centering") - self.mean
