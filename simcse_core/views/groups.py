"""Labelled groups for metric learning: rows of one group are alike, all others are not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simcse_core.data.records import Pair, Triplet
from simcse_core.views import Generator, Roles, views


@views.register(
    "groups",
    title="Groups for mining triplets",
    source="Hermans, Beyer & Leibe 2017, arXiv:1703.07737, sec. 2 (P groups of K rows)",
    equation=r"\{(x_i,i),(x_i^+,i)[,(x_i^-,B+i)]\}",
    gives={kind: ("embedding", "label") for kind in ("sentences", "pairs", "triples")},
    labels=("group",),
)
def groups(records: Sequence[str | Pair | Triplet], generator: Generator) -> Roles:
    """A record is a group: a sentence twice (two dropout masks), or the two that mean the same.

    A triple's contradicted sentence is a group of its own, so that mining can find it.

    Args:
        records: B records, all of one kind.
        generator: Unused: nothing is drawn.

    Returns:
        `embedding`, 2B texts (3B for triples); `label`, the group of each.
    """
    first = [r if isinstance(r, str) else r.first if isinstance(r, Pair) else r.anchor for r in records]
    second = [r if isinstance(r, str) else r.second if isinstance(r, Pair) else r.positive for r in records]
    others = [r.negative for r in records if isinstance(r, Triplet)]
    numbers = np.arange(len(records))
    label = np.concatenate([numbers, numbers, len(records) + np.arange(len(others))])
    return {"embedding": [*first, *second, *others], "label": label}
