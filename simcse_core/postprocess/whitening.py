"""Whitening: every remaining direction carries the same variance."""

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
    "whitening",
    title="Whitening",
    source="Su et al. 2021, arXiv:2103.15316, algorithm 1",
    equation=r"\tilde h=(h-\mu)\,U\Lambda^{-1/2},\quad \Sigma=U\Lambda U^\top",
)
@dataclass(frozen=True, eq=False)
class Whitening:
    """Zero mean and identity covariance (unbiased, n - 1) on the rows it was fitted on.

    With all directions kept, cosines no longer depend on any invertible affine map of the inputs. From n rows
    at most n - 1 directions can be learned; those whose variance is rounding are dropped, never divided by.
    """

    mean: NDArray[np.float64]  # (d,)
    kernel: NDArray[np.float64]  # (d, k), largest variance first

    @classmethod
    def fit(
        cls,
        embeddings: ArrayLike,
        *,
        k: Annotated[
            int,
            Range(0, 4096, "Directions kept, largest variance first; 0 keeps all", (0, 64, 128, 256, 384)),
        ] = 0,
    ) -> Self:
        """Learn from (n, d) embeddings; the paper takes both columns of all pairs.

        Raises:
            DataError: Fewer than two rows, wrong shape, NaN, equal rows, or k above the rank of the rows.
        """
        x = rows_to_fit(embeddings, "whitening")
        mean = x.mean(axis=0)
        _, values, directions = svd(x - mean)
        rank = int((values > rounding(embeddings)).sum())
        if rank == 0:
            raise DataError("whitening: all rows are equal, so there is no variance to even out.")
        if k > rank:
            raise DataError(
                f"whitening: {k} directions were asked for; {len(x)} rows of {x.shape[1]} vary in {rank}.",
                hint=f"Keep {rank} or fewer (0 keeps all), or fit on more sentences.",
            )
        kept = k or rank
        kernel = directions[:kept].T * (np.sqrt(len(x) - 1) / values[:kept])
        return cls(mean, kernel.astype(np.float64, copy=False))

    def transform(self, embeddings: ArrayLike) -> NDArray[np.float64]:
        """(m, d) -> (m, k).

        Raises:
            DataError: Another width, NaN.
        """
        x = rows_of_width(embeddings, len(self.mean), "whitening")
        found: NDArray[np.float64] = (x - self.mean) @ self.kernel
        return found
