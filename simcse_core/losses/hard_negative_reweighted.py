"""Hard-negative reweighting: near negatives count more, far ones less."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from simcse_core.losses import losses
from simcse_core.losses.debiased import PRIORS, corrected_mass
from simcse_core.losses.info_nce import TEMPERATURES
from simcse_core.losses.layouts import interleaved, split_positive
from simcse_core.registry import Range


def reweighted_loss(
    similarities: Tensor,
    positive: Tensor,
    *,
    temperature: float = 0.5,
    beta: float = 1.0,
    positive_prior: float = 0.1,
) -> Tensor:
    """Reweighted loss of rows of candidates.

    Args:
        similarities: (R, C) cosines, -inf where a row must not meet a column.
        positive: (R,) int64.
        temperature: Divides the similarities.
        beta: Concentration of the weights; 0 is the debiased loss.
        positive_prior: Probability that a negative is in truth a positive.

    Returns:
        Scalar, mean over rows, nats.

    Raises:
        DataError: A row has no negative.
    """
    others, own = split_positive(similarities, positive)
    masked = torch.isneginf(others)
    count = (~masked).sum(dim=1).to(own.dtype)
    logits = others / temperature
    tilt = (beta * logits).masked_fill(masked, float("-inf"))  # 0 x -inf is no number
    # log of K sum_k e^{(1 + beta) x_k} / sum_k e^{beta x_k}; the weights are not detached, as in the release
    log_mass = count.log() + (tilt + logits).logsumexp(dim=1) - tilt.logsumexp(dim=1)
    pull = own / temperature
    mass, _ = corrected_mass(pull, log_mass, count, temperature=temperature, positive_prior=positive_prior)
    return torch.logaddexp(mass - pull, torch.zeros_like(pull)).mean()


@losses.register(
    "hard_negative_reweighted",
    title="Hard-negative reweighting (HCL)",
    source="Robinson et al. 2021, arXiv:2010.04592, with β on s/τ as in the released code "
    "(the paper's formula has it on s)",
    equation=r"R_i=\max\Big(\tfrac{\sum_k w_ke^{s_k/\tau}-\tau^+Ke^{s^+/\tau}}{1-\tau^+},\,Ke^{-1/\tau}\Big),"
    r"\quad w_k=\frac{e^{\beta s_k/\tau}}{\frac1K\sum_l e^{\beta s_l/\tau}}",
    layout="interleaved",
    on_similarities=reweighted_loss,
)
def hard_negative_reweighted(
    anchor: Tensor,
    positive: Tensor,
    *,
    temperature: Annotated[float, Range(0.001, 10.0, "Divides the cosine", TEMPERATURES)] = 0.5,
    beta: Annotated[
        float, Range(0.0, 10.0, "Concentration on near negatives", (0.0, 0.1, 0.25, 0.5, 1.0, 2.0))
    ] = 1.0,
    positive_prior: Annotated[
        float, Range(0.0, 0.9, "Probability that a negative is in truth a positive", PRIORS)
    ] = 0.1,
) -> Tensor:
    """Debiased loss whose negatives are weighted by how near they are.

    This is the variant of the released code: the weight is e^{β s / temperature}, so a β of the paper's
    formula, which has e^{β s}, is this β divided by the temperature.

    Args:
        anchor: (B, d), any length; L2-normalised here.
        positive: (B, d); row i is the partner of anchor i.
        temperature: Divides the cosine.
        beta: 0 weighs all negatives alike: the debiased loss.
        positive_prior: τ⁺; with β = 0 as well, 0 is the interleaved InfoNCE.

    Returns:
        Scalar, mean over the 2B rows, nats.

    Raises:
        DataError: The shapes differ, or B = 1 (no negatives).
    """
    rows = interleaved(anchor, positive)
    return reweighted_loss(*rows, temperature=temperature, beta=beta, positive_prior=positive_prior)
