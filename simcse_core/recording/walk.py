"""The step-by-step walk, recorded: four shipped triples through MiniLM under every dropout offered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from simcse_core.data.datasets import load_dataset_records
from simcse_core.data.records import Triplet
from simcse_core.encoders import Encoder, load_encoder
from simcse_core.errors import DataError
from simcse_core.recording.provenance import made
from simcse_core.theory.walk_batch import NUMBERS_KEPT, TOKENS_KEPT, Batch
from simcse_core.theory.walk_encoder import read_batch

MODEL, POOLING, SEED = "minilm:4", "mean", 42
DROPOUTS = (0.0, 0.1, 0.3)
ANCHORS = (
    "He wears odd socks on purpose.",
    "The match ended in a goalless draw.",
    "The waiter forgot to charge us for dessert.",
    "Mia has three brothers and no sisters.",
)
"""Anchors of the shipped triples that are shown: short, and of unequal length, so that padding is seen."""


def shown_triples() -> list[Triplet]:
    """The triples of `ANCHORS`, from the shipped file.

    Raises:
        DataError: One is no longer there.
    """
    known = {t.anchor: t for t in load_dataset_records("triples") if isinstance(t, Triplet)}
    missing = [anchor for anchor in ANCHORS if anchor not in known]
    if missing:
        raise DataError(
            f"The shipped triples no longer hold {missing[0]!r}.", hint="Choose others in ANCHORS."
        )
    return [known[anchor] for anchor in ANCHORS]


def batches(encoder: Encoder) -> Iterator[Batch]:
    """Every recorded batch: two views with new and with the same masks, and triples."""
    triples = shown_triples()
    anchors, positives, negatives = (
        [getattr(triple, part) for triple in triples] for part in ("anchor", "positive", "negative")
    )
    for dropout in DROPOUTS:
        for same_mask in (False, True) if dropout else (False,):  # without dropout there is no mask
            yield read_batch(encoder, anchors, dropout=dropout, same_mask=same_mask, seed=SEED)
        yield read_batch(encoder, anchors, positives, negatives, dropout=dropout, same_mask=False, seed=SEED)


def record(out: Path) -> dict[str, Any]:
    """Read every batch and write."""
    encoder = load_encoder(MODEL, pooling=POOLING, device="cpu", precision="fp32")
    result = {
        "made": made(
            "python -m simcse_core record walk",
            seed=SEED,
            device="cpu",
            precision="fp32",
            config={"encoder": MODEL, "pooling": POOLING, "dropouts": DROPOUTS, "triples": len(ANCHORS),
                    "excerpt": {"tokens": TOKENS_KEPT, "numbers": NUMBERS_KEPT, "dtype": "float16"}},
        ),
        "batches": [batch.to_dict() for batch in batches(encoder)],
    }  # fmt: skip
    text = json.dumps(result, allow_nan=False, separators=(",", ":"), ensure_ascii=False)
    out.write_text(text, encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found
