"""A batch under a checkpoint: recorded where it is, computed with a sign of life elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from pages.traps.recorded import recorded, unpacked
from pages.ui.cache import SharedEncoder, digest_of, embed, shared_encoder
from pages.ui.checkpoints import loadable, short
from pages.ui.text import plain, t
from simcse_core.evaluation.in_batch import (
    ALONE,
    JUDGE,
    Batch,
    draw_batch,
    false_negatives,
    view_cosines,
)

Floats = NDArray[np.float64]
SEED = 0  # of the dropout masks


@dataclass(frozen=True)
class Settings:
    """Settings of the remedies.

    Attributes:
        temperature: τ of all ways but the last.
        threshold: Judge's cosine from which a negative is likely false, and is masked.
        prior: Of the debiased objective.
        other_temperature: τ of the last way.
    """

    temperature: float
    threshold: float
    prior: float
    other_temperature: float


@dataclass(frozen=True)
class Way:
    """What a way of training does to the batch: gradient and shares (n, n), and rows without a push."""

    gradient: Floats
    shares: Floats
    silent: int


@dataclass(frozen=True)
class Seen:
    """A batch under a checkpoint.

    Attributes:
        batch: Its sentences.
        cosines: (n, n), row i column j: first view of i with second view of j.
        judged: (n, n) cosines under the judge.
        flags: (n, n) likely and known false negatives.
        ways: Name of a way → what it does.
        fresh: Number format and device, where it was computed now; empty where it was recorded.
    """

    batch: Batch
    cosines: Floats
    judged: Floats
    flags: NDArray[np.int8]
    ways: Mapping[str, Way]
    fresh: tuple[str, str] | tuple[()]


def opening_batch() -> Batch:
    """The recorded batch."""
    one = recorded()["batch"]
    return Batch(tuple(one["texts"]), tuple(one["groups"]))


@st.cache_data(max_entries=8, show_spinner=False)
def drawn(size: int, subjects: Sequence[str], paraphrases: int, seed: int) -> Batch:
    """Shipped sentences."""
    return draw_batch(subjects, size, paraphrases=paraphrases, seed=seed)


def own_batch(lines: Sequence[str]) -> Batch:
    """The visitor's sentences."""
    return Batch(tuple(lines), (ALONE,) * len(lines))


def seen_by(name: str, batch: Batch, settings: Settings, place: DeltaGenerator) -> Seen:
    """The batch under a checkpoint; signs of life go to `place`.

    Raises:
        SimCSEError: The checkpoint or the judge cannot be loaded, or no remedy applies.
    """
    one = recorded()["batch"]
    known = batch == opening_batch()
    fresh: tuple[str, str] | tuple[()] = ()
    if known and name == one["encoder"]:
        cosines = unpacked(one["cosines"])
    else:
        with place, st.spinner(t("traps.negatives.encoding", name=plain(short(name)))):
            shared = shared_encoder(loadable(name))
            encoder = shared.encoder
            cosines = _views(encoder.digest, digest_of(batch.texts), shared, batch.texts)
            fresh = (str(encoder.dtype).removeprefix("torch."), str(encoder.device))
    judged = unpacked(one["judged"]) if known else _judged(batch.texts, place)
    flags = false_negatives(judged, settings.threshold, batch.groups)
    ways = None if fresh or not known else _recorded_ways(settings)
    return Seen(batch, cosines, judged, flags, ways or _ways(cosines, judged, settings), fresh)


@st.cache_data(max_entries=16, show_spinner=False)
def _views(digest: str, texts: str, _shared: SharedEncoder, _texts: tuple[str, ...]) -> Floats:
    with _shared.lock:
        dropout = recorded()["batch"]["dropout"]
        return view_cosines(_shared.encoder, _texts, dropout=dropout, seed=SEED)


def _judged(texts: tuple[str, ...], place: DeltaGenerator) -> Floats:
    with place, st.spinner(t("traps.negatives.encoding", name=JUDGE)):
        rows = embed(JUDGE, texts).astype(np.float64)
    return np.clip(rows @ rows.T, -1.0, 1.0)


def _recorded_ways(settings: Settings) -> dict[str, Way] | None:
    """What was recorded for the settings the page opens with."""
    one = recorded()["batch"]
    told = Settings(**one["settings"], threshold=one["judge"]["threshold"])
    if settings != told:
        return None
    return {
        name: Way(unpacked(way["gradient"]), unpacked(way["shares"]), way["silent"])
        for name, way in one["remedies"].items()
    }


def _ways(cosines: Floats, judged: Floats, settings: Settings) -> dict[str, Way]:
    from simcse_core.theory.remedies import remedies

    found = remedies(cosines, judged, **vars(settings))
    return {name: Way(one.gradient, one.shares, one.silent) for name, one in found.items()}
