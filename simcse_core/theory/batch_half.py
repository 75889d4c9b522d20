"""Masking the diagonal in three number formats, computed by torch: what survives and what does not."""

from __future__ import annotations

from typing import Any

import numpy as np

FORMATS = ("float32", "bfloat16", "float16")
CONSTANT = 1e12
CASES = (
    "largest",
    "constant",
    "off_diagonal",
    "fill",
    "subtracted",
    "filled",
    "row_constant",
    "row_infinite",
)
"""Rows of the table.

* `largest`: largest finite number of the format.
* `constant`: 1e12 in the format.
* `off_diagonal`: 0 · that, which the identity times the constant holds off the diagonal.
* `fill`: what `masked_fill(…, -1e12)` writes; None where torch refuses.
* `subtracted`: loss after `(s - eye · constant) / τ`, the constant in the format of the tensor.
* `filled`: loss after filling the diagonal with -inf, then dividing.
* `row_constant`: softmax of a row masked from end to end with -1e12 in the format.
* `row_infinite`: the same with -inf.
"""


def masking_table(similarities: Any, labels: Any, temperature: float) -> dict[str, dict[str, float | None]]:
    """Every case in every format.

    Args:
        similarities: (R, R) cosines of an interleaved batch, the diagonal not yet masked.
        labels: (R,) columns of the positives.
        temperature: Above 0.

    Returns:
        Format → case → number; NaN and infinities as they came.
    """
    import torch

    cosines = torch.from_numpy(np.asarray(similarities, dtype=np.float64))
    right = torch.from_numpy(np.asarray(labels))
    return {name: _column(cosines.to(getattr(torch, name)), right, temperature) for name in FORMATS}


def _column(cosines: Any, labels: Any, temperature: float) -> dict[str, float | None]:
    import torch
    import torch.nn.functional as F

    eye = torch.eye(len(cosines), dtype=cosines.dtype)
    constant = torch.tensor(CONSTANT).to(cosines.dtype)
    # products of tensors: a Python number times a half tensor would be computed in float32
    subtracted = (cosines - eye * constant) / temperature
    filled = cosines.masked_fill(eye.bool(), float("-inf")) / temperature
    row = torch.zeros_like(cosines[0])
    found: dict[str, Any] = {
        "largest": torch.finfo(cosines.dtype).max,
        "constant": constant,
        "off_diagonal": constant * 0,
        "fill": _fill(cosines),
        "subtracted": F.cross_entropy(subtracted, labels),
        "filled": F.cross_entropy(filled, labels),
        "row_constant": (row - constant).softmax(dim=0)[0],
        "row_infinite": row.fill_(float("-inf")).softmax(dim=0)[0],
    }
    return {name: None if value is None else float(value) for name, value in found.items()}


def _fill(cosines: Any) -> Any:
    """What filling with the constant writes; None where the format cannot hold it and torch says so."""
    import torch

    try:
        return cosines.masked_fill(torch.ones_like(cosines, dtype=torch.bool), -CONSTANT)[0, 0]
    except RuntimeError:
        return None
