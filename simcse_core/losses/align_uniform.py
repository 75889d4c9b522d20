"""Alignment and uniformity, optimised directly."""

from __future__ import annotations

import math
from typing import Annotated

import torch
from torch import Tensor

from simcse_core.errors import DataError
from simcse_core.losses import losses, require_same_shape, unit_rows
from simcse_core.registry import Range


def uniformity_of(rows: Tensor, t: float) -> Tensor:
    """Log of the mean of e^{-t |x - y|²} over the pairs of different rows.

    Args:
        rows: (B, d) at length 1, B above 1.
        t: Inverse width of the kernel.

    Returns:
        Scalar in [-4t, 0].
    """
    count = len(rows)
    upper = torch.triu_indices(count, count, offset=1, device=rows.device)
    squared = 2 - 2 * (rows @ rows.T)[upper[0], upper[1]]
    return (-t * squared).logsumexp(dim=0) - math.log(count * (count - 1) // 2)


@losses.register(
    "align_uniform",
    title="Alignment and uniformity",
    source="Wang & Isola 2020, arXiv:2005.10242, sec. 4; both sides' uniformity averaged, as in lightly",
    equation=r"\overline{\lVert\hat h_i-\hat h_i^+\rVert^{\alpha}}"
    r"+\tfrac{\lambda}{2}\big(U(\hat h)+U(\hat h^+)\big),"
    r"\quad U(x)=\log\overline{e^{-t\lVert x_i-x_j\rVert^2}}",
)
def align_uniform(
    anchor: Tensor,
    positive: Tensor,
    *,
    alpha: Annotated[float, Range(1.0, 4.0, "Power of the distance of positives", (1.0, 2.0, 4.0))] = 2.0,
    t: Annotated[
        float, Range(0.01, 50.0, "Inverse width of the uniformity kernel", (0.5, 1.0, 2.0, 5.0, 10.0))
    ] = 2.0,
    uniform_weight: Annotated[
        float, Range(0.0, 100.0, "Weight of uniformity against alignment", (0.0, 0.5, 1.0, 2.0, 5.0))
    ] = 1.0,
) -> Tensor:
    """Distance of positives plus the log of how crowded each side is.

    The default t is that of the metric `uniformity`; lightly's is 1. InfoNCE at temperature τ looks as far
    as t = 1 / (2τ): 10 at τ = 0.05.

    Args:
        anchor: (B, d), any length; L2-normalised here.
        positive: (B, d); row i is the partner of anchor i.
        alpha: Power of the distance.
        t: Of the kernel; each side's pairs are counted once.
        uniform_weight: λ.

    Returns:
        Scalar. All rows equal give 0.

    Raises:
        DataError: The shapes differ, or B = 1 (no two rows to keep apart).
    """
    require_same_shape(anchor=anchor, positive=positive)
    if len(anchor) == 1:
        raise DataError("One row cannot be spread: uniformity needs two or more pairs.")
    x, y = unit_rows(anchor), unit_rows(positive)
    apart: Tensor = torch.linalg.vector_norm(x - y, dim=1).pow(alpha).mean()
    return apart + uniform_weight / 2 * (uniformity_of(x, t) + uniformity_of(y, t))
