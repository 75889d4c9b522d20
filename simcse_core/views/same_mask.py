"""The same sentence twice under the same dropout masks: the ablation "fixed 0.1"."""

from __future__ import annotations

from collections.abc import Sequence

from simcse_core.views import Generator, Texts, views


@views.register(
    "same_mask",
    title="Same sentence, the same mask twice",
    source="Gao, Yao & Chen 2021 (SimCSE), arXiv:2104.08821, table 3 and figure 2 (“fixed 0.1”)",
    equation=r"h_i=h_i^+=f(x_i;z)",
    gives={"sentences": ("anchor", "positive")},
    masks="same",
)
def same_mask(records: Sequence[str], generator: Generator) -> Texts:
    """Dropout is on, but both copies draw the same masks: identical views again, so nothing pulls.

    Args:
        records: B sentences.
        generator: Unused: the encoder's random state is put back between the copies.

    Returns:
        `anchor` and `positive`, both the B sentences.
    """
    return {"anchor": list(records), "positive": list(records)}
