"""Triplet loss over all triples of a labelled batch."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from simcse_core.losses import losses, require_same_shape
from simcse_core.losses.checks import positive_columns, require_groups
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

    The sum over triples is a sum of distances, each times the number of its triples that break the margin:
    only these numbers are counted triple by triple, one positive of each row at a time, in O(B²) memory.

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
    times, active = _signed_counts(distances.detach(), same, other, margin)
    return ((times * distances).sum() + margin * active) / active.clamp(min=1)


def _signed_counts(distances: Tensor, same: Tensor, other: Tensor, margin: float) -> tuple[Tensor, Tensor]:
    """How often each distance enters, (B, B): + as that of a positive, - of a negative; and all triples."""
    positives, given = positive_columns(same)
    times = torch.zeros_like(distances)
    active = times.new_zeros(())
    for column, there in zip(positives.split(1, dim=1), given.split(1, dim=1), strict=True):
        broken = (distances < distances.gather(1, column) + margin) & other & there  # (B, B)
        count = broken.sum(dim=1, keepdim=True).to(times.dtype)
        times = (times - broken.to(times.dtype)).scatter_add(1, column, count)
        active = active + count.sum()
    return times, active
