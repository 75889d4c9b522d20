"""How close the two sentences of a positive pair lie."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike

from simcse_core.metrics import metrics
from simcse_core.metrics.checks import paired_units
from simcse_core.registry import Range


@metrics.register(
    "alignment",
    title="Alignment",
    source="Wang & Isola 2020, arXiv:2005.10242, eq. 1",
    equation=r"\ell_{align}=\mathbb E_{(x,x^+)}\lVert \hat h-\hat h^+\rVert^{\alpha}",
    direction="lower is better",
    range=(0.0, 4.0),
    unit="squared distance on the unit sphere",
    isotropic=None,
)
def alignment(
    first: ArrayLike,
    second: ArrayLike,
    *,
    alpha: Annotated[float, Range(0.5, 4.0, "Power of the distance; 2 in the papers", (1.0, 2.0))] = 2.0,
) -> float:
    """Mean distance to the power `alpha` between the two sides of positive pairs; 0 when they coincide.

    With alpha 2 it is 2 - 2 x mean cosine, in [0, 4]. SimCSE takes as positives the STS-B pairs scored
    strictly above 4; which pairs are positive is the caller's choice.

    Args:
        first: (n, d), any length; L2-normalised here.
        second: (n, d); row i is the partner of row i of `first`.
        alpha: Power of the distance.

    Raises:
        DataError: Shapes differ, no pair, NaN, or a row of zeros.
    """
    a, b = paired_units(first, second, metric="alignment")
    squared = np.square(a - b).sum(axis=1)  # (n,)
    return float(np.mean(squared ** (alpha / 2)))
