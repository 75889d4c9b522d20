"""VICReg: positives together, every dimension spread, no two dimensions alike."""

from __future__ import annotations

from typing import Annotated

from torch import Tensor

from simcse_core.errors import DataError
from simcse_core.losses import full_precision, losses, require_same_shape
from simcse_core.registry import Range

WEIGHTS = (0.0, 1.0, 5.0, 10.0, 25.0, 50.0)


def variance_term(rows: Tensor) -> Tensor:
    """Mean over dimensions of [1 - sqrt(variance + 1e-4)], the variance unbiased: (B, d) -> scalar."""
    return (1 - (rows.var(dim=0) + 1e-4).sqrt()).clamp(min=0).mean()


def covariance_term(rows: Tensor) -> Tensor:
    """Sum of the squared covariances of different dimensions, divided by d: (B, d) -> scalar."""
    centred = rows - rows.mean(dim=0)
    covariance = centred.T @ centred / (len(rows) - 1)  # (d, d)
    return (covariance - covariance.diagonal().diag()).square().sum() / rows.shape[1]


@losses.register(
    "vicreg",
    title="VICReg",
    source="Bardes et al. 2022, arXiv:2105.04906; the variance averaged over the views, as released",
    equation=r"\lambda\,\overline{(z-z')^2}+\tfrac{\mu}{2}\big(V(z)+V(z')\big)+\nu\big(C(z)+C(z')\big)",
)
def vicreg(
    anchor: Tensor,
    positive: Tensor,
    *,
    invariance_weight: Annotated[
        float, Range(0.0, 1000.0, "Weight of the distance of positives", WEIGHTS)
    ] = 25.0,
    variance_weight: Annotated[
        float, Range(0.0, 1000.0, "Weight of the spread of dimensions", WEIGHTS)
    ] = 25.0,
    covariance_weight: Annotated[float, Range(0.0, 1000.0, "Weight of alike dimensions", WEIGHTS)] = 1.0,
) -> Tensor:
    """Squared distance of positives, plus a hinge on each dimension's spread, plus squared covariances.

    No row is contrasted with another one. The spread aims at a standard deviation of 1, which vectors of
    length 1 cannot reach (theirs is at most 1 / sqrt(d) on average): it needs embeddings at their own length.

    Args:
        anchor: (B, d), at its own length: not L2-normalised.
        positive: (B, d); row i is the partner of anchor i.
        invariance_weight: λ, of the mean over B and d.
        variance_weight: μ.
        covariance_weight: ν.

    Returns:
        Scalar, at least 0; a collapsed batch costs 0.99 times the variance weight.

    Raises:
        DataError: The shapes differ, or B = 1 (no variance).
    """
    require_same_shape(anchor=anchor, positive=positive)
    if len(anchor) == 1:
        raise DataError("One pair has no variance over the batch: VICReg needs two or more pairs.")
    x, y = full_precision(anchor), full_precision(positive)
    together = (x - y).square().mean()
    spread = (variance_term(x) + variance_term(y)) / 2
    alike = covariance_term(x) + covariance_term(y)
    return invariance_weight * together + variance_weight * spread + covariance_weight * alike
