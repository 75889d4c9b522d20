"""An additive Glow on vectors: the map, its inverse and its log-determinant, in NumPy or torch alike.

Kingma & Dhariwal 2018, arXiv:1807.03039, as BERT-flow uses it (Li et al. 2020, arXiv:2011.05864, sec. 3.2):
levels of steps (actnorm, fixed permutation, additive coupling); after every level but the last, half of the
numbers leave, standardised by a Gaussian whose mean and scale are read off the half that stays. No torch at
import: functions take the array module `xp` they compute with.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEVELS, DEPTH, WIDTH = 3, 3, 32  # the released BERT-flow
WIDEST = 2.0  # bound of the log-scale of a leaving half, so that no variance is divided by next to nothing

Parts = Mapping[str, Any]


@dataclass(frozen=True)
class Shape:
    """Sizes of a flow.

    Attributes:
        dimension: d, numbers in a row, 2 or more.
        levels: Levels, fewer than asked for where d is too small to be halved so often.
        depth: Steps in a level.
        width: Hidden units of a coupling.
    """

    dimension: int
    levels: int = LEVELS
    depth: int = DEPTH
    width: int = WIDTH

    @property
    def sizes(self) -> tuple[int, ...]:
        """Numbers still in the flow at each level; at least two."""
        found = [self.dimension]
        while len(found) < self.levels and found[-1] >= 4:
            found.append(found[-1] - found[-1] // 2)
        return tuple(found)

    def parameters(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Name and shape of every parameter, in the order in which they lie in the flat vector."""
        for level, n in enumerate(self.sizes):
            half = n // 2
            for step in range(self.depth):
                at = f"{level}.{step}"
                yield f"{at}.bias", (n,)
                yield f"{at}.logs", (n,)
                yield from ((f"{at}.w1", (half, self.width)), (f"{at}.b1", (self.width,)))
                yield from ((f"{at}.w2", (self.width, self.width)), (f"{at}.b2", (self.width,)))
                yield from ((f"{at}.w3", (self.width, n - half)), (f"{at}.b3", (n - half,)))
            if level + 1 < len(self.sizes):
                yield from ((f"{level}.ws", (n - half, 2 * half)), (f"{level}.bs", (2 * half,)))

    @property
    def count(self) -> int:
        """Parameters in all."""
        return sum(math.prod(shape) for _, shape in self.parameters())

    def parts(self, flat: Any) -> dict[str, Any]:
        """Views of the flat vector (`count`,) by name."""
        found, start = {}, 0
        for name, shape in self.parameters():
            stop = start + math.prod(shape)
            found[name] = flat[start:stop].reshape(shape)
            start = stop
        return found

    def orders(self, rng: np.random.Generator) -> list[NDArray[np.int64]]:
        """A random permutation for every step."""
        return [rng.permutation(n) for n in self.sizes for _ in range(self.depth)]

    def split_orders(self, flat: NDArray[np.float64]) -> list[NDArray[np.int64]]:
        """The permutations kept in one vector."""
        ends = np.cumsum([n for n in self.sizes for _ in range(self.depth)])
        return [part.astype(np.int64) for part in np.split(flat, ends[:-1])]


def initial(shape: Shape, rng: np.random.Generator) -> NDArray[np.float64]:
    """Flat parameters of a flow that only permutes: hidden layers drawn, last layers zero."""
    flat = np.zeros(shape.count)
    for name, part in shape.parts(flat).items():
        if name.endswith((".w1", ".w2")):
            part[:] = rng.normal(scale=math.sqrt(2 / max(1, part.shape[0])), size=part.shape)
    return flat


