"""Views: how a batch of records becomes the named texts that a loss compares.

A view is a function of the batch's records that returns role → texts, all of one length. Every role
is encoded in the same forward pass, each row under its own dropout mask.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from simcse_core.registry import Registry, discover

Texts = Mapping[str, list[str]]
Generator = np.random.Generator
views: Registry[Callable[..., Texts]] = Registry("view")


def record_kind(record: Any) -> str:
    """Which kind of record this is: "sentences", "pairs", "triples" or "scored_pairs"."""
    return {"Pair": "pairs", "Triplet": "triples", "ScoredPair": "scored_pairs"}.get(
        type(record).__name__, "sentences"
    )


discover(__name__)
