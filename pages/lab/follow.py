"""The part of the lab that moves: buttons, status and curves, redrawn only while something happens."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.lab import jobs, panels
from pages.lab.model import RunView, recorded, view_of
from pages.lab.status import draw_status
from pages.ui.state import new_seed
from pages.ui.text import t
from simcse_core.runs.snapshot import RunSnapshot
from simcse_core.runs.store import Run

TICK = 0.5  # seconds
WARMING_TICK = 1.0
SEED_KEY = "lb_seed"


def draw(beside: Sequence[RunView]) -> None:
    """Draw the moving part; it redraws itself while a run works, waits, or the worker warms up."""
    run = jobs.current()
    every = _tick(run)
    st.fragment(_draw, run_every=every)(every, run.id if run else None, tuple(beside))


def _tick(run: Run | None) -> float | None:
    if run is not None and jobs.moving(run, jobs.snapshot(run)):
        return TICK
    return None if jobs.worker_is_warm() else WARMING_TICK


def _draw(every: float | None, shown: str | None, beside: Sequence[RunView]) -> None:
    run = jobs.current()
    if (run.id if run else None) != shown or _tick(run) != every:
        st.rerun()  # something began or ended: one full run, which also sets the right rhythm
    shot = jobs.snapshot(run) if run else None
    if run is not None and shot is not None and shot.status == "queued":
        jobs.launch_worker(run.config.optim.device)  # a killed worker must not leave anybody waiting
    _buttons(run, shot)
    draw_status(run, shot)
    front = view_of(run, shot) if run and shot else recorded()
    others = [view for view in beside if view.key != front.key]
    panels.draw([front, *others], steps=front.config.optim.steps)


def _buttons(run: Run | None, shot: RunSnapshot | None) -> None:
    status = shot.status if shot else "none"
    moves = bool(run and shot and jobs.moving(run, shot))
    with st.container(horizontal=True, gap="small", key="lb-transport", vertical_alignment="center"):
        st.button(t("lab.verb.play"), key="lb-play", type="primary", icon=":material/play_arrow:", width=150,
                  on_click=jobs.play, disabled=moves, help=t("lab.verb.play_help"))  # fmt: skip
        st.button(t("lab.verb.pause"), key="lb-pause", icon=":material/pause:", on_click=jobs.pause,
                  disabled=not (moves and status == "running"))  # fmt: skip
        st.button(t("lab.verb.step1"), key="lb-step1", icon=":material/skip_next:", on_click=jobs.advance,
                  args=(1,), disabled=moves, help=t("lab.verb.step_help"))  # fmt: skip
        st.button(t("lab.verb.step10"), key="lb-step10", icon=":material/fast_forward:", disabled=moves,
                  on_click=jobs.advance, args=(10,), help=t("lab.verb.step_help"))  # fmt: skip
        st.button(t("lab.verb.stop"), key="lb-stop", icon=":material/stop:", on_click=jobs.stop,
                  disabled=status not in jobs.OPEN, help=t("lab.verb.stop_help"))  # fmt: skip
        st.button(t("lab.verb.reset"), key="lb-restart", icon=":material/replay:", disabled=run is None,
                  on_click=jobs.restart, help=t("lab.verb.reset_help"))  # fmt: skip
        st.button(t("lab.verb.seed"), key="lb-new-seed", icon=":material/casino:", on_click=_other_seed,
                  disabled=moves, help=t("lab.verb.seed_help"))  # fmt: skip


def _other_seed() -> None:
    new_seed(SEED_KEY)
