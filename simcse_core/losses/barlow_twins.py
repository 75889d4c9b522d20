"""Barlow Twins: the dimensions of the two views correlate with themselves and with no other."""

from __future__ import annotations

from typing import Annotated

import torch.nn.functional as F
from torch import Tensor

from simcse_core.errors import DataError
from simcse_core.losses import full_precision, losses, require_same_shape
from simcse_core.registry import Range


@losses.register(
    "barlow_twins",
    title="Barlow Twins",
    source="Zbontar et al. 2021, arXiv:2103.03230, eq. 1 and 2; λ = 0.0051 as released",
    equation=r"\sum_i(1-C_{ii})^2+\lambda\sum_{i\ne j}C_{ij}^2,\quad C=\tfrac1BZ^\top Z'",
)
def barlow_twins(
    anchor: Tensor,
    positive: Tensor,
    *,
    redundancy_weight: Annotated[
        float, Range(0.0, 1.0, "Weight of correlations between dimensions", (0.001, 0.0051, 0.02, 0.1))
    ] = 0.0051,
) -> Tensor:
    """Cross-correlation of the views' dimensions, driven to the identity matrix.

    No row is contrasted with another one. Each dimension is standardised over the batch (variance of B, plus
    1e-5, as in batch normalisation), so batches of a few rows say little: at B = 2 every entry is 1 or -1.

    Args:
        anchor: (B, d), at its own length: not L2-normalised.
        positive: (B, d); row i is the partner of anchor i.
        redundancy_weight: λ.

    Returns:
        Scalar, a sum over d dimensions and not a mean; about 4d when the views are opposite.

    Raises:
        DataError: The shapes differ, or B = 1 (no variance).
    """
    require_same_shape(anchor=anchor, positive=positive)
    if len(anchor) == 1:
        raise DataError("One pair has no variance over the batch: Barlow Twins needs many pairs.")
    first, second = (F.batch_norm(full_precision(x), None, None, training=True) for x in (anchor, positive))
    correlation = first.T @ second / len(first)  # (d, d)
    diagonal = correlation.diagonal()
    redundant = (correlation - diagonal.diag()).square().sum()
    return (1 - diagonal).square().sum() + redundancy_weight * redundant
