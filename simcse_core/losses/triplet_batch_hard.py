"""Triplet loss with the hardest positive and the hardest negative of each row of a labelled batch."""

from __future__ import annotations

from typing import Annotated

from torch import Tensor

from simcse_core.losses import losses, require_same_shape
from simcse_core.losses.checks import require_groups
from simcse_core.losses.distances import DISTANCE, all_distances
from simcse_core.losses.triplet import MARGIN, SOFT, hinge


@losses.register(
    "triplet_batch_hard",
    title="Triplet, hardest of the batch",
    source="Hermans et al. 2017, arXiv:1703.07737, batch hard; margin 5 as in sentence-transformers",
    equation=r"\overline{\Big[\max_{y_p=y_a}D_{ap}-\min_{y_n\ne y_a}D_{an}+m\Big]_+}",
    label="group",
)
def triplet_batch_hard(
    embedding: Tensor,
    label: Tensor,
    *,
    distance: Annotated[str, DISTANCE] = "euclidean",
    margin: Annotated[float, MARGIN] = 5.0,
    soft: Annotated[bool, SOFT] = False,
) -> Tensor:
    """Each row's farthest positive has to be nearer than its nearest negative, by a margin.

    Args:
        embedding: (B, d); used at its own length by the Euclidean distance.
        label: (B,); rows with equal labels are positives of each other.
        distance: Between rows.
        margin: m, in the unit of the distance; unused when `soft`.
        soft: Softplus of the gap instead of a margin.

    Returns:
        Scalar, at least 0: mean over the rows that have both a positive and a negative. Rows without a
        positive are left out; sentence-transformers counts them with distance 0.

    Raises:
        DataError: The shapes do not fit, or no row has both.
    """
    require_same_shape(embedding=embedding)
    same, other = require_groups(label, len(embedding))
    distances = all_distances(embedding, distance)
    plain = distances.detach()
    farthest = plain.masked_fill(~same, float("-inf")).argmax(dim=1, keepdim=True)
    nearest = plain.masked_fill(~other, float("inf")).argmin(dim=1, keepdim=True)
    whole = same.any(dim=1) & other.any(dim=1)
    gap = distances.gather(1, farthest) - distances.gather(1, nearest)
    return hinge(gap[whole], margin=margin, soft=soft).mean()
