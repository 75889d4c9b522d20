"""Cosines of a batch under a checkpoint: recorded where they are, computed with a sign of life elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from pages.temperature.recorded import judged_of, matrix_of, recorded
from pages.temperature.sentences import Chosen
from pages.ui.cache import SharedEncoder, digest_of, embed, shared_encoder
from pages.ui.checkpoints import loadable, short
from pages.ui.text import plain, t
from simcse_core.errors import EncoderError, SimCSEError
from simcse_core.evaluation.in_batch import JUDGE, false_negatives, view_cosines

SEED = 0  # of the dropout masks


@dataclass(frozen=True)
class Seen:
    """A batch under a checkpoint.

    Attributes:
        cosines: (n, n), row i column j: first view of i with second view of j.
        flags: (n, n) likely and known false negatives.
        judged: (n, n) cosines under the judge; None where it cannot be loaded.
        fresh: Number format and device, where it was computed now; empty where it was recorded.
    """

    cosines: NDArray[np.float64]
    flags: NDArray[np.int8]
    judged: NDArray[np.float64] | None
    fresh: tuple[str, str] | tuple[()]


def seen_by(name: str, chosen: Chosen, dropout: float, place: DeltaGenerator) -> Seen:
    """The batch under the checkpoint `name`; signs of life go to `place`.

    Raises:
        SimCSEError: The checkpoint cannot be loaded, or it is a recorded one and the batch is not.
    """
    texts, groups = chosen.batch.texts, chosen.batch.groups
    cosines = None if chosen.recorded is None else matrix_of(chosen.recorded, name, dropout)
    fresh: tuple[str, str] | tuple[()] = ()
    with place:
        if cosines is None:
            with st.spinner(t("temperature.real.encoding", name=plain(short(name)))):
                cosines, fresh = _computed(name, texts, dropout)
        judged = judged_of(chosen.recorded) if chosen.recorded is not None else _judged(texts)
    threshold = recorded()["judge"]["threshold"]
    guide = np.zeros_like(cosines) - 1 if judged is None else judged
    return Seen(cosines, false_negatives(guide, threshold, groups), judged, fresh)


def _computed(
    name: str, texts: tuple[str, ...], dropout: float
) -> tuple[NDArray[np.float64], tuple[str, str]]:
    if name == recorded()["encoders"][-1]:
        raise EncoderError(t("temperature.real.only_recorded"), hint=t("temperature.real.only_recorded_hint"))
    shared = shared_encoder(loadable(name))
    encoder = shared.encoder
    found = _views(encoder.digest, digest_of(texts), dropout, shared, texts)
    return found, (str(encoder.dtype).removeprefix("torch."), str(encoder.device))


@st.cache_data(max_entries=64, show_spinner=False)
def _views(
    digest: str, texts: str, dropout: float, _shared: SharedEncoder, _texts: tuple[str, ...]
) -> NDArray[np.float64]:
    with _shared.lock:
        return view_cosines(_shared.encoder, _texts, dropout=dropout, seed=SEED)


def _judged(texts: tuple[str, ...]) -> NDArray[np.float64] | None:
    try:
        with st.spinner(t("temperature.real.encoding", name=JUDGE)):
            rows = embed(JUDGE, texts).astype(np.float64)
    except SimCSEError:
        return None
    return np.clip(rows @ rows.T, -1.0, 1.0)
