"""The geometry of a checkpoint: recorded where it is, measured on request elsewhere."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.cone import live
from pages.cone.panels import short
from pages.cone.recorded import recorded_geometry, recorded_space
from pages.cone.sentences import Sentences
from pages.ui.cache import digest_of, shared_encoder
from pages.ui.text import plain, t
from simcse_core.data.records import ScoredPairs
from simcse_core.errors import EncoderError
from simcse_core.evaluation.geometry import Geometry

SENTENCES, RESAMPLES = 400, 200  # measured here, so that it takes a minute and not five
KEPT = 8


def geometry_for(name: str, letter: str, sentences: Sentences) -> Geometry | None:
    """What is known of a checkpoint; None, with a button in its place, before it is measured.

    Raises:
        SimCSEError: The checkpoint cannot be loaded or measured.
    """
    found = recorded_geometry(name) if sentences.source == "shipped" else None
    if found is not None:
        return found
    texts = sentences.texts[:SENTENCES]
    key = f"cn-space {name} {digest_of(texts)}"
    if not st.session_state.get(key):
        st.caption(t("cone_views.wait", name=plain(short(name)), letter=letter, rows=f"{len(texts):,}"))
        st.button(
            t("cone_views.go", letter=letter),
            key=f"cn-space-{letter}",
            icon=":material/play_arrow:",
            on_click=_ask,
            args=(key,),
        )
        return None
    with st.spinner(t("cone.loading", name=short(name))):
        digest = live.encoder_facts(name, "mean").digest
    asked = (digest, digest_of(texts), digest_of(sentences.pairs.first))
    kept = _kept()
    if asked not in kept:
        bar = st.progress(0.0, t("cone_views.busy", name=short(name)))
        kept[asked] = _measured(name, texts, sentences.pairs, bar)
        bar.empty()
        while len(kept) > KEPT:
            kept.popitem(last=False)
    return kept[asked]


def _ask(key: str) -> None:
    st.session_state[key] = True


@st.cache_resource(show_spinner=False)
def _kept() -> OrderedDict[tuple[str, str, str], Geometry]:
    """What this process measured, by digests of encoder, sentences and pairs; oldest first."""
    return OrderedDict()


def _measured(name: str, texts: Sequence[str], pairs: ScoredPairs, bar: DeltaGenerator) -> Geometry:
    """Measure now, while `bar` moves."""
    from simcse_core.evaluation.geometry_of import geometry_of  # with torch

    shared = shared_encoder(name, "mean")
    try:
        headed = shared_encoder(name, "cls").encoder
    except EncoderError:  # no trained head
        headed = None

    def progress(done: int, total: int | None) -> None:
        bar.progress(done / (total or 1), t("cone_views.busy", name=short(name)))

    with shared.lock:
        return geometry_of(
            shared.encoder, texts, pairs, headed=headed, bootstrap=RESAMPLES, progress=progress
        )


def origin(name: str, geometry: Geometry, sentences: Sentences) -> str:
    """Which checkpoint, how many sentences and pairs, recorded or measured now: one sentence."""
    counts = {"rows": f"{geometry.sentences:,}", "pairs": geometry.pairs, "dimension": geometry.dimension}
    if sentences.source == "shipped" and recorded_geometry(name) is not None:
        made, _ = recorded_space()
        versions = made["versions"]
        return t(
            "cone_views.recorded",
            name=plain(short(name)),
            date=made["date"],
            torch=versions["torch"],
            **counts,
        )
    return t("cone_views.measured", name=plain(short(name)), **counts)
