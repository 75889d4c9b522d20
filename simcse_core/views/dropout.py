"""Unsupervised SimCSE: the same sentence twice, two dropout masks."""

from __future__ import annotations

from collections.abc import Sequence

from simcse_core.views import Generator, Texts, views


@views.register(
    "dropout",
    title="Same sentence, two dropout masks",
    source="Gao, Yao & Chen 2021 (SimCSE), arXiv:2104.08821, sec. 3",
    equation=r"h_i=f(x_i;z),\quad h_i^+=f(x_i;z')",
    gives={"sentences": ("anchor", "positive")},
)
def dropout(records: Sequence[str], generator: Generator) -> Texts:
    """Each sentence is its own positive; the encoder in training mode draws a fresh mask for each copy.

    Args:
        records: B sentences.
        generator: Unused: nothing is drawn here, the randomness is the encoder's dropout.

    Returns:
        `anchor` and `positive`, both the B sentences.
    """
    return {"anchor": list(records), "positive": list(records)}
