"""Circle loss over a labelled batch, with all positives of a row."""

from __future__ import annotations

from typing import Annotated

from torch import Tensor

from simcse_core.losses import losses, require_same_shape, unit_rows
from simcse_core.losses.checks import require_groups
from simcse_core.losses.circle import GAMMA, MARGIN, circle_rows


@losses.register(
    "circle_labelled",
    title="Circle, labelled batch",
    source="Sun et al. 2020, arXiv:2002.10857, eq. 6; margin 0.4 and scale 80 as in pytorch-metric-learning",
    equation=r"\log\Big(1+\sum_{y_j\ne y_a}e^{\gamma[s_j+m]_+(s_j-m)}"
    r"\sum_{y_i=y_a}e^{-\gamma[1+m-s_i]_+(s_i-(1-m))}\Big)",
    label="group",
)
def circle_labelled(
    embedding: Tensor,
    label: Tensor,
    *,
    margin: Annotated[float, MARGIN] = 0.4,
    gamma: Annotated[float, GAMMA] = 80.0,
) -> Tensor:
    """Circle loss in which each row meets all rows of its label and all of the others.

    Args:
        embedding: (B, d), any length; L2-normalised here.
        label: (B,); rows with equal labels are positives of each other.
        margin: m.
        gamma: γ.

    Returns:
        Scalar, mean over the rows that have both a positive and a negative.

    Raises:
        DataError: The shapes do not fit, or no row has both.
    """
    require_same_shape(embedding=embedding)
    same, other = require_groups(label, len(embedding))
    rows = unit_rows(embedding)
    whole = same.any(dim=1) & other.any(dim=1)
    similarities = rows[whole] @ rows.T
    return circle_rows(similarities, same[whole], other[whole], margin=margin, gamma=gamma).mean()
