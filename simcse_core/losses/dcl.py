"""Decoupled contrastive loss: the positive does not compete with the negatives."""

from __future__ import annotations

from typing import Annotated

from torch import Tensor

from simcse_core.losses import losses
from simcse_core.losses.info_nce import TEMPERATURES
from simcse_core.losses.layouts import interleaved, split_positive
from simcse_core.registry import Range


def decoupled_loss(
    similarities: Tensor,
    positive: Tensor,
    *,
    temperature: float = 0.1,
    weighted: bool = False,
    sigma: float = 0.5,
) -> Tensor:
    """Decoupled loss of rows of candidates.

    Args:
        similarities: (R, C), -inf where a row must not meet a column.
        positive: (R,) int64.
        temperature: Divides the similarities.
        weighted: Weigh each positive by 2 - R softmax(s / sigma), mean 1, no gradient through the weight.
        sigma: Width of that softmax.

    Returns:
        Scalar, mean over rows, nats; may be negative.

    Raises:
        DataError: A row has no negative.
    """
    others, own = split_positive(similarities, positive)
    pull = own / temperature
    if weighted:
        pull = pull * (2 - len(own) * (own.detach() / sigma).softmax(dim=0))
    return ((others / temperature).logsumexp(dim=1) - pull).mean()


@losses.register(
    "dcl",
    title="Decoupled contrastive (DCL, DCLW)",
    source="Yeh et al. 2022, arXiv:2110.06848; both views and both sides, as in lightly",
    equation=r"\ell_i=-w_i\frac{s_{i,\pi(i)}}{\tau}+\log\sum_{j\ne i,\pi(i)}e^{s_{ij}/\tau},\quad "
    r"w_i=1\ \text{or}\ 2-R\,\mathrm{softmax}_i(s_{i,\pi(i)}/\sigma)",
    layout="interleaved",
    on_similarities=decoupled_loss,
)
def dcl(
    anchor: Tensor,
    positive: Tensor,
    *,
    temperature: Annotated[float, Range(0.001, 10.0, "Divides the cosine", TEMPERATURES)] = 0.1,
    weighted: Annotated[bool, Range(0, 1, "Weigh distant positives more (DCLW)")] = False,
    sigma: Annotated[
        float, Range(0.01, 10.0, "Width of the weights; used by DCLW only", (0.1, 0.2, 0.5, 1.0, 2.0))
    ] = 0.5,
) -> Tensor:
    """Interleaved softmax loss without the positive in its own denominator.

    Every positive is pulled with 1 / temperature, however near it already is. InfoNCE over the same batch is
    log(1 + e^l) of each row's l.

    Args:
        anchor: (B, d), any length; L2-normalised here.
        positive: (B, d); row i is the partner of anchor i.
        temperature: Divides the cosine; 0.1 in the paper and in lightly.
        weighted: DCLW; the weights have mean 1 and no gradient.
        sigma: σ of the weights.

    Returns:
        Scalar, mean over the 2B rows, nats; may be negative.

    Raises:
        DataError: The shapes differ, or B = 1 (no negatives).
    """
    rows = interleaved(anchor, positive)
    return decoupled_loss(*rows, temperature=temperature, weighted=weighted, sigma=sigma)
