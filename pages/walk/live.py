"""What was not recorded is computed here: own sentences, another checkpoint."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.ui.cache import digest_of, shared_encoder
from pages.ui.text import plain, t
from simcse_core.data.tables import clean
from simcse_core.errors import DataError
from simcse_core.theory.walk_batch import Batch

SEED = 42
LEAST, MOST, LONGEST = 2, 4, 300


def checked(text: str) -> tuple[str, ...]:
    """The sentences of a text field, one a line.

    Raises:
        DataError: Too few, too many, or one is too long.
    """
    lines = tuple(filter(None, (clean(line) for line in text.split("\n"))))
    if not LEAST <= len(lines) <= MOST:
        raise DataError(t("walk.own_count", count=f"{len(lines):,}", least=LEAST, most=MOST))
    longest = max(map(len, lines))
    if longest > LONGEST:
        raise DataError(t("walk.own_long", count=f"{longest:,}", longest=LONGEST))
    return lines


@st.cache_data(max_entries=32, show_spinner=False)
def _batch(
    name: str,
    digest: str,
    texts: str,
    dropout: float,
    same_mask: bool,
    _parts: Sequence[Sequence[str]],
) -> Batch:
    from simcse_core.theory.walk_encoder import read_batch

    shared = shared_encoder(name)
    anchors, positives, negatives = (*_parts, None, None)[:3]
    with shared.lock:
        return read_batch(
            shared.encoder, anchors or (), positives, negatives,
            dropout=dropout, same_mask=same_mask, seed=SEED,
        )  # fmt: skip


def live_batch(
    name: str, parts: Sequence[Sequence[str]], dropout: float, same_mask: bool, place: DeltaGenerator
) -> Batch:
    """Send texts through a checkpoint; a sign of life shows in `place` meanwhile.

    Args:
        name: Checkpoint.
        parts: Anchors alone (both views are made of them), or anchors, positives and hard negatives.
        dropout: In [0, 1).
        same_mask: Whether both views are computed under the same masks.
        place: Where the sign shows.

    Raises:
        EncoderError: The checkpoint cannot be found, trusted or loaded.
        DataError: Texts that cannot be walked.
    """
    with place, st.spinner(t("walk.loading", name=plain(name.rstrip("/").rsplit("/", 1)[-1]))):
        digest = shared_encoder(name).encoder.digest
        texts = digest_of([text for part in parts for text in (*part, "")])
        return _batch(name, digest, texts, dropout, same_mask and dropout > 0, [list(part) for part in parts])
