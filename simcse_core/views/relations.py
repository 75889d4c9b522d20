"""NLI triples as labelled pairs: the entailed one is alike, the contradicted one is not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simcse_core.data.records import Triplet
from simcse_core.views import Generator, Roles, views

CONTRADICTION, ENTAILMENT = 0, 1  # the order of the common NLI dump; neutral would be 2


@views.register(
    "relations",
    title="Entailed and contradicted pairs",
    source="Reimers & Gurevych 2019 (Sentence-BERT), arXiv:1908.10084, sec. 3.1 (SNLI and MultiNLI)",
    equation=r"(x_i,x_i^+,1),\;(x_i,x_i^-,0)",
    gives={"triples": ("first", "second", "score", "label")},
    labels=("binary", "class"),
)
def relations(records: Sequence[Triplet], generator: Generator) -> Roles:
    """Two pairs of each triple, labelled entailment (1) and contradiction (0).

    Triples hold no neutral pairs, so a classifier sees two of its classes only.

    Args:
        records: B triples.
        generator: Unused: nothing is drawn.

    Returns:
        `first` and `second`, 2B texts, entailed pairs first; `label` (2B,) and the same as `score`.
    """
    label = np.repeat([ENTAILMENT, CONTRADICTION], len(records)).astype(np.int64)
    return {
        "first": [r.anchor for r in records] * 2,
        "second": [r.positive for r in records] + [r.negative for r in records],
        "score": label.astype(np.float64),
        "label": label,
    }
