"""Circle loss on the rows of candidates of an unlabelled batch."""

from __future__ import annotations

from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor

from simcse_core.losses import losses
from simcse_core.losses.layouts import interleaved, split_positive
from simcse_core.registry import Range

MARGIN = Range(-1.0, 1.0, "Relaxation: positives aim at 1 - m, negatives at m", (0.0, 0.1, 0.25, 0.4))
GAMMA = Range(0.1, 1000.0, "Scale of the logits", (1.0, 20.0, 80.0, 256.0))


def circle_rows(similarities: Tensor, same: Tensor, other: Tensor, *, margin: float, gamma: float) -> Tensor:
    """Circle loss of each row.

    Args:
        similarities: (R, C) cosines; what `same` and `other` leave out is never read.
        same: (R, C) bool, the row's positives, at least one each.
        other: (R, C) bool, the row's negatives, at least one each.
        margin: m.
        gamma: γ.

    Returns:
        (R,), at least 0. The weights [s + m] and [1 + m - s] pass no gradient.
    """
    cosines = similarities.masked_fill(~(same | other), 0.0)
    fixed = cosines.detach()
    repel = gamma * (fixed + margin).clamp(min=0) * (cosines - margin)
    attract = gamma * (1 + margin - fixed).clamp(min=0) * (1 - margin - cosines)
    never = float("-inf")
    gap = repel.masked_fill(~other, never).logsumexp(dim=1) + attract.masked_fill(~same, never).logsumexp(
        dim=1
    )
    return torch.logaddexp(gap, torch.zeros_like(gap))


def circle_loss(
    similarities: Tensor, positive: Tensor, *, margin: float = 0.4, gamma: float = 80.0
) -> Tensor:
    """Circle loss of rows of candidates, each with one positive.

    Args:
        similarities: (R, C) cosines, -inf where a row must not meet a column.
        positive: (R,) int64.
        margin: m.
        gamma: γ.

    Returns:
        Scalar, mean over rows.

    Raises:
        DataError: A row has no negative.
    """
    others, _ = split_positive(similarities, positive)
    same = F.one_hot(positive, similarities.shape[1]).bool()
    return circle_rows(similarities, same, ~torch.isneginf(others), margin=margin, gamma=gamma).mean()


@losses.register(
    "circle",
    title="Circle",
    source="Sun et al. 2020, arXiv:2002.10857, eq. 6; margin 0.4 and scale 80 as in pytorch-metric-learning",
    equation=r"\log\Big(1+\sum_j e^{\gamma[s_j+m]_+(s_j-m)}\sum_ie^{-\gamma[1+m-s_i]_+(s_i-(1-m))}\Big)",
    layout="interleaved",
    on_similarities=circle_loss,
)
def circle(
    anchor: Tensor,
    positive: Tensor,
    *,
    margin: Annotated[float, MARGIN] = 0.4,
    gamma: Annotated[float, GAMMA] = 80.0,
) -> Tensor:
    """Softmax-like loss in which a cosine weighs more the farther it is from its own goal.

    With the weights held at 1 and margin 1/2, where both goals coincide, it would be InfoNCE with
    temperature 1 / gamma.

    Args:
        anchor: (B, d), any length; L2-normalised here.
        positive: (B, d); row i is the partner of anchor i, the other 2B - 2 rows are negatives.
        margin: m.
        gamma: γ; the paper has 256 with margin 0.25 for faces.

    Returns:
        Scalar, mean over the 2B rows.

    Raises:
        DataError: The shapes differ, or B = 1 (no negatives).
    """
    return circle_loss(*interleaved(anchor, positive), margin=margin, gamma=gamma)
