"""Direct cosine loss B: the cosine is regressed on the score."""

from __future__ import annotations

from typing import Annotated

from torch import Tensor

from simcse_core.errors import DataError
from simcse_core.losses import losses, require_same_shape
from simcse_core.losses.checks import require_scores
from simcse_core.losses.distances import pair_cosines
from simcse_core.registry import Range


@losses.register(
    "cosine_squared",
    title="Cosine regression (B)",
    source="Reimers & Gurevych 2019, arXiv:1908.10084, sec. 3; CosineSimilarityLoss of sentence-transformers",
    equation=r"\overline{\big(c_i-y_i/y_{\max}\big)^2}",
)
def cosine_squared(
    first: Tensor,
    second: Tensor,
    score: Tensor,
    *,
    full_score: Annotated[
        float, Range(0.001, 1000.0, "Score that asks for cosine 1; 5 for STS", (1.0, 4.0, 5.0, 10.0))
    ] = 1.0,
) -> Tensor:
    """Squared error of the cosine against the score.

    For labels 0 and 1 this is y (1 - c)² + (1 - y) c²: different pairs are content at cosine 0. Pairs that
    nobody scored are never spread, so outside the training domain everything may stay close together.

    Args:
        first: (B, d), any length.
        second: (B, d).
        score: (B,), from -`full_score` to `full_score`.
        full_score: Score that asks for cosine 1.

    Returns:
        Scalar, mean over pairs, in [0, 4].

    Raises:
        DataError: The shapes differ, or a score is beyond `full_score`.
    """
    require_same_shape(first=first, second=second)
    target = require_scores(score, len(first)) / full_score
    if bool((target.abs() > 1).any()):
        raise DataError(
            f"A score of {score.abs().max():g} asks for a cosine beyond 1: the full score is {full_score:g}.",
            hint="Set loss.full_score to the highest score of the scale, 5 for STS.",
        )
    return (pair_cosines(first, second) - target).square().mean()
