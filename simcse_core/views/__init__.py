"""Views: how a batch of records becomes the named rows that a loss compares.

A view is a function of the batch's records and a random generator that returns role → B rows; one that names
a parameter `tokenizer`, `source` or `width` is given the trained encoder's tokenizer, the name it was loaded
by, or the width of its embedding layer.
Rows are texts, or token numbers where a view works on sub-words; the roles `score` and `label` are numbers
and go to the loss as they are. All rows of a batch are encoded in one forward pass, each under its own
dropout mask, unless the view asks for other masks.

Traits of a view:

* `gives`: kind of record → the roles it makes of it;
* `labels`: what its `label` means: "binary" (1 alike, 0 not), "class" (one of a few relations) or "group"
  (rows of one group are alike);
* `pooling`: the only read-out that gives its rows a meaning, where there is one;
* `templates`: parameters that hold templates;
* `fetches`: parameters that name checkpoints, which may have to come from the Hub;
* `masks`: "fresh" (the default), "same" (all roles under the same dropout masks) or "off" (no dropout).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcse_core.registry import Registry, discover

Rows = Sequence[str] | Sequence[Sequence[int]]
Roles = Mapping[str, Rows | NDArray[np.float64] | NDArray[np.int64]]
Texts = Mapping[str, list[str]]
Generator = np.random.Generator
TARGETS = ("score", "label")
SECOND_SIDE = ("positive", "negative", "second")  # encoded by the second tower, where there are two
SPAN = "_span"  # `anchor_span`: where the sentences stand in the templates of `anchor`, (B, 2)
TOKENS_KEPT = "_tokens_kept"  # `anchor_tokens_kept`: 1 for each token of `anchor` that is not cut off, else 0
FEATURES_KEPT = "_features_kept"  # (B, w), the same for the features of the embedding layer
BESIDE = (SPAN, TOKENS_KEPT, FEATURES_KEPT)  # these say something about a role and are not roles themselves
KINDS = ("sentences", "pairs", "triples", "scored_pairs")
views: Registry[Callable[..., Roles]] = Registry("view")


def record_kind(record: Any) -> str:
    """Which kind of record this is: one of `KINDS`."""
    return {"Pair": "pairs", "Triplet": "triples", "ScoredPair": "scored_pairs"}.get(
        type(record).__name__, "sentences"
    )


def takes(view: str, kind: str) -> bool:
    """Whether a view can use records of a kind."""
    return kind in views.info(view).traits["gives"]


discover(__name__)
