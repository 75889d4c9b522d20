"""BERT-flow: an invertible map, learned without labels, that makes embeddings a standard Gaussian."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.errors import DataError
from simcse_core.postprocess import glow
from simcse_core.postprocess.base import postprocessors, rows_of_width, rows_to_fit
from simcse_core.registry import Range

LEAST = 50  # rows, whatever the width
BATCH = 64
RATE = 1e-3
HELD_OUT = 0.1  # share of the rows on which the epoch is chosen
SEED = 0


@postprocessors.register(
    "flow",
    title="BERT-flow",
    source="Li et al. 2020, arXiv:2011.05864, sec. 3.2; Glow: Kingma & Dhariwal 2018, arXiv:1807.03039",
    equation=r"\tilde h=f^{-1}(h),\quad\max_f\;\log\mathcal N(f^{-1}(h);0,I)"
    r"+\log\big|\det\tfrac{\partial f^{-1}}{\partial h}\big|",
)
@dataclass(frozen=True, eq=False)
class Flow:
    """Latents of an additive Glow, 3 levels of 3 steps, learned to be a standard normal on the rows.

    Deviations from the released code: epochs instead of one pass over a million sentences, the epoch being
    chosen on a held-out tenth; no normalisation inside the couplings; the log-scale of a leaving half is
    bounded. Learning is deterministic, on the CPU; the map itself needs NumPy only.
    """

    weights: NDArray[np.float64]  # (p,), all parameters in the order of `Shape.parameters`
    orders: NDArray[np.float64]  # the permutations of all steps, joined
    sizes: NDArray[np.float64]  # (4,): dimension, levels, depth, width
    nll: NDArray[np.float64]  # (epochs + 1,) of the held-out rows, nats per dimension

    @classmethod
    def fit(
        cls,
        embeddings: ArrayLike,
        *,
        epochs: Annotated[int, Range(1, 500, "Passes over the sentences", (5, 10, 20, 50))] = 20,
    ) -> Self:
        """Learn from (n, d) embeddings.

        Raises:
            DataError: Fewer rows than dimensions or than 50, one dimension, wrong shape, NaN, or equal rows.
        """
        x = rows_to_fit(embeddings, "flow")
        n, d = x.shape
        if d < 2:
            raise DataError("flow needs rows of two or more numbers; got 1.")
        if n < max(LEAST, d):
            raise DataError(
                f"flow is learned from {max(LEAST, d)} or more rows of {d} numbers; got {n}.",
                hint="Fit it on more sentences (thousands are better), or use whitening.",
            )
        if not x.std(axis=0).any():
            raise DataError("flow: all rows are equal, so there is nothing to learn.")
        rng = np.random.default_rng(SEED)
        shape = glow.Shape(d)
        orders = shape.orders(rng)
        mixed = x[rng.permutation(n)]
        held, seen = np.split(mixed, [max(2, int(HELD_OUT * n))])
        flat = glow.initial(shape, rng)
        glow.forward(seen, shape.parts(flat), orders, shape, np, fit_norms=True)
        best, trace = _learn(flat, held, seen, orders, shape, epochs, rng)
        sizes = np.array([shape.dimension, shape.levels, shape.depth, shape.width], dtype=np.float64)
        return cls(best, np.concatenate(orders).astype(np.float64), sizes, np.array(trace))

    def transform(self, embeddings: ArrayLike) -> NDArray[np.float64]:
        """(m, d) -> (m, d) latents.

        Raises:
            DataError: Another width, NaN.
        """
        found: NDArray[np.float64] = self._latents(embeddings)[0]
        return found

    def inverse(self, latents: ArrayLike) -> NDArray[np.float64]:
        """(m, d) latents back to embeddings.

        Raises:
            DataError: Another width, NaN.
        """
        shape, parts, orders = self._map()
        z = rows_of_width(latents, shape.dimension, "flow")
        found: NDArray[np.float64] = glow.backward(z, parts, orders, shape, np)
        return found

    def log_determinant(self, embeddings: ArrayLike) -> NDArray[np.float64]:
        """Log |det| of the Jacobian at (m, d) embeddings, (m,), nats.

        Raises:
            DataError: Another width, NaN.
        """
        found: NDArray[np.float64] = self._latents(embeddings)[1]
        return found

    def _map(self) -> tuple[glow.Shape, glow.Parts, list[NDArray[np.int64]]]:
        shape = glow.Shape(*(int(number) for number in self.sizes))
        if self.weights.shape != (shape.count,):
            raise DataError(f"flow: {self.weights.size} parameters where {shape.count} are needed.")
        return shape, shape.parts(self.weights), shape.split_orders(self.orders)

    def _latents(self, embeddings: ArrayLike) -> tuple[Any, Any]:
        shape, parts, orders = self._map()
        x = rows_of_width(embeddings, shape.dimension, "flow")
        return glow.forward(x, parts, orders, shape, np)


def _learn(
    flat: NDArray[np.float64],
    held: NDArray[np.float64],
    seen: NDArray[np.float64],
    orders: list[NDArray[np.int64]],
    shape: glow.Shape,
    epochs: int,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], list[float]]:
    """Adam on the likelihood; the parameters of the best epoch, and the held-out value after each."""
    import torch

    weights = torch.tensor(flat, dtype=torch.float32, requires_grad=True)
    rows = torch.from_numpy(seen).float()
    optimizer = torch.optim.Adam([weights], lr=RATE)
    best, trace = flat, [_held_out(flat, held, orders, shape)]
    for _ in range(epochs):
        for batch in _batches(len(rows), rng):
            parts = shape.parts(weights)
            loss = glow.surprise(*glow.forward(rows[batch], parts, orders, shape, torch)).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        now = weights.detach().double().numpy().copy()
        trace.append(_held_out(now, held, orders, shape))
        if trace[-1] <= min(trace):
            best = now
    return best, trace


def _held_out(
    flat: NDArray[np.float64], held: NDArray[np.float64], orders: list[NDArray[np.int64]], shape: glow.Shape
) -> float:
    return float(glow.surprise(*glow.forward(held, shape.parts(flat), orders, shape, np)).mean())


def _batches(n: int, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    order = rng.permutation(n)
    for start in range(0, n, BATCH):
        yield order[start : start + BATCH]
