"""Direct cosine loss C: different pairs are pushed only while their cosine exceeds a margin."""

from __future__ import annotations

from typing import Annotated

from torch import Tensor

from simcse_core.losses import losses, require_same_shape
from simcse_core.losses.checks import require_binary
from simcse_core.losses.distances import pair_cosines
from simcse_core.registry import Range


@losses.register(
    "cosine_margin",
    title="Cosine with a margin (C)",
    source="CosineEmbeddingLoss of torch; margin 0.7 from Su 2022, kexue.fm/archives/8847",
    equation=r"\overline{y_i(1-c_i)+(1-y_i)[c_i-m]_+}",
    label="binary",
)
def cosine_margin(
    first: Tensor,
    second: Tensor,
    label: Tensor,
    *,
    margin: Annotated[
        float,
        Range(-1.0, 1.0, "Cosine below which a different pair is left alone", (0.0, 0.3, 0.5, 0.7, 0.9)),
    ] = 0.7,
) -> Tensor:
    """Pull similar pairs to cosine 1; push different ones below a cosine.

    Args:
        first: (B, d), any length.
        second: (B, d).
        label: (B,), 1 similar or 0 different.
        margin: m; -1 is `cosine_signed`.

    Returns:
        Scalar, mean over pairs, at least 0.

    Raises:
        DataError: The shapes differ, or a label is neither 0 nor 1.
    """
    require_same_shape(first=first, second=second)
    similar = require_binary(label, len(first))
    cosines = pair_cosines(first, second)
    return (1 - cosines).where(similar, (cosines - margin).clamp(min=0)).mean()
