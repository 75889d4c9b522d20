"""InfoNCE over two views, with optional hard negatives: the loss of unsupervised and supervised SimCSE."""

from __future__ import annotations

import math
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor

from simcse_core.losses import losses
from simcse_core.losses.layouts import two_view
from simcse_core.registry import Range

TEMPERATURES = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


def softmax_loss(
    similarities: Tensor, positive: Tensor, *, temperature: float = 0.05, hard_weight: float = 1.0
) -> Tensor:
    """InfoNCE of rows of candidates: the cross-entropy of finding the positive.

    Args:
        similarities: (R, C), -inf where a row must not meet a column; with C = 2R the second half are hard
            negatives, of which column R + i is row i's own.
        positive: (R,) int64.
        temperature: Divides the similarities.
        hard_weight: Enters as + log(weight) on the logit of the own hard negative only, after division by
            the temperature, as in the released code (whose command-line value is the logarithm).

    Returns:
        Scalar, mean over rows, nats.
    """
    logits = similarities / temperature
    rows = len(logits)
    if hard_weight != 1.0 and logits.shape[1] == 2 * rows:
        own = torch.eye(rows, dtype=logits.dtype, device=logits.device)
        logits = logits + math.log(hard_weight) * torch.cat([torch.zeros_like(own), own], dim=1)
    return F.cross_entropy(logits, positive)


@losses.register(
    "info_nce",
    title="InfoNCE, two views",
    source="Gao, Yao & Chen 2021 (SimCSE), arXiv:2104.08821, eq. 1 and 5",
    equation=r"\ell_i=-\log\frac{e^{s_{ii}/\tau}}"
    r"{\sum_j\left(e^{s(h_i,h_j^+)/\tau}+\alpha^{[i=j]}e^{s(h_i,h_j^-)/\tau}\right)}",
    layout="two_view",
    on_similarities=softmax_loss,
)
def info_nce(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor | None = None,
    *,
    temperature: Annotated[float, Range(0.001, 10.0, "Divides the cosine", TEMPERATURES)] = 0.05,
    hard_weight: Annotated[float, Range(0.001, 100.0, "Weight of an anchor's own hard negative")] = 1.0,
) -> Tensor:
    """Softmax loss that finds each anchor's positive among all positives of the batch.

    Args:
        anchor: (B, d), any length; L2-normalised here.
        positive: (B, d); row i is the partner of anchor i, every other row is its negative.
        negative: (B, d) hard negatives; every anchor meets all of them.
        temperature: Divides the cosine; smaller looks at the hardest negatives only.
        hard_weight: 1 treats the own hard negative like any other.

    Returns:
        Scalar, mean over anchors, nats. With equal similarities log(B), or log(2B - 1 + weight).

    Raises:
        DataError: The shapes differ, or nothing is left to contrast with (B = 1 and no hard negative).
    """
    candidates = two_view(anchor, positive, negative)
    return softmax_loss(*candidates, temperature=temperature, hard_weight=hard_weight)
