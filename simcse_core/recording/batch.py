"""One batch under every layout and dropout, clouds of dropout views, and masking in half precision."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from simcse_core.data.datasets import load_dataset_records
from simcse_core.data.records import Triplet
from simcse_core.encoders import Encoder, load_encoder
from simcse_core.errors import DataError
from simcse_core.recording.provenance import made
from simcse_core.theory.batch import Views
from simcse_core.theory.batch_clouds import clouds_of
from simcse_core.theory.batch_encoder import dropout_views, views_of
from simcse_core.theory.batch_half import masking_table
from simcse_core.theory.walk_arrays import LAYOUTS, unit_rows

MODEL, POOLING, SEED = "minilm:4", "mean", 42
DROPOUTS = (0.0, 0.1, 0.3)
CLOUD_VIEWS = 60
HALF_SIZE, HALF_TEMPERATURE = 4, 0.05
ANCHORS = (
    "The captain refused to sail on a Friday.",
    "Our cabin on the ship had no window.",
    "The match ended in a goalless draw.",
    "The waiter forgot to charge us for dessert.",
    "Fallen leaves have choked the pond.",
    "Coffee grounds have clogged the sink again.",
    "He wears odd socks on purpose.",
    "The kitten weighs less than a bar of soap.",
)
"""Anchors of the shipped triples that are shown: two at sea and two blocked waters, so that some negatives
are near; in this order, because a smaller batch takes the first."""


def shown_triples(anchors: Sequence[str] = ANCHORS) -> list[Triplet]:
    """The triples of `anchors`, from the shipped file.

    Raises:
        DataError: One is no longer there.
    """
    known = {t.anchor: t for t in load_dataset_records("triples") if isinstance(t, Triplet)}
    missing = [anchor for anchor in anchors if anchor not in known]
    if missing:
        raise DataError(
            f"The shipped triples no longer hold {missing[0]!r}.", hint="Choose others in ANCHORS."
        )
    return [known[anchor] for anchor in anchors]


def all_views(encoder: Encoder, triples: Sequence[Triplet]) -> Iterator[Views]:
    """Two views with new and with the same masks, and triples, under every dropout."""
    anchors, positives, negatives = (
        [getattr(triple, part) for triple in triples] for part in ("anchor", "positive", "negative")
    )
    for dropout in DROPOUTS:
        for same in (False, True) if dropout else (False,):  # without dropout there is no mask
            yield views_of(encoder, [anchors, anchors], dropout=dropout, same_mask=same, seed=SEED)
        yield views_of(encoder, [anchors, positives, negatives], dropout=dropout, same_mask=False, seed=SEED)


def record(out: Path, *, encoder: Encoder | None = None, views: int = CLOUD_VIEWS) -> dict[str, Any]:
    """Compute everything the page opens with, and write it.

    Args:
        out: File to write.
        encoder: Another than the one of the product, for tests.
        views: Dropout views of each sentence in a cloud.
    """
    encoder = encoder or load_encoder(MODEL, pooling=POOLING, device="cpu", precision="fp32")
    found = list(all_views(encoder, shown_triples()))
    clouds = clouds_of(
        {p: dropout_views(encoder, ANCHORS, dropout=p, count=views, seed=SEED) for p in DROPOUTS}
    )
    content = {
        "made": made(
            "python -m simcse_core record batch",
            seed=SEED,
            device="cpu",
            precision="fp32",
            config={"encoder": encoder.name, "pooling": encoder.pooling, "dropouts": DROPOUTS,
                    "sentences": len(ANCHORS), "cloud_views": views, "half_size": HALF_SIZE,
                    "half_temperature": HALF_TEMPERATURE},
        ),
        "views": [one.to_dict() for one in found],
        "clouds": [cloud.to_dict() for cloud in clouds],
        "half": _half(next(one for one in found if one.parts == 2 and one.dropout == 0.1)),
    }  # fmt: skip
    text = json.dumps(content, allow_nan=False, separators=(",", ":"), ensure_ascii=False)
    out.write_text(text, encoding="utf-8")
    written: dict[str, Any] = json.loads(text)
    return written


def _half(views: Views) -> dict[str, dict[str, float | str | None]]:
    """Masking in every number format; what JSON has no number for is written as a text."""
    layout = LAYOUTS["interleaved"]
    similarities = layout.similarities(unit_rows(views.take(HALF_SIZE).embeddings))
    table = masking_table(similarities, layout.labels(len(similarities)), HALF_TEMPERATURE)
    return {name: {case: _plain(value) for case, value in column.items()} for name, column in table.items()}


def _plain(value: float | None) -> float | str | None:
    return value if value is None or math.isfinite(value) else str(value)
