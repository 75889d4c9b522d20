"""Encoders as this page uses them: cosines of a few texts at once, long lists and random pairs beside it."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.pairs import checkpoints, recorded
from pages.pairs.jobs import Job, jobs
from pages.pairs.scripts import scripts_known
from pages.ui.cache import SharedEncoder, digest_of, shared_encoder
from pages.ui.text import plain, t
from simcse_core import runtime
from simcse_core.data.datasets import load_dataset_records
from simcse_core.errors import SimCSEError
from simcse_core.runs.files import write_json
from simcse_core.search.background import Background, background_sentences

POLL = 0.25  # seconds between two looks at a job


def load(name: str, pooling: str | None) -> SharedEncoder:
    """The encoder of a checkpoint as chosen on the page.

    Raises:
        SimCSEError: It cannot be found, trusted or loaded; the message says why and what to do.
    """
    return shared_encoder(checkpoints.loadable(name), pooling)


@st.cache_resource(show_spinner=False)
def warm() -> None:
    """Load the opening checkpoints beside the page, once a process: the first text typed finds them ready."""
    for name in recorded.OPENING:
        jobs().beside(lambda name=name: _digest(name, None))


@st.cache_resource(max_entries=64, show_spinner=False)
def _digest(name: str, pooling: str | None) -> str:
    return shared_encoder(name, pooling).encoder.digest


def digest(name: str, pooling: str | None) -> str:
    """Digest of weights, layers and pooling, computed once (it reads every weight)."""
    return _digest(checkpoints.loadable(name), pooling)


@st.cache_data(max_entries=512, show_spinner=False)
def _few(digest: str, texts: tuple[str, ...], _shared: SharedEncoder) -> NDArray[np.float32]:
    with _shared.lock:
        return _shared.encoder.encode(texts)


def embed_few(name: str, pooling: str | None, texts: Sequence[str]) -> NDArray[np.float32]:
    """Unit embeddings (n, d) of a few texts, at once."""
    return _few(digest(name, pooling), tuple(texts), load(name, pooling))


@st.cache_resource(max_entries=16, show_spinner=False)
def _scripts(name: str) -> frozenset[str]:
    return scripts_known(shared_encoder(name).encoder.backend.get_vocab())


def scripts(name: str, pooling: str | None) -> frozenset[str]:
    """Writings the checkpoint's vocabulary has words of."""
    if pooling is None and name.partition(":")[0] == "minilm":
        return frozenset({"latin"})  # known without loading it; a test compares
    return _scripts(checkpoints.loadable(name))


def start_list(name: str, pooling: str | None, texts: Sequence[str]) -> Job:
    """Begin to embed a long list, or find it done."""
    key = f"{digest(name, pooling)}-{digest_of(texts)}"
    return jobs().start(key, load(name, pooling), texts)


def _left(seconds: float | None) -> str:
    if seconds is None:
        return ""
    if seconds < 90:
        return t("pairs.seconds_left", seconds=max(1, round(seconds)))
    return t("pairs.minutes_left", minutes=round(seconds / 60))


def wait(job: Job, label: str) -> None:
    """Show the progress of a job until it ends; a rerun may come in between and look again.

    Raises:
        SimCSEError: The job failed or was stopped.
    """
    if job.active:
        place = st.empty()
        while job.active:
            job.look()
            place.progress(job.done / max(job.total, 1), text=f"{label} {_left(job.seconds_left())}")
            time.sleep(POLL)
        place.empty()
    if isinstance(job.error, Exception):
        raise job.error
    if job.state == "stopped":
        raise SimCSEError(t("pairs.stopped"))


@st.cache_resource(show_spinner=False)
def _backgrounds() -> dict[str, Background]:
    """Measured backgrounds of this process, by digest and language; a few kilobytes each."""
    return {}


def background(name: str, pooling: str | None, *, chinese: bool = False) -> Background:
    """Random pairs under a checkpoint: recorded, remembered on disk, or measured now with a progress bar."""
    if pooling is None and (shipped := recorded.background(name, chinese=chinese)) is not None:
        return shipped
    key = f"{digest(name, pooling)}-{'zh' if chinese else 'en'}"
    known = _backgrounds()
    if key not in known:
        known[key] = _on_disk(key) or _measure(name, pooling, key, chinese)
    return known[key]


def _on_disk(key: str) -> Background | None:
    path = runtime.home() / "backgrounds" / f"{key}.json"
    try:
        return Background.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, SimCSEError):
        return None


def _measure(name: str, pooling: str | None, key: str, chinese: bool) -> Background:
    texts: Any = load_dataset_records("sentences-zh") if chinese else background_sentences()
    job = start_list(name, pooling, [str(text) for text in texts])
    wait(job, t("pairs.measuring", name=plain(checkpoints.title(name))))
    found = Background.measure(job.result)
    path = runtime.home() / "backgrounds" / f"{key}.json"
    with suppress(OSError):  # a read-only home only costs the next process a few seconds
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, found.to_dict())
    return found
