"""Triplet loss over all triples of a labelled batch."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from simcse_core.losses import losses, require_same_shape
from simcse_core.losses.checks import require_groups
from simcse_core.losses.distances import DISTANCE, all_distances
from simcse_core.losses.triplet import MARGIN


@losses.register(
    "triplet_batch_all",
    title="Triplet, all of the batch",
    source="Hermans et al. 2017, arXiv:1703.07737, batch all without the zeros; margin 5 as in "
    "sentence-transformers",
    equation=r"\frac{1}{|\mathcal A|}\sum_{(a,p,n)\in\mathcal A}\big(D_{ap}-D_{an}+m\big),\quad "
    r"\mathcal A=\{y_a=y_p\ne y_n,\ D_{ap}-D_{an}+m>0\}",
    label="group",
)
def triplet_batch_all(
    embedding: Tensor,
    label: Tensor,
    *,
    distance: Annotated[str, DISTANCE] = "euclidean",
    margin: Annotated[float, MARGIN] = 5.0,
) -> Tensor:
    """Mean over the triples of the batch that break the margin.

    All O(B³) triples are counted in O(B² log B) time and O(B²) memory: with the negatives of an anchor
    sorted, those that a positive violates are the first k, and their sum is a prefix sum.

    Args:
        embedding: (B, d); used at its own length by the Euclidean distance.
        label: (B,); rows with equal labels are positives of each other.
        distance: Between rows.
        margin: m, in the unit of the distance.

    Returns:
        Scalar, at least 0; 0 without a gradient once no triple breaks the margin.

    Raises:
        DataError: The shapes do not fit, or the labels make no triple.
    """
    require_same_shape(embedding=embedding)
    same, other = require_groups(label, len(embedding))
    distances = all_distances(embedding, distance)
    negatives = distances.masked_fill(~other, float("inf")).sort(dim=1).values  # (B, B), nearest first
    limits = (distances + margin).contiguous()
    count = torch.searchsorted(negatives.detach(), limits.detach())  # negatives nearer than the limit
    count = count.masked_fill(~same, 0)
    sums = negatives.masked_fill(negatives.isinf(), 0.0).cumsum(dim=1)  # (B, B), of the first 1, 2, … B
    nearer = torch.nn.functional.pad(sums, (1, 0)).gather(1, count)
    active = count.sum()
    return (limits * count - nearer).sum() / active.clamp(min=1)
