"""CoSENT: pairs with a higher score must have a higher cosine."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from simcse_core.errors import DataError
from simcse_core.losses import losses, require_same_shape
from simcse_core.losses.checks import require_scores
from simcse_core.losses.distances import pair_cosines
from simcse_core.losses.info_nce import TEMPERATURES
from simcse_core.registry import Range


def ranking_loss(similarities: Tensor, score: Tensor, *, temperature: float) -> Tensor:
    """Log of 1 + the sum of e^{(s_k - s_l) / temperature} over all k, l with score_k < score_l.

    Exact in O(B log B): with the pairs in order of score, the inner sum over l is the rest of the list after
    the last equal score, so a log of cumulative sums from the end is read at that place.

    Args:
        similarities: (B,) of the pairs.
        score: (B,) finite; only its order counts, equal scores are not compared.
        temperature: Divides the differences.

    Returns:
        Scalar, nats; 0 when all scores are equal.
    """
    ordered, order = score.sort()
    logits = similarities[order] / temperature
    above = torch.searchsorted(ordered, ordered, right=True)  # first pair of a higher score
    never = logits.new_full((1,), float("-inf"))
    suffix = torch.cat([(-logits).flip(0).logcumsumexp(dim=0).flip(0), never])  # (B + 1,)
    return torch.cat([logits.new_zeros(1), logits + suffix[above]]).logsumexp(dim=0)


def require_order(score: Tensor) -> None:
    """Refuse a batch whose scores are all equal.

    Raises:
        DataError: No pair ranks above another one.
    """
    if bool((score == score[0]).all()):
        raise DataError(
            "All scores of this batch are equal, so no pair has to rank above another one.",
            hint="Shuffle the pairs, or give larger batches, so that each holds different scores.",
        )


@losses.register(
    "cosent",
    title="CoSENT",
    source="Su 2022, kexue.fm/archives/8847; Huang et al. 2024, doi:10.1109/TASLP.2024.3402087",
    equation=r"\log\Big(1+\sum_{y_k<y_l}e^{(c_k-c_l)/\tau}\Big)",
)
def cosent(
    first: Tensor,
    second: Tensor,
    score: Tensor,
    *,
    temperature: Annotated[float, Range(0.001, 10.0, "Divides the cosine", TEMPERATURES)] = 0.05,
) -> Tensor:
    """Every pair of pairs that is ranked against its scores costs something.

    Args:
        first: (B, d), any length.
        second: (B, d).
        score: (B,) on any scale, 0 and 1 included: only the order counts.
        temperature: Divides the cosine; its inverse is the scale of other libraries, 20.

    Returns:
        Scalar, nats. One number for the batch and not a mean: it grows with the batch, so learning rates do
        not carry over. With P and Q pairs of two scores and equal cosines log(1 + PQ).

    Raises:
        DataError: The shapes differ, a score is not finite, or all scores are equal.
    """
    require_same_shape(first=first, second=second)
    given = require_scores(score, len(first))
    require_order(given)
    return ranking_loss(pair_cosines(first, second), given, temperature=temperature)
