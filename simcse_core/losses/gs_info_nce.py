"""GS-InfoNCE: the two-view loss with Gaussian noise as further negatives."""

from __future__ import annotations

import math
from typing import Annotated

import torch
from torch import Tensor

from simcse_core.losses import losses, unit_rows
from simcse_core.losses.info_nce import TEMPERATURES, softmax_loss
from simcse_core.losses.layouts import two_view
from simcse_core.registry import Range

NOISE_COUNT = Range(
    0, 65536, "Noise vectors per step; 192 is three per pair at batch 64", (0, 64, 192, 512, 1024)
)
NOISE_WEIGHT = Range(0.0, 100.0, "Weight of the noise in the denominator", (0.0, 0.1, 0.5, 1.0, 2.0, 10.0))


@losses.register(
    "gs_info_nce",
    title="GS-InfoNCE, noise as negatives",
    source="Wu et al. 2021, arXiv:2109.04321, and the authors' code (caskcsg/sentemb)",
    equation=r"\ell_i=-\log\frac{e^{s_{ii}/\tau}}{\sum_j e^{s_{ij}/\tau}+\lambda\sum_{k=1}^{M}"
    r"e^{\cos(h_i,g_k)/\tau}},\quad g_k\sim\mathcal N(0,I)",
)
def gs_info_nce(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor | None = None,
    *,
    temperature: Annotated[float, Range(0.001, 10.0, "Divides the cosine", TEMPERATURES)] = 0.05,
    noise_count: Annotated[int, NOISE_COUNT] = 192,
    noise_weight: Annotated[float, NOISE_WEIGHT] = 1.0,
) -> Tensor:
    """Softmax loss whose denominator also holds cosines with random directions, drawn afresh each step.

    The standard deviation of the noise, an option of the released code, is no parameter here: a cosine does
    not see the length of a vector, so it changes nothing. In d dimensions the noise cosines are close to
    N(0, 1/d), and the new term is close to the constant `noise_weight` M e^{1 / (2 d temperature²)}.

    The noise comes from torch's global generator of the device, which `seed_everything` seeds.

    Args:
        anchor: (B, d), any length; L2-normalised here.
        positive: (B, d); row i is the partner of anchor i, every other row is its negative.
        negative: (B, d) hard negatives; every anchor meets all of them, with weight 1.
        temperature: Divides the cosine.
        noise_count: M; 0 is InfoNCE.
        noise_weight: λ; 0 is InfoNCE, and 1 what the released code does whatever it is told.

    Returns:
        Scalar, mean over anchors, nats.

    Raises:
        DataError: The shapes differ, or nothing is left to contrast with (B = 1 and no hard negative).
    """
    similarities, own = two_view(anchor, positive, negative)
    if noise_count and noise_weight:
        query = unit_rows(anchor)
        noise = torch.randn(noise_count, query.shape[1], dtype=query.dtype, device=query.device)
        shift = temperature * math.log(noise_weight)  # of the cosine: + log(weight) in the logit
        similarities = torch.cat([similarities, query @ unit_rows(noise).T + shift], dim=1)
    return softmax_loss(similarities, own, temperature=temperature)
