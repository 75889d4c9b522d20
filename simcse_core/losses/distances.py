"""Cosines and distances of pairs of rows, with gradients that stay finite where two rows coincide."""

from __future__ import annotations

import torch
from torch import Tensor

from simcse_core.losses import full_precision, unit_rows
from simcse_core.registry import Choice

DISTANCE = Choice(("euclidean", "cosine"), "Length of the difference, or 1 - cosine")


TINY = 1e-12
"""Least length that is divided by, as in torch's `normalize`: the cosine with a row of zeros is 0."""


def pair_cosines(first: Tensor, second: Tensor) -> Tensor:
    """Cosine of row i of `first` with row i of `second`: two (B, d) -> (B,)."""
    u, v = full_precision(first), full_precision(second)
    return (u * v).sum(dim=1) / (row_lengths(u) * row_lengths(v))


def row_lengths(rows: Tensor) -> Tensor:
    """Length of each row, to divide by: (B, d) -> (B,), above 0."""
    lengths: Tensor = torch.linalg.vector_norm(rows, dim=1).clamp(min=TINY)
    return lengths


def pair_distances(first: Tensor, second: Tensor, distance: str) -> Tensor:
    """Distance of row i of `first` from row i of `second`.

    Args:
        first: (B, d).
        second: (B, d).
        distance: "euclidean" of the rows as they are, or "cosine", 1 - cosine.

    Returns:
        (B,), at least 0. The Euclidean one has gradient 0 where the rows coincide.
    """
    if distance == "cosine":
        return 1 - pair_cosines(first, second)
    apart: Tensor = torch.linalg.vector_norm(full_precision(first) - full_precision(second), dim=1)
    return apart


def all_distances(embedding: Tensor, distance: str) -> Tensor:
    """Distance of every row from every row.

    Args:
        embedding: (B, d).
        distance: As for `pair_distances`.

    Returns:
        (B, B), exactly 0 on the diagonal, which passes no gradient.
    """
    itself = torch.eye(len(embedding), dtype=torch.bool, device=embedding.device)
    if distance == "cosine":
        rows = unit_rows(embedding)
        return (1 - rows @ rows.T).masked_fill(itself, 0.0)
    rows = full_precision(embedding)
    # the products are of centred rows: a common offset would cancel in the result, but not in its rounding
    rows = rows - rows.mean(dim=0).detach()
    squares = rows.square().sum(dim=1)  # (B,)
    squared = squares[:, None] + squares[None, :] - 2 * rows @ rows.T
    zero = itself | (squared <= 0)
    return squared.masked_fill(zero, 1.0).sqrt().masked_fill(zero, 0.0)