def forward(
    x: Any, parts: Parts, orders: list[NDArray[np.int64]], shape: Shape, xp: Any, *, fit_norms: bool = False
) -> tuple[Any, Any]:
    """Embeddings to latents.

    Args:
        x: (n, d).
        parts: From `Shape.parts`.
        orders: One permutation a step.
        shape: Sizes.
        xp: `numpy` or `torch`.
        fit_norms: Set each actnorm from `x`, in place, so that it gives mean 0 and deviation 1 (NumPy only).

    Returns:
        (n, d) latents, the half that left first in front, and (n,) log |det| of the Jacobian.
    """
    latents = []
    total = x[:, 0] * 0.0
    for level, n in enumerate(shape.sizes):
        for step in range(shape.depth):
            at = f"{level}.{step}"
            if fit_norms:
                _set_norm(x, parts[f"{at}.bias"], parts[f"{at}.logs"])
            x = (x + parts[f"{at}.bias"]) * xp.exp(parts[f"{at}.logs"])
            total = total + parts[f"{at}.logs"].sum()
            x = x[:, orders[level * shape.depth + step]]
            kept = x[:, : n // 2]
            x = xp.concatenate([kept, x[:, n // 2 :] + _shift(kept, parts, at)], axis=1)
        if level + 1 < len(shape.sizes):
            leaving, x = x[:, : n // 2], x[:, n // 2 :]
            mean, scale = _prior(x, parts, level, xp)
            latents.append((leaving - mean) * xp.exp(-scale))
            total = total - scale.sum(axis=1)
    return xp.concatenate([*latents, x], axis=1), total


def backward(z: Any, parts: Parts, orders: list[NDArray[np.int64]], shape: Shape, xp: Any) -> Any:
    """Latents (n, d) to embeddings (n, d): the inverse of `forward`."""
    sizes = shape.sizes
    left = [n // 2 for n in sizes[:-1]]
    places = np.cumsum([0, *left])
    x = z[:, places[-1] :]
    for level in range(len(sizes) - 1, -1, -1):
        n = sizes[level]
        if level + 1 < len(sizes):
            mean, scale = _prior(x, parts, level, xp)
            leaving = z[:, places[level] : places[level] + n // 2] * xp.exp(scale) + mean
            x = xp.concatenate([leaving, x], axis=1)
        for step in range(shape.depth - 1, -1, -1):
            at = f"{level}.{step}"
            kept = x[:, : n // 2]
            x = xp.concatenate([kept, x[:, n // 2 :] - _shift(kept, parts, at)], axis=1)
            x = x[:, np.argsort(orders[level * shape.depth + step])]
            x = x * xp.exp(-parts[f"{at}.logs"]) - parts[f"{at}.bias"]
    return x


def surprise(latents: Any, log_det: Any) -> Any:
    """Negative log-likelihood of each row under a standard normal latent, nats per dimension, (n,)."""
    d = latents.shape[1]
    return (0.5 * (latents * latents).sum(axis=1) + 0.5 * d * math.log(2 * math.pi) - log_det) / d


def _shift(kept: Any, parts: Parts, at: str) -> Any:
    """What a coupling adds to one half, read off the other: three dense layers with ReLU between."""
    hidden = kept @ parts[f"{at}.w1"] + parts[f"{at}.b1"]
    hidden = (hidden * (hidden > 0)) @ parts[f"{at}.w2"] + parts[f"{at}.b2"]
    return (hidden * (hidden > 0)) @ parts[f"{at}.w3"] + parts[f"{at}.b3"]


def _prior(kept: Any, parts: Parts, level: int, xp: Any) -> tuple[Any, Any]:
    """Mean and log-scale of the half that leaves, given the half that stays."""
    both = kept @ parts[f"{level}.ws"] + parts[f"{level}.bs"]
    half = both.shape[1] // 2
    return both[:, :half], WIDEST * xp.tanh(both[:, half:] / WIDEST)


def _set_norm(x: NDArray[np.float64], bias: NDArray[np.float64], logs: NDArray[np.float64]) -> None:
    deviation = x.std(axis=0)
    varies = deviation > 1e-6 * max(float(deviation.max()), np.finfo(np.float64).tiny)
    bias[:] = -x.mean(axis=0)
    logs[:] = -np.log(np.where(varies, deviation, 1.0))
