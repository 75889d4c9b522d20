"""InfoNCE over one interleaved batch [a, a', b, b', …]: both views of every other sentence are negatives."""

from __future__ import annotations

from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor

from simcse_core.errors import DataError
from simcse_core.losses import losses, require_same_shape, unit_rows
from simcse_core.losses.info_nce import TEMPERATURES
from simcse_core.registry import Range


@losses.register(
    "info_nce_interleaved",
    title="InfoNCE, interleaved batch",
    source="Chen et al. 2020 (NT-Xent), arXiv:2002.05709, eq. 1; the batch layout of the SimCSE tutorials",
    equation=r"\ell_i=-\log\frac{e^{s_{i,\pi(i)}/\tau}}{\sum_{j\ne i}e^{s_{ij}/\tau}},"
    r"\quad \pi(i)=i+1-2(i\bmod 2)",
)
def info_nce_interleaved(
    anchor: Tensor,
    positive: Tensor,
    *,
    temperature: Annotated[float, Range(0.001, 10.0, "Divides the cosine", TEMPERATURES)] = 0.05,
) -> Tensor:
    """Softmax loss in which each of the 2B rows has one positive and 2B - 2 negatives.

    Not the two-view loss under another name: that one has B - 1 negatives per row and never compares
    a view with its own side.

    Args:
        anchor: (B, d), any length; L2-normalised here. Becomes rows 0, 2, 4, …
        positive: (B, d), partners of the anchors. Becomes rows 1, 3, 5, …
        temperature: Divides the cosine.

    Returns:
        Scalar, mean over the 2B rows, nats; log(2B - 1) when all similarities are equal.

    Raises:
        DataError: The shapes differ, or B = 1 (no negatives).
    """
    require_same_shape(anchor=anchor, positive=positive)
    if len(anchor) == 1:
        raise DataError("One pair has no negatives: in-batch contrast needs two or more pairs.")
    views = unit_rows(torch.stack([anchor, positive], dim=1).flatten(0, 1))  # (2B, d)
    logits = views @ views.T / temperature  # (2B, 2B)
    # -inf and not a large constant: a finite one leaks at small temperatures, or overflows in half precision
    logits = logits.masked_fill(torch.eye(len(views), dtype=torch.bool, device=views.device), float("-inf"))
    return F.cross_entropy(logits, partner_labels(len(views), views))


def partner_labels(rows: int, like: Tensor) -> Tensor:
    """0↔1, 2↔3, …: the row of the other view; (2B,) int64 on the device of `like`."""
    index = torch.arange(rows, device=like.device)
    return index + 1 - 2 * (index % 2)
