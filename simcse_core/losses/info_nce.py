"""InfoNCE over two views, with optional hard negatives: the loss of unsupervised and supervised SimCSE."""

from __future__ import annotations

from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor

from simcse_core.errors import DataError
from simcse_core.losses import losses, require_same_shape, unit_rows
from simcse_core.registry import Range

TEMPERATURES = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


@losses.register(
    "info_nce",
    title="InfoNCE, two views",
    source="Gao, Yao & Chen 2021 (SimCSE), arXiv:2104.08821, eq. 1 and 5",
    equation=r"\ell_i=-\log\frac{e^{s_{ii}/\tau}}"
    r"{\sum_j\left(e^{s(h_i,h_j^+)/\tau}+\alpha^{[i=j]}e^{s(h_i,h_j^-)/\tau}\right)}",
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
        negative: (B, d) hard negatives; every anchor meets all of them. `hard_weight` enters as
            + log(weight) on the logit of the anchor's own hard negative only, after division by the
            temperature, as in the released code (whose command-line value is the logarithm).
        temperature: Divides the cosine; smaller looks at the hardest negatives only.
        hard_weight: 1 treats the own hard negative like any other.

    Returns:
        Scalar, mean over anchors, nats. With equal similarities log(B), or log(2B - 1 + weight).

    Raises:
        DataError: The shapes differ, or nothing is left to contrast with (B = 1 and no hard negative).
    """
    given = {"anchor": anchor, "positive": positive}
    require_same_shape(**given if negative is None else {**given, "negative": negative})
    rows = len(anchor)
    if rows == 1 and negative is None:
        raise DataError("One pair has no negatives: in-batch contrast needs two or more pairs.")
    query = unit_rows(anchor)  # (B, d)
    logits = query @ unit_rows(positive).T / temperature  # (B, B)
    if negative is not None:
        hard = query @ unit_rows(negative).T / temperature  # (B, B)
        own = torch.eye(rows, dtype=hard.dtype, device=hard.device)
        hard = hard + own * torch.log(torch.tensor(hard_weight, dtype=hard.dtype, device=hard.device))
        logits = torch.cat([logits, hard], dim=1)  # (B, 2B)
    return F.cross_entropy(logits, torch.arange(rows, device=logits.device))
