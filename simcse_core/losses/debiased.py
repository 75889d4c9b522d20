"""Debiased contrastive loss: takes out of the negatives the share that are positives by chance."""

from __future__ import annotations

import math
from typing import Annotated

import torch
from torch import Tensor

from simcse_core.losses import losses
from simcse_core.losses.info_nce import TEMPERATURES
from simcse_core.losses.layouts import interleaved, split_positive
from simcse_core.registry import Range

PRIORS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2)


def corrected_mass(
    own: Tensor, log_mass: Tensor, count: Tensor, *, temperature: float, positive_prior: float
) -> tuple[Tensor, Tensor]:
    """Mass of the true negatives of each row, in logarithms, and where it is held at its floor.

    mass = max((sum - prior K e^own) / (1 - prior), K e^{-1 / temperature}); the floor is what K negatives
    of cosine -1 would weigh.

    Args:
        own: (R,) logits of the positives.
        log_mass: (R,) log of the sum over all K negatives.
        count: (R,) K.
        temperature: Of the logits.
        positive_prior: Probability that a negative is in truth a positive.

    Returns:
        (R,) log of the mass, and (R,) bool: true where the floor holds, so that no negative gets a gradient.
    """
    floor = count.log() - 1 / temperature
    if positive_prior == 0:
        return torch.maximum(log_mass, floor), log_mass < floor
    taken = math.log(positive_prior) + count.log() + own - log_mass  # log of the share that is taken out
    some_left = taken < 0
    left = torch.log(-torch.expm1(taken.where(some_left, -1.0)))  # log(1 - share)
    mass = log_mass + left - math.log1p(-positive_prior)
    clamped = ~some_left | (mass < floor)
    return floor.where(clamped, mass), clamped


def debiased_loss(
    similarities: Tensor, positive: Tensor, *, temperature: float = 0.5, positive_prior: float = 0.1
) -> Tensor:
    """Debiased loss of rows of candidates.

    Args:
        similarities: (R, C) cosines, -inf where a row must not meet a column.
        positive: (R,) int64.
        temperature: Divides the similarities.
        positive_prior: Probability that a negative is in truth a positive; 0 is InfoNCE.

    Returns:
        Scalar, mean over rows, nats.

    Raises:
        DataError: A row has no negative.
    """
    own, mass, _ = _parts(similarities, positive, temperature, positive_prior)
    return torch.logaddexp(mass - own, torch.zeros_like(own)).mean()


def clamped_rows(
    similarities: Tensor, positive: Tensor, *, temperature: float = 0.5, positive_prior: float = 0.1
) -> Tensor:
    """(R,) bool: rows whose negatives get no gradient because the correction took all they weigh."""
    return _parts(similarities, positive, temperature, positive_prior)[2]


def _parts(
    similarities: Tensor, positive: Tensor, temperature: float, positive_prior: float
) -> tuple[Tensor, Tensor, Tensor]:
    others, own = split_positive(similarities, positive)
    count = (~torch.isneginf(others)).sum(dim=1).to(own.dtype)
    logits = own / temperature
    log_mass = (others / temperature).logsumexp(dim=1)
    mass, clamped = corrected_mass(
        logits, log_mass, count, temperature=temperature, positive_prior=positive_prior
    )
    return logits, mass, clamped


@losses.register(
    "debiased",
    title="Debiased contrastive",
    source="Chuang et al. 2020, arXiv:2007.00224",
    equation=r"\ell_i=-\log\frac{e^{s^+/\tau}}{e^{s^+/\tau}+R_i},\quad "
    r"R_i=\max\Big(\tfrac{\sum_k e^{s_k/\tau}-\tau^+Ke^{s^+/\tau}}{1-\tau^+},\,Ke^{-1/\tau}\Big)",
    layout="interleaved",
    on_similarities=debiased_loss,
)
def debiased(
    anchor: Tensor,
    positive: Tensor,
    *,
    temperature: Annotated[float, Range(0.001, 10.0, "Divides the cosine", TEMPERATURES)] = 0.5,
    positive_prior: Annotated[
        float, Range(0.0, 0.9, "Probability that a negative is in truth a positive", PRIORS)
    ] = 0.1,
) -> Tensor:
    """Interleaved softmax loss with the expected weight of false negatives subtracted.

    Where the correction would take everything, the negatives' weight is held at a floor and they get no
    gradient (`clamped_rows` says where). At temperature 0.05 that is soon the rule: with a positive at cosine
    0.9 and negatives around 0.4 the subtracted share is the larger. The published 0.5 is the default.

    Args:
        anchor: (B, d), any length; L2-normalised here.
        positive: (B, d); row i is the partner of anchor i.
        temperature: Divides the cosine.
        positive_prior: τ⁺; 0 is the interleaved InfoNCE.

    Returns:
        Scalar, mean over the 2B rows, nats.

    Raises:
        DataError: The shapes differ, or B = 1 (no negatives).
    """
    rows = interleaved(anchor, positive)
    return debiased_loss(*rows, temperature=temperature, positive_prior=positive_prior)
