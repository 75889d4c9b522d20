"""AnglE: ranking by an angle in the complex plane, mixed with in-batch negatives and CoSENT."""

from __future__ import annotations

from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor

from simcse_core.errors import ConfigError, DataError
from simcse_core.losses import full_precision, losses, require_same_shape
from simcse_core.losses.checks import require_scores
from simcse_core.losses.cosent import ranking_loss
from simcse_core.losses.distances import pair_cosines, row_lengths
from simcse_core.losses.info_nce import TEMPERATURES
from simcse_core.losses.layouts import interleaved
from simcse_core.registry import Range

WEIGHTS = (0.0, 0.02, 0.1, 0.5, 1.0, 2.0)
POSITIVE_FROM = Range(
    -1000.0, 1000.0, "Score from which a pair counts as a positive in the batch", (0.8, 1.0, 4.0)
)


def angle_similarity(first: Tensor, second: Tensor) -> Tensor:
    """|cosine + sine| of each pair, the sine pairing dimension i with i + d / 2: two (B, d) -> (B,).

    Not symmetric: identical rows score 1, a turn by 45° in all planes sqrt(2), the opposite turn 0.

    Raises:
        DataError: d is odd.
    """
    if first.shape[1] % 2:
        raise DataError(
            f"AnglE pairs the two halves of an embedding; {first.shape[1]} dimensions cannot be halved.",
            hint="Choose an encoder of even width.",
        )
    u, v = full_precision(first), full_precision(second)
    (a, b), (c, d) = u.chunk(2, dim=1), v.chunk(2, dim=1)
    turned = (a * (c - d) + b * (c + d)).sum(dim=1)  # u · v + sum of b c - a d
    return (turned / (row_lengths(u) * row_lengths(v))).abs()


def in_batch_loss(first: Tensor, second: Tensor, matched: Tensor, *, temperature: float) -> Tensor:
    """InfoNCE of the rows of matched pairs, among all other 2B - 1 sentences.

    Args:
        first: (B, d), B above 1.
        second: (B, d).
        matched: (B,) bool; the sentences of the other pairs are negatives only.
        temperature: Divides the cosine.

    Returns:
        Scalar, sum over the matched rows divided by all 2B, as released.
    """
    similarities, own = interleaved(first, second)
    rows = matched.repeat_interleave(2)
    return F.cross_entropy(similarities[rows] / temperature, own[rows], reduction="sum") / len(own)


@losses.register(
    "angle",
    title="AnglE",
    source="Li & Li 2024, arXiv:2309.12871, and the weights of the released code (SeanLee97/AnglE)",
    equation=r"w_1\mathcal L_{ibn}+w_2\log\Big(1+\sum_{y_k<y_l}e^{(a_k-a_l)/\tau}\Big)"
    r"+w_3\mathcal L_{CoSENT},\quad "
    r"a=\Big|\cos(u,v)+\sum_i(\hat u_{i+d/2}\hat v_i-\hat u_i\hat v_{i+d/2})\Big|",
)
def angle(
    first: Tensor,
    second: Tensor,
    score: Tensor,
    *,
    temperature: Annotated[float, Range(0.001, 10.0, "Divides cosines and angles", TEMPERATURES)] = 0.05,
    in_batch_weight: Annotated[float, Range(0.0, 100.0, "Weight of the in-batch negatives", WEIGHTS)] = 1.0,
    angle_weight: Annotated[float, Range(0.0, 100.0, "Weight of the ranking by angle", WEIGHTS)] = 0.02,
    cosine_weight: Annotated[float, Range(0.0, 100.0, "Weight of the ranking by cosine", WEIGHTS)] = 0.0,
    positive_from: Annotated[float, POSITIVE_FROM] = 1.0,
) -> Tensor:
    """Weighted sum of in-batch negatives, the ranking of CoSENT on an angle, and CoSENT itself.

    The released term on given hard negatives is `info_nce` with `negative`.

    Args:
        first: (B, d), any length, d even.
        second: (B, d).
        score: (B,) on any scale, finite.
        temperature: 1 / 20, the scale of all terms in the released code.
        in_batch_weight: w₁; this term contrasts the pairs that count as positives.
        angle_weight: w₂.
        cosine_weight: w₃.
        positive_from: For labels 0 and 1 this is 1, for STS scores 4 is usual.

    Returns:
        Scalar, nats. A term that a batch cannot have (no positive, or equal scores) is left out.

    Raises:
        ConfigError: All weights are 0.
        DataError: The tensors do not fit, d is odd, or the batch can have no term.
    """
    require_same_shape(first=first, second=second)
    given = require_scores(score, len(first))
    terms = _rankings(first, second, given, temperature, angle_weight, cosine_weight)
    matched = given >= positive_from
    if in_batch_weight and len(first) > 1 and bool(matched.any()):
        terms.append(in_batch_weight * in_batch_loss(first, second, matched, temperature=temperature))
    if not terms:
        _refuse(in_batch_weight, angle_weight, cosine_weight)
    return torch.stack(terms).sum()


def _rankings(
    first: Tensor,
    second: Tensor,
    score: Tensor,
    temperature: float,
    angle_weight: float,
    cosine_weight: float,
) -> list[Tensor]:
    if bool((score == score[0]).all()):
        return []
    weighted = ((angle_weight, angle_similarity), (cosine_weight, pair_cosines))
    return [
        weight * ranking_loss(similarity(first, second), score, temperature=temperature)
        for weight, similarity in weighted
        if weight
    ]


def _refuse(*weights: float) -> None:
    if not any(weights):
        raise ConfigError("All weights of AnglE are 0: nothing is trained.", hint="Raise one of them.")
    raise DataError(
        "This batch holds nothing to learn from: its scores are equal and no pair counts as a positive.",
        hint="Shuffle the pairs, give larger batches, or lower loss.positive_from.",
    )
