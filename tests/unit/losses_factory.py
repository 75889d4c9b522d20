"""Batches for the objectives, and the comparison of a vectorised one with its formula as loops."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


def batch(rows: int, dim: int = 7, *, seed: int = 0, count: int = 2) -> list[Tensor]:
    """`count` random (rows, dim) leaves in float64, related to each other as views of one sentence are."""
    generator = torch.Generator().manual_seed(seed)
    base = torch.randn(rows, dim, generator=generator, dtype=torch.float64)
    noise = [torch.randn(rows, dim, generator=generator, dtype=torch.float64) for _ in range(count)]
    return [(0.5 * base + one).requires_grad_() for one in noise]


def cosine(x: Tensor, y: Tensor) -> Tensor:
    """Cosine of two vectors from its definition."""
    return (x * y).sum() / ((x * x).sum().sqrt() * (y * y).sum().sqrt())


def euclidean(x: Tensor, y: Tensor) -> Tensor:
    """Length of the difference of two different vectors."""
    return ((x - y) ** 2).sum().sqrt()


def interleave(anchor: Tensor, positive: Tensor) -> list[Tensor]:
    """Rows a, a', b, b', …"""
    return [row for pair in zip(anchor, positive, strict=True) for row in pair]


def same(
    mine: Callable[..., Tensor], loops: Callable[..., Tensor], leaves: Sequence[Tensor], *, to: float = 1e-9
) -> None:
    """Assert that two functions of the leaves agree in value and in all gradients, to `to` of the larger of
    1 and the largest entry."""
    got, expected = mine(*leaves), loops(*leaves)
    assert abs(float(got.detach() - expected.detach())) <= to * max(1.0, abs(float(expected.detach())))
    own = torch.autograd.grad(got, leaves, allow_unused=True)
    other = torch.autograd.grad(expected, leaves, allow_unused=True)
    for x, y in zip(own, other, strict=True):
        x, y = (torch.zeros(()) if g is None else g for g in (x, y))
        assert float((x - y).abs().max()) <= to * max(1.0, float(y.abs().max()))
