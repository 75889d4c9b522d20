"""Supervised SimCSE: pairs and triples as they are in the data."""

from __future__ import annotations

from collections.abc import Sequence

from simcse_core.data.records import Pair, Triplet
from simcse_core.views import Generator, Texts, views


@views.register(
    "records",
    title="Pairs or triples from the data",
    source="Gao, Yao & Chen 2021 (SimCSE), arXiv:2104.08821, sec. 4",
    equation=r"(x_i,\;x_i^+[,\;x_i^-])",
    gives={"pairs": ("anchor", "positive"), "triples": ("anchor", "positive", "negative")},
)
def records(records: Sequence[Pair | Triplet], generator: Generator) -> Texts:
    """The written positive of each anchor, and its hard negative where there is one.

    Args:
        records: B pairs or B triples, all of one kind.
        generator: Unused: nothing is drawn.

    Returns:
        `anchor`, `positive` and, for triples, `negative`; B texts each.
    """
    if isinstance(records[0], Triplet):
        triples = [r for r in records if isinstance(r, Triplet)]
        return {
            "anchor": [r.anchor for r in triples],
            "positive": [r.positive for r in triples],
            "negative": [r.negative for r in triples],
        }
    pairs = [r for r in records if isinstance(r, Pair)]
    return {"anchor": [r.first for r in pairs], "positive": [r.second for r in pairs]}
