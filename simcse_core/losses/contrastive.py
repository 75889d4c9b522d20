"""Contrastive loss of labelled pairs: similar ones to distance 0, different ones beyond a margin."""

from __future__ import annotations

from typing import Annotated

from torch import Tensor

from simcse_core.losses import losses, require_same_shape
from simcse_core.losses.checks import require_binary
from simcse_core.losses.distances import DISTANCE, pair_distances
from simcse_core.registry import Range

MARGIN = Range(
    0.0, 10.0, "Distance beyond which a different pair is left alone", (0.1, 0.3, 0.5, 0.7, 1.0, 2.0)
)


@losses.register(
    "contrastive",
    title="Contrastive, labelled pairs",
    source="Hadsell et al. 2006, eq. 4; cosine distance and margin 0.5 as in sentence-transformers",
    equation=r"\tfrac12\,\overline{y_iD_i^2+(1-y_i)\,[m-D_i]_+^2}",
    label="binary",
)
def contrastive(
    first: Tensor,
    second: Tensor,
    label: Tensor,
    *,
    distance: Annotated[str, DISTANCE] = "cosine",
    margin: Annotated[float, MARGIN] = 0.5,
) -> Tensor:
    """Squared distance of similar pairs, squared shortfall from the margin of different ones.

    Args:
        first: (B, d).
        second: (B, d).
        label: (B,), 1 similar or 0 different.
        distance: Of the two sides of a pair.
        margin: m, in the unit of the distance.

    Returns:
        Scalar, mean over pairs, at least 0.

    Raises:
        DataError: The shapes differ, or a label is neither 0 nor 1.
    """
    require_same_shape(first=first, second=second)
    similar = require_binary(label, len(first))
    distances = pair_distances(first, second, distance)
    squares = distances.where(similar, (margin - distances).clamp(min=0)).square()
    return 0.5 * squares.mean()
