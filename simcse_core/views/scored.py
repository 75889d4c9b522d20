"""Pairs with a score: for the losses that look at one pair's cosine, or rank pairs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np

from simcse_core.data.records import ScoredPair
from simcse_core.registry import Range
from simcse_core.views import Generator, Roles, views


@views.register(
    "scored",
    title="Pairs with their scores",
    source="Reimers & Gurevych 2019 (Sentence-BERT), arXiv:1908.10084, sec. 3 (regression on STS)",
    equation=r"(x_i,\;y_i,\;g_i/g_{\max})",
    gives={"scored_pairs": ("first", "second", "score", "label")},
    labels=("binary", "class"),
)
def scored(
    records: Sequence[ScoredPair],
    generator: Generator,
    *,
    full_score: Annotated[float, Range(1e-6, 1e6, "Score of a pair that means the same", (1.0, 5.0))] = 5.0,
    alike_from: Annotated[float, Range(0.0, 1.0, "Share of it that counts as alike", (0.4, 0.6, 0.8))] = 0.6,
) -> Roles:
    """Both sentences, the score as a share of the full score, and a label for losses that want yes or no.

    Args:
        records: B scored pairs.
        generator: Unused: nothing is drawn.
        full_score: The scale's upper end, 5 for STS; the loss sees scores from 0 to 1.
        alike_from: From this share on the label is 1, below it 0.

    Returns:
        `first` and `second`, B texts; `score` (B,) in [0, 1] for scores on the scale; `label` (B,) 0 or 1.
    """
    score = np.asarray([record.score for record in records], dtype=np.float64) / full_score
    return {
        "first": [record.first for record in records],
        "second": [record.second for record in records],
        "score": score,
        "label": (score >= alike_from).astype(np.int64),
    }
