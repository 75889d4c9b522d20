"""The sidebar card of the running job: what the machine is doing, in one glance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.ui.text import t

if TYPE_CHECKING:
    from simcse_core.runs.snapshot import RunSnapshot

REFRESH = "3s"


def card() -> None:
    """One line: idle, or what runs, how far it is, and who waits; refreshes only while one is active."""
    running, waiting = _jobs()
    busy = running is not None or waiting > 0
    st.fragment(_draw, run_every=REFRESH if busy else None)(busy)


def _jobs() -> tuple[RunSnapshot | None, int]:
    """The run that a process holds now, and how many wait. Reads no events of runs that ended."""
    from simcse_core.runs.queue import Queue
    from simcse_core.runs.store import RunStore, runs_root

    root = runs_root()
    if not root.is_dir():
        return None, 0
    held = next((run for run in RunStore(root).list() if run.alive()), None)
    return held.snapshot() if held else None, len(Queue(root).waiting())


def _draw(was_busy: bool) -> None:
    running, waiting = _jobs()
    if running is None and waiting == 0:
        if was_busy:
            st.rerun()  # the job ended: one full run, which also stops the timer
        st.caption(f":material/circle: {t('shell.status.idle')}")
        return
    with st.container(border=True, key="status_card"):
        if running is None:
            st.markdown(f"**{t('shell.status.queued')}**")
            st.caption(t("shell.status.waiting", count=waiting))
            return
        paused = running.status == "paused"
        st.markdown(f"**{t('shell.status.paused') if paused else t('shell.status.running')}**")
        st.progress(min(running.step / max(running.total, 1), 1.0))
        st.caption(_progress(running, waiting))


def _progress(running: RunSnapshot, waiting: int) -> str:
    parts = [t("shell.status.step", step=running.step, steps=running.total)]
    if running.seconds_left is not None and running.status == "running":
        parts.append(t("shell.status.left", seconds=round(running.seconds_left)))
    if waiting:
        parts.append(t("shell.status.waiting", count=waiting))
    return " · ".join(parts)
