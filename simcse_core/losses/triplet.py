"""Triplet loss over given triples."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from simcse_core.losses import losses, require_same_shape
from simcse_core.losses.distances import DISTANCE, pair_distances
from simcse_core.registry import Range

MARGIN = Range(
    0.0,
    10.0,
    "How much nearer the positive must be, in the unit of the distance",
    (0.05, 0.2, 0.5, 1.0, 2.0, 5.0),
)
SOFT = Range(0, 1, "log(1 + e^x) instead of a margin")


def hinge(gap: Tensor, *, margin: float, soft: bool) -> Tensor:
    """Price of each gap, distance to the positive - to the negative: max(0, gap + margin) or softplus."""
    return torch.logaddexp(gap, torch.zeros_like(gap)) if soft else (gap + margin).clamp(min=0)


@losses.register(
    "triplet",
    title="Triplet",
    source="Schroff et al. 2015, arXiv:1503.03832, sec. 3.1; margin 1 from Reimers & Gurevych 2019, "
    "arXiv:1908.10084, sec. 3; soft margin from Hermans et al. 2017, arXiv:1703.07737",
    equation=r"\overline{\big[D(a_i,p_i)-D(a_i,n_i)+m\big]_+}\quad\text{or}\quad"
    r"\overline{\log\big(1+e^{D(a_i,p_i)-D(a_i,n_i)}\big)}",
)
def triplet(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance: Annotated[str, DISTANCE] = "euclidean",
    margin: Annotated[float, MARGIN] = 1.0,
    soft: Annotated[bool, SOFT] = False,
) -> Tensor:
    """Each anchor's positive has to be nearer than its own negative, by a margin.

    Args:
        anchor: (B, d); used at its own length by the Euclidean distance.
        positive: (B, d).
        negative: (B, d); row i is compared with triple i only.
        distance: With "cosine" a margin above 2 never switches off.
        margin: m; unused when `soft`.
        soft: Softplus of the gap, which never switches off.

    Returns:
        Scalar, mean over the B triples, at least 0. A triple that keeps the margin has no gradient.

    Raises:
        DataError: The shapes differ.
    """
    require_same_shape(anchor=anchor, positive=positive, negative=negative)
    gap = pair_distances(anchor, positive, distance) - pair_distances(anchor, negative, distance)
    return hinge(gap, margin=margin, soft=soft).mean()
