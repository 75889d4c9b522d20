"""Maps made on the spot: of the lab's runs, from the embeddings they keep, and of two checkpoints."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from pages.checkpoints.map_data import TWO, View
from pages.ui.cache import digest_of, embed, shared_encoder
from pages.ui.checkpoints import RUNS_OFFERED, loadable, short
from pages.ui.text import plain, t
from pages.ui.theme import emphasis
from simcse_core.errors import DataError, RunError
from simcse_core.evaluation.atlas import Atlas, Layout, atlas_of, layout_of
from simcse_core.runs.store import Run, RunStore

CHUNK = 180  # sentences between two moves of the progress bar
MOST_KNOWN = 512
AT_ONCE = ("pca", "pca_rotated")
"""Maps that need no button: a singular value decomposition a step."""
Clouds = Mapping[int, NDArray[Any]]


@st.cache_resource(show_spinner=False)
def _known() -> set[tuple[str, ...]]:
    """What this process has computed for somebody: it is shown again without asking."""
    return set()


def is_known(*key: str) -> bool:
    """Whether it was computed before."""
    return key in _known()


def remember(*key: str) -> None:
    """From now on it is known."""
    if len(_known()) >= MOST_KNOWN:
        _known().clear()
    _known().add(key)


def runs() -> list[str]:
    """Runs that can be mapped, newest first: those with sentences kept at an evaluation."""
    found = RunStore().list()[:RUNS_OFFERED]
    return [run.id for run in found if _kept_steps(run) and run.probe_texts()]


def _kept_steps(run: Run) -> tuple[int, ...]:
    names = (path.stem.removeprefix("step-") for path in (run.folder / "probe").glob("step-*.npy"))
    return tuple(sorted(int(name) for name in names if name.isdigit()))


def run_view(run_id: str) -> View:
    """The sentences of a run at every evaluation so far.

    Raises:
        RunError: There is no such run, or it kept nothing readable.
        DataError: Its embeddings cannot be laid out.
    """
    run = RunStore().get(run_id)
    texts = run.probe_texts()
    clouds = {step: rows for step in _kept_steps(run) if (rows := run.probe(step)) is not None}
    clouds = {step: rows for step, rows in clouds.items() if len(rows) == len(texts)}
    if not clouds or not texts:
        raise RunError(t("checkpoints.live.empty", name=run_id), hint=t("checkpoints.live.empty_hint"))
    digest = _digest(clouds)
    atlas = _atlas(digest, AT_ONCE, [one["text"] for one in texts], [one["subject"] for one in texts], clouds)
    return View(run_id, digest, atlas, tuple(str(step) for step in atlas.steps), clouds=clouds)


def _digest(clouds: Clouds) -> str:
    summary = hashlib.sha256()
    for step in sorted(clouds):
        summary.update(str(step).encode() + np.ascontiguousarray(clouds[step]).tobytes())
    return summary.hexdigest()[:16]


@st.cache_data(max_entries=16, show_spinner=False)
def _atlas(
    digest: str,
    methods: Sequence[str],
    _texts: Sequence[str],
    _subjects: Sequence[str],
    _clouds: Clouds,
) -> Atlas:
    return atlas_of(_clouds, _texts, _subjects, methods=methods)


@st.cache_data(max_entries=16, show_spinner=False)
def _layout(digest: str, method: str, _clouds: Sequence[NDArray[Any]]) -> Layout:
    return layout_of(_clouds, method)


def with_layout(view: View, method: str, place: DeltaGenerator) -> View | None:
    """The view with the map `method`; None until the visitor has asked for it.

    Raises:
        DataError: The sentences cannot be laid out like this.
        ConfigError: There are too few of them.
    """
    if method in view.atlas.layouts:
        return view
    if not view.clouds:
        return None
    clouds = [view.clouds[step] for step in view.atlas.steps]
    if not is_known(view.key, method):
        with place:
            st.info(t("checkpoints.live.layout", count=len(view.atlas.texts) * len(view.atlas.steps)))
            asked = st.button(t("checkpoints.live.layout_go"), key="cp-layout-go", type=emphasis())
        if not asked:
            return None
        with place, st.spinner(t("checkpoints.live.layout_busy")):
            _layout(view.key, method, clouds)
        remember(view.key, method)
        st.rerun()  # without the button
    return view.laid_out(_layout(view.key, method, clouds))


def two_view(
    names: tuple[str, str], texts: Sequence[str], subjects: Sequence[str], place: DeltaGenerator
) -> View | None:
    """The same sentences under two checkpoints; None until the visitor has asked for it.

    Raises:
        EncoderError: A checkpoint cannot be found, trusted or loaded.
        DataError: Twice the same checkpoint, or embeddings without a direction.
    """
    if names[0] == names[1]:
        raise DataError(t("checkpoints.live.same"), hint=t("checkpoints.live.same_hint"))
    paths = tuple(loadable(name) for name in names)
    if not is_known(*paths, digest_of(texts)):
        with place:
            st.info(t("checkpoints.live.two", first=plain(short(names[0])), second=plain(short(names[1])),
                      count=len(texts)))  # fmt: skip
            asked = st.button(t("checkpoints.live.two_go"), key="cp-two-go", type=emphasis())
        if not asked:
            return None
        for path in paths:
            _embedded(path, texts, place)
        remember(*paths, digest_of(texts))
        st.rerun()  # without the button
    clouds = {at: _embedded(path, texts, None) for at, path in enumerate(paths)}
    digest = "-".join(shared_encoder(path).encoder.digest for path in paths)
    atlas = _atlas(f"{digest}-{digest_of(texts)}", ("pca_rotated",), texts, subjects, clouds)
    return View(TWO, digest, atlas, tuple(short(name) for name in names), paths, clouds)


def _embedded(path: str, texts: Sequence[str], place: DeltaGenerator | None) -> NDArray[np.float32]:
    """Embeddings (n, d) of `texts`; with a `place`, a bar moves there while they are computed."""
    bar = place.progress(0.0, t("checkpoints.live.loading", name=short(path))) if place else None
    parts = []
    for start in range(0, len(texts), CHUNK):
        parts.append(embed(path, texts[start : start + CHUNK]))
        done = min(start + CHUNK, len(texts))
        if bar:
            said = t("checkpoints.live.reading", name=short(path), done=done, total=len(texts))
            bar.progress(done / len(texts), said)
    if bar:
        bar.empty()
    return np.concatenate(parts)
