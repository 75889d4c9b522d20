"""Repairs of a checkpoint that was not recorded: embedded on request, every state fitted when it is drawn."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, cast

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.repair.measured import Measured, Refused, State, live_counts
from pages.ui.cache import embed, shared_encoder
from pages.ui.text import plain, t
from pages.ui.theme import emphasis
from simcse_core.data.datasets import load_dataset_records
from simcse_core.data.records import ScoredPairs
from simcse_core.errors import DataError
from simcse_core.evaluation.cone import fitted
from simcse_core.evaluation.repairs import (
    ELSEWHERE,
    Effect,
    Target,
    effect,
    key_of,
    learning_of,
    learns_in_passes,
    other_sentences,
)
from simcse_core.postprocess import PostProcessor

ASKED, FLOW = "rp-asked", "rp-flow-asked"  # what this visitor asked to be computed
Rows = NDArray[np.float32]


@st.cache_data(max_entries=1, show_spinner=False)
def texts() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Sentences to fit on elsewhere, and the distinct sentences of the scored pairs."""
    pairs = scored_pairs()
    return tuple(other_sentences(pairs, live_counts()[-1])), tuple(pairs.sentences())


@st.cache_data(max_entries=1, show_spinner=False)
def scored_pairs() -> ScoredPairs:
    """The shipped pairs that judge."""
    return cast(ScoredPairs, load_dataset_records("pairs"))


class Live:
    """A checkpoint whose embeddings are at hand, as `Measured`."""

    def __init__(self, name: str, pooling: str, given: str) -> None:
        """Embed both corpora; remembered by the encoder's digest.

        Args:
            name: Of the checkpoint, for the page.
            pooling: Read-out.
            given: What `load_encoder` takes.

        Raises:
            EncoderError: The checkpoint cannot be found, trusted or loaded.
        """
        encoder = shared_encoder(given, pooling).encoder
        self.name, self.dimension, self.counts = name, encoder.dimension, live_counts()
        precision = str(encoder.dtype).removeprefix("torch.")
        self.fresh = t("repair.computed", precision=precision, device=encoder.device)
        other, own = texts()
        self.rows = embed(given, other, pooling=pooling, normalize=False)
        self.target = Target.of(embed(given, own, pooling=pooling, normalize=False), own, scored_pairs())
        self.digest = encoder.digest
        self.before = cast(Effect, _state(self.digest, "", "", {}, self.target, None)[0])

    def state(self, name: str, settings: Mapping[str, Any], corpus: str, count: int) -> State:
        """As `Measured.state`; a flow is learned on request, and then on all sentences."""
        return self._found(name, settings, corpus, count)[0]

    def learned(self, name: str, corpus: str) -> Mapping[str, Any] | None:
        """As `Measured.learned`."""
        return self._found(name, {}, corpus, self.counts[-1])[1] if learns_in_passes(name) else None

    def _found(
        self, name: str, settings: Mapping[str, Any], corpus: str, count: int
    ) -> tuple[State, Mapping[str, Any] | None]:
        if learns_in_passes(name) and (not flow_is_asked(self.digest) or self._partly(corpus, count)):
            return None, None
        given = self.rows[:count] if corpus == ELSEWHERE else self.target.rows
        key = key_of(name, settings, corpus, len(given))
        return _state(self.digest, name, key, dict(settings), self.target, given)

    def _partly(self, corpus: str, count: int) -> bool:
        return corpus == ELSEWHERE and count < self.counts[-1]


@st.cache_data(max_entries=1024, show_spinner=False)
def _state(
    digest: str, name: str, key: str, _settings: Mapping[str, Any], _target: Target, _given: Rows | None
) -> tuple[State, Mapping[str, Any] | None]:
    """One state and, of a flow, how it learned."""
    if _given is None:
        return effect(_target), None
    began = time.monotonic()
    try:
        repair = cast(PostProcessor, fitted(name, _given, **_settings))
        found = effect(_target, repair, _given)
    except DataError as error:
        return Refused(error.message, error.hint), None
    seconds = time.monotonic() - began
    return found, learning_of(repair, _target.rows, seconds) if learns_in_passes(name) else None


def sign(measured: Measured) -> AbstractContextManager[None]:
    """A sign of life while states are fitted that were not recorded."""
    return st.spinner(t("repair.fitting")) if isinstance(measured, Live) else nullcontext()


def flow_is_asked(digest: str) -> bool:
    """Whether this visitor wants the flow of this encoder."""
    return digest in st.session_state.get(FLOW, [])


def ask_for_flow(digest: str) -> None:
    """Callback of the button."""
    st.session_state[FLOW] = [*st.session_state.get(FLOW, []), digest]


def _ask(key: str) -> None:
    st.session_state[ASKED] = [*st.session_state.get(ASKED, []), key]


def asked_for(name: str, pooling: str, given: str) -> Live | None:
    """The checkpoint, once it was asked for; until then a button and what it takes.

    Raises:
        EncoderError: The checkpoint cannot be found, trusted or loaded.
    """
    key = f"{given} {pooling}"
    if key not in st.session_state.get(ASKED, []):
        other, own = texts()
        st.info(t("repair.wait", name=plain(name), count=f"{len(other) + len(own):,}"))
        st.button(
            t("repair.go"), key="rp-go", icon=":material/play_arrow:", type=emphasis(), on_click=_ask,
            args=(key,),
        )  # fmt: skip
        return None
    with st.spinner(t("repair.busy", name=plain(name))):
        return Live(name, pooling, given)
