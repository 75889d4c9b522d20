"""Focal-InfoNCE: logits that are squares of the cosine."""

from __future__ import annotations

from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor

from simcse_core.losses import losses
from simcse_core.losses.info_nce import TEMPERATURES
from simcse_core.losses.layouts import two_view
from simcse_core.registry import Range


def focal_softmax_loss(
    similarities: Tensor, positive: Tensor, *, temperature: float = 0.05, margin: float = 0.3
) -> Tensor:
    """Focal-InfoNCE of rows of candidates.

    Args:
        similarities: (R, C), -inf where a row must not meet a column.
        positive: (R,) int64.
        temperature: Divides the squares.
        margin: Added to one factor of a negative's square.

    Returns:
        Scalar, mean over rows, nats.
    """
    masked = torch.isneginf(similarities)
    cosines = similarities.masked_fill(masked, 0.0)  # the square of -inf is +inf
    own = F.one_hot(positive, similarities.shape[1]).to(cosines.dtype)
    logits = cosines * (cosines + margin * (1 - own)) / temperature
    return F.cross_entropy(logits.masked_fill(masked, float("-inf")), positive)


@losses.register(
    "focal_info_nce",
    title="Focal-InfoNCE",
    source="Hou & Li 2023, arXiv:2310.06918, and the authors' code (puerrrr/Focal-InfoNCE)",
    equation=r"\ell_i=-\log\frac{e^{s_{ii}^2/\tau}}{e^{s_{ii}^2/\tau}"
    r"+\sum_{j\ne i}e^{s_{ij}(s_{ij}+m)/\tau}}",
    layout="two_view",
    on_similarities=focal_softmax_loss,
)
def focal_info_nce(
    anchor: Tensor,
    positive: Tensor,
    *,
    temperature: Annotated[float, Range(0.001, 10.0, "Divides the squares", TEMPERATURES)] = 0.05,
    margin: Annotated[
        float, Range(0.0, 1.0, "Raises the push on negatives of middling cosine", (0.0, 0.1, 0.2, 0.3, 0.5))
    ] = 0.3,
) -> Tensor:
    """Softmax loss that weighs pull and push by the cosine itself.

    The slope in a positive cosine is 2 s (p - 1) / temperature: it vanishes at 0 and is a push below it. A
    negative is repelled above -margin / 2 only, and attracted to that value from below.

    Args:
        anchor: (B, d), any length; L2-normalised here.
        positive: (B, d); row i is the partner of anchor i, every other row is its negative.
        temperature: Divides the squares.
        margin: m, in cosine.

    Returns:
        Scalar, mean over anchors, nats.

    Raises:
        DataError: The shapes differ, or B = 1 (no negatives).
    """
    return focal_softmax_loss(*two_view(anchor, positive), temperature=temperature, margin=margin)
