"""Contrastive loss over the hard pairs of a batch only."""

from __future__ import annotations

from typing import Annotated

from torch import Tensor

from simcse_core.errors import DataError
from simcse_core.losses import losses, require_same_shape
from simcse_core.losses.checks import require_binary
from simcse_core.losses.contrastive import MARGIN
from simcse_core.losses.distances import DISTANCE, pair_distances


@losses.register(
    "online_contrastive",
    title="Contrastive, hard pairs only",
    source="OnlineContrastiveLoss of sentence-transformers; after Hadsell et al. 2006",
    equation=r"\sum_{y_i=1,\,D_i>\min_{y=0}D}D_i^2+\sum_{y_i=0,\,D_i<\max_{y=1}D}[m-D_i]_+^2",
    label="binary",
)
def online_contrastive(
    first: Tensor,
    second: Tensor,
    label: Tensor,
    *,
    distance: Annotated[str, DISTANCE] = "cosine",
    margin: Annotated[float, MARGIN] = 0.5,
) -> Tensor:
    """Sum over similar pairs farther than the nearest different one, and the other way round.

    A batch of one label only has no such comparison; its hard pairs are those beyond its own mean distance.

    Args:
        first: (B, d).
        second: (B, d).
        label: (B,), 1 similar or 0 different.
        distance: Of the two sides of a pair.
        margin: m, in the unit of the distance.

    Returns:
        Scalar, a sum and not a mean: it grows with the batch. 0 without a gradient once the batch is sorted.

    Raises:
        DataError: The shapes differ, a label is neither 0 nor 1, or B = 1.
    """
    require_same_shape(first=first, second=second)
    similar = require_binary(label, len(first))
    if len(first) == 1:
        raise DataError(
            "One pair is never harder than the others of its batch.",
            hint="Give two or more pairs, or choose the objective contrastive.",
        )
    distances = pair_distances(first, second, distance)
    near, far = distances[similar], distances[~similar]
    hard_near = near[near > (far.min() if len(far) else near.mean())]
    hard_far = far[far < (near.max() if len(near) else far.mean())]
    return hard_near.square().sum() + (margin - hard_far).clamp(min=0).square().sum()
