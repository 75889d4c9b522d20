"""The part of the lab that moves: buttons, status and curves, redrawn only while something happens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from pages.lab import jobs, panels
from pages.lab.model import RunView, recorded, view_of
from pages.lab.status import draw_status
from pages.ui.jobs import worker_is_warm
from pages.ui.state import new_seed
from pages.ui.text import t
from pages.ui.theme import emphasis
from simcse_core.runs.snapshot import RunSnapshot
from simcse_core.runs.store import Run

TICK = 1.0  # seconds; a redraw costs server and browser about as much as a training step
WARMING_TICK = 1.0
PAUSED_TICK = 3.0  # a paused run is stopped when others wait for the device
SEED_KEY = "lb_seed"


def draw(beside: Sequence[RunView]) -> None:
    """Draw the moving part; it redraws itself while a run works, waits, or the worker warms up."""
    run = jobs.current()
    every = _tick(run)
    st.fragment(_draw, run_every=every)(every, run.id if run else None, tuple(beside))


def _tick(run: Run | None) -> float | None:
    shot = jobs.snapshot(run) if run is not None else None
    if run is not None and shot is not None and jobs.moving(run, shot):
        return TICK
    if shot is not None and shot.status == "paused":
        return PAUSED_TICK
    return None if worker_is_warm() else WARMING_TICK


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
    pausable = moves and status == "running"
    with st.container(horizontal=True, gap="small", key="lb-transport", vertical_alignment="center"):
        _verb("play", "play_arrow", jobs.play, type=emphasis(), width=140, disabled=moves)
        _verb("pause", "pause", jobs.pause, disabled=not pausable)
        _verb("step1", "skip_next", jobs.advance, args=(1,), disabled=moves, help=t("lab.verb.step_help"))
        _verb(
            "step10", "fast_forward", jobs.advance, args=(10,), disabled=moves, help=t("lab.verb.step_help")
        )
        _verb("stop", "stop", jobs.stop, disabled=status not in jobs.OPEN, help=t("lab.verb.stop_help"))
        _verb(
            "restart",
            "replay",
            jobs.restart,
            type="tertiary",
            disabled=run is None,
            help=t("lab.verb.restart_help"),
        )
        _verb("seed", "casino", _other_seed, type="tertiary", disabled=moves, help=t("lab.verb.seed_help"))


def _verb(name: str, icon: str, action: Callable[..., None], **more: Any) -> None:
    st.button(t(f"lab.verb.{name}"), key=f"lb-{name}", icon=f":material/{icon}:", on_click=action, **more)


def _other_seed() -> None:
    new_seed(SEED_KEY)
