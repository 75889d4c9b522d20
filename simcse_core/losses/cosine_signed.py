"""Direct cosine loss A: similar pairs to cosine 1, different ones to -1."""

from __future__ import annotations

from torch import Tensor

from simcse_core.losses import losses, require_same_shape
from simcse_core.losses.checks import require_binary
from simcse_core.losses.distances import pair_cosines


@losses.register(
    "cosine_signed",
    title="Cosine to 1 or -1 (A)",
    source="CosineEmbeddingLoss of torch with margin -1",
    equation=r"\overline{y_i(1-c_i)+(1-y_i)(1+c_i)}",
    label="binary",
)
def cosine_signed(first: Tensor, second: Tensor, label: Tensor) -> Tensor:
    """Pull similar pairs together and push different ones to opposite directions, with constant force.

    Args:
        first: (B, d), any length.
        second: (B, d).
        label: (B,), 1 similar or 0 different. A different pair is content at cosine -1 only, though
            annotated ones often share most of their words.

    Returns:
        Scalar, mean over pairs, in [0, 2].

    Raises:
        DataError: The shapes differ, or a label is neither 0 nor 1.
    """
    require_same_shape(first=first, second=second)
    similar = require_binary(label, len(first))
    cosines = pair_cosines(first, second)
    return (1 - cosines.where(similar, -cosines)).mean()
