"""The same sentence twice without dropout: two identical views, the ablation "no dropout"."""

from __future__ import annotations

from collections.abc import Sequence

from simcse_core.views import Generator, Texts, views


@views.register(
    "no_dropout",
    title="Same sentence, no dropout",
    source="Gao, Yao & Chen 2021 (SimCSE), arXiv:2104.08821, table 3 and figure 2 (“no dropout”)",
    equation=r"h_i=h_i^+=f(x_i)",
    gives={"sentences": ("anchor", "positive")},
    masks="off",
)
def no_dropout(records: Sequence[str], generator: Generator) -> Texts:
    """Both copies are the same vector: their cosine is 1 and pulls at nothing, only the push is left.

    Args:
        records: B sentences.
        generator: Unused.

    Returns:
        `anchor` and `positive`, both the B sentences.
    """
    return {"anchor": list(records), "positive": list(records)}
