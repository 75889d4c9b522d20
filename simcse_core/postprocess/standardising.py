"""Mean 0 and deviation 1 in every dimension: undoes a few dimensions that dwarf the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.postprocess.base import postprocessors, rounding, rows_of_width, rows_to_fit


@postprocessors.register(
    "standardising",
    title="Standardising",
    source="Timkey & van Schijndel 2021, arXiv:2109.04404, sec. 5",
    equation=r"\tilde h_j=(h_j-\mu_j)/\sigma_j",
)
@dataclass(frozen=True, eq=False)
class Standardising:
    """Z-score of every dimension; a dimension that did not vary becomes 0."""

    mean: NDArray[np.float64]  # (d,)
    inverse: NDArray[np.float64]  # (d,), 1 / standard deviation (unbiased), or 0 where there is none

    @classmethod
    def fit(cls, embeddings: ArrayLike) -> Self:
        """Learn mean and deviation of (n, d) embeddings.

        Raises:
            DataError: Fewer than two rows, wrong shape, NaN.
        """
        x = rows_to_fit(embeddings, "standardising")
        deviation = x.std(axis=0, ddof=1)
        varies = deviation > rounding(embeddings) / np.sqrt(len(x) - 1)
        return cls(x.mean(axis=0), np.divide(1.0, deviation, out=np.zeros_like(deviation), where=varies))

    def transform(self, embeddings: ArrayLike) -> NDArray[np.float64]:
        """(m, d) -> (m, d).

        Raises:
            DataError: Another width, NaN.
        """
        return (rows_of_width(embeddings, len(self.mean), "standardising") - self.mean) * self.inverse
