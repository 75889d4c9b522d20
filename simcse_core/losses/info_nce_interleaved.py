"""InfoNCE over one interleaved batch [a, a', b, b', …]: both views of every other sentence are negatives."""

from __future__ import annotations

from typing import Annotated

from torch import Tensor

from simcse_core.losses import losses
from simcse_core.losses.info_nce import TEMPERATURES, softmax_loss
from simcse_core.losses.layouts import interleaved
from simcse_core.registry import Range


@losses.register(
    "info_nce_interleaved",
    title="InfoNCE, interleaved batch",
    source="Chen et al. 2020 (NT-Xent), arXiv:2002.05709, eq. 1; the batch layout of the SimCSE tutorials",
    equation=r"\ell_i=-\log\frac{e^{s_{i,\pi(i)}/\tau}}{\sum_{j\ne i}e^{s_{ij}/\tau}},"
    r"\quad \pi(i)=i+1-2(i\bmod 2)",
    layout="interleaved",
    on_similarities=softmax_loss,
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
    return softmax_loss(*interleaved(anchor, positive), temperature=temperature)
