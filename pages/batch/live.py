"""The visitor's own sentences, sent through the recorded encoder here and now."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.batch.recorded import recorded
from pages.ui.cache import digest_of, shared_encoder
from pages.ui.text import t
from simcse_core.data.tables import clean
from simcse_core.errors import DataError
from simcse_core.theory.batch import Views
from simcse_core.theory.batch_clouds import Cloud, clouds_of

LEAST, MOST, LONGEST = 2, 8, 300


def checked(text: str) -> tuple[str, ...]:
    """The sentences of a text field, one a line.

    Raises:
        DataError: None, one, too many, or one is too long.
    """
    lines = tuple(filter(None, (clean(line) for line in text.split("\n"))))
    if not lines:
        raise DataError(t("batch.own_empty"), hint=t("batch.own_how", least=LEAST, most=MOST))
    if len(lines) < LEAST:
        raise DataError(t("batch.own_one"), hint=t("batch.own_how", least=LEAST, most=MOST))
    if len(lines) > MOST:
        raise DataError(
            t("batch.own_many", count=f"{len(lines):,}"), hint=t("batch.own_how", least=LEAST, most=MOST)
        )
    longest = max(map(len, lines))
    if longest > LONGEST:
        raise DataError(t("batch.own_long", count=f"{longest:,}", longest=LONGEST))
    return lines


@st.cache_data(max_entries=32, show_spinner=False)
def _views(digest: str, texts: str, dropout: float, same_mask: bool, _texts: Sequence[str]) -> Views:
    from simcse_core.theory.batch_encoder import views_of

    made = recorded().made
    shared = shared_encoder(made["config"]["encoder"], made["config"]["pooling"])
    with shared.lock:
        return views_of(
            shared.encoder, [_texts, _texts], dropout=dropout, same_mask=same_mask, seed=made["seed"]
        )


@st.cache_data(max_entries=16, show_spinner=False)
def _clouds(digest: str, texts: str, _texts: Sequence[str]) -> dict[float, Cloud]:
    from simcse_core.theory.batch_encoder import dropout_views

    made = recorded().made
    config = made["config"]
    shared = shared_encoder(config["encoder"], config["pooling"])
    with shared.lock:
        found = clouds_of(
            {
                p: dropout_views(
                    shared.encoder, _texts, dropout=p, count=config["cloud_views"], seed=made["seed"]
                )
                for p in config["dropouts"]
            }
        )
    return {cloud.dropout: cloud for cloud in found}


def live_views(texts: Sequence[str], dropout: float, same_mask: bool, place: DeltaGenerator) -> Views:
    """Two views of own sentences; a sign of life shows in `place` meanwhile.

    Raises:
        EncoderError: The encoder cannot be loaded.
    """
    with place, st.spinner(t("batch.loading")):
        return _views(_digest(), digest_of(texts), dropout, same_mask and dropout > 0, list(texts))


def live_clouds(texts: Sequence[str]) -> dict[float, Cloud]:
    """Clouds of own sentences under every dropout, by dropout.

    Raises:
        EncoderError: The encoder cannot be loaded.
    """
    with st.spinner(t("batch.loading_clouds")):
        return _clouds(_digest(), digest_of(texts), list(texts))


def _digest() -> str:
    config = recorded().made["config"]
    return shared_encoder(config["encoder"], config["pooling"]).encoder.digest
