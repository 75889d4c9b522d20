"""Triplet loss with semi-hard negatives from a labelled batch."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from simcse_core.losses import losses, require_same_shape
from simcse_core.losses.checks import positive_columns, require_groups
from simcse_core.losses.distances import DISTANCE, all_distances
from simcse_core.losses.triplet import MARGIN, hinge


@losses.register(
    "triplet_semi_hard",
    title="Triplet, semi-hard negatives",
    source="Schroff et al. 2015 (FaceNet), arXiv:1503.03832, sec. 3.2; margin 5 as in sentence-transformers",
    equation=r"\overline{\big[D_{ap}-D_{an^*}+m\big]_+},\quad "
    r"n^*=\arg\min_{D_{an}>D_{ap}}D_{an},\ \text{else}\ \arg\max D_{an}",
    label="group",
)
def triplet_semi_hard(
    embedding: Tensor,
    label: Tensor,
    *,
    distance: Annotated[str, DISTANCE] = "euclidean",
    margin: Annotated[float, MARGIN] = 5.0,
) -> Tensor:
    """Each positive pair against the nearest negative that is farther than the positive.

    Where every negative is nearer than the positive, the farthest of them is taken. The hardest negatives,
    which early in training collapse the space, are so avoided.

    Args:
        embedding: (B, d); used at its own length by the Euclidean distance.
        label: (B,); rows with equal labels are positives of each other.
        distance: Between rows.
        margin: m, in the unit of the distance.

    Returns:
        Scalar, at least 0: mean over all ordered positive pairs whose anchor has a negative.

    Raises:
        DataError: The shapes do not fit, or the labels make no triple.
    """
    require_same_shape(embedding=embedding)
    same, other = require_groups(label, len(embedding))
    distances = all_distances(embedding, distance)
    negatives, order = distances.detach().masked_fill(~other, float("inf")).sort(dim=1)  # nearest first
    positives, given = positive_columns(same)
    near = distances.gather(1, positives)  # (B, K)
    beyond = torch.searchsorted(negatives, near.detach(), right=True)
    last = (other.sum(dim=1, keepdim=True) - 1).clamp(min=0)  # the farthest negative
    far = distances.gather(1, order.gather(1, torch.minimum(beyond, last)))
    pairs = given & other.any(dim=1, keepdim=True)
    return hinge((near - far)[pairs], margin=margin, soft=False).mean()
