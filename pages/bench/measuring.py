"""The form that measures another checkpoint, and the state of what is being measured."""

from __future__ import annotations

import streamlit as st

from pages.bench import live
from pages.bench.controls import SHOW
from pages.bench.live import FOLDER, Asked, Job, jobs
from pages.bench.words import label, shown
from pages.ui import checkpoints
from pages.ui.messages import refuse
from pages.ui.state import choice
from pages.ui.text import plain, t
from simcse_core.data.sts_sets import sts_folder
from simcse_core.errors import SimCSEError

TICK = 1.0  # seconds
OWN = "own"
NEW_KEY, POOLING_KEY = "bn_new", "bn_pool"
POOLINGS = (OWN, "cls_before_pooler", "mean", "first_last", "last2", "max")
DEFAULT = "minilm:5"
"""Offered first: a checkpoint that is not recorded."""


def draw() -> None:
    """The form, and below it what is being measured."""
    with st.expander(t("bench.measure.title"), icon=":material/speed:"):
        names = checkpoints.names(())
        default = DEFAULT if DEFAULT in names else (names[0] if names else "")
        if not names:
            st.caption(t("bench.measure.nothing"))
            return
        name = checkpoints.pick((), default, key=NEW_KEY)
        pooling = choice(t("bench.measure.pooling"), POOLINGS, OWN, key=POOLING_KEY, kind="select",
                         format_func=lambda p: t(f"bench.measure.poolings.{p}"))  # fmt: skip
        st.text_input(t("bench.measure.folder"), key=FOLDER, persist_state="session",
                      placeholder=str(sts_folder() or t("bench.measure.no_folder")),
                      help=t("bench.measure.folder_help"))  # fmt: skip
        st.button(t("bench.measure.go"), key="bn-measure", icon=":material/play_arrow:", on_click=_start,
                  args=(name, None if pooling == OWN else pooling))  # fmt: skip
        st.caption(t("bench.measure.with" if live.folder() else "bench.measure.without"))
    _follow()


def _start(name: str, pooling: str | None) -> None:
    """Callback: begin, and show the result once it is there."""
    title = label(name) if pooling is None else f"{label(name)} · {pooling}"
    asked = Asked(checkpoints.loadable(name), pooling, live.folder())
    live.remember(title, asked)
    jobs().start(asked)
    st.session_state[SHOW] = [*st.session_state.get(SHOW, []), title]


def _follow() -> None:
    """The state of this visitor's measurements, asked again while one is under way."""
    known = [(title, jobs().get(asked)) for title, asked in live.mine()]
    active = any(job is not None and job.active for _, job in known)
    st.fragment(_states, run_every=TICK if active else None)(active)


def _states(active: bool) -> None:
    known = [(title, jobs().get(asked)) for title, asked in live.mine()]
    if active and not any(job is not None and job.active for _, job in known):
        st.rerun()  # the figures take the new result in
    for title, job in known:
        if job is not None and job.state != "done":
            _state(title, job)


def _state(title: str, job: Job) -> None:
    job.look()
    if job.active:
        ahead = jobs().ahead(job)
        words = t("bench.measure.waiting", count=ahead) if ahead else t("bench.measure.running")
        share = job.done / job.total if job.total else 0.0
        st.progress(min(share, 1.0), text=f"{shown(title)}: {words}")
        st.button(t("bench.measure.stop"), key=f"bn-stop-{title}", on_click=job.stop.set, type="tertiary")
    elif isinstance(job.error, SimCSEError):
        refuse(job.error)
    else:
        key = "failed" if job.state == "failed" else "stopped"
        st.warning(t(f"bench.measure.{key}", name=shown(title), why=plain(str(job.error or ""))))
