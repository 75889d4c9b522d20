"""The sidebar card of the running job: what the machine is doing, in one glance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.ui.text import t

if TYPE_CHECKING:
    from simcse_core.runs.store import Run

REFRESH = "3s"
ACTIVE = ("running", "queued", "paused")


def card() -> None:
    """One line: idle, or what runs, how far it is, and who waits; refreshes only while one is active."""
    active = bool(_active())
    st.fragment(_draw, run_every=REFRESH if active else None)(active)


def _active() -> list[Run]:
    from simcse_core.runs.store import RunStore, runs_root

    root = runs_root()
    return [run for run in RunStore(root).list() if run.status() in ACTIVE] if root.is_dir() else []


def _draw(was_active: bool) -> None:
    active = _active()
    if was_active and not active:
        st.rerun()  # the job ended: one full run, which also stops this timer
    if not active:
        st.caption(f":material/circle: {t('shell.status.idle')}")
        return
    running = next((run for run in active if run.status() != "queued"), active[0])
    snapshot = running.snapshot()
    steps = int(running.config.optim.steps)
    with st.container(border=True, key="status_card"):
        st.markdown(f"**{t(f'shell.status.{snapshot.status}')}**")
        st.progress(min(snapshot.step / max(steps, 1), 1.0))
        st.caption(_progress(snapshot.step, steps, snapshot.seconds_left, len(active) - 1))


def _progress(step: int, steps: int, seconds_left: float | None, waiting: int) -> str:
    parts = [t("shell.status.step", step=step, steps=steps)]
    if seconds_left is not None:
        parts.append(t("shell.status.left", seconds=round(seconds_left)))
    if waiting:
        parts.append(t("shell.status.waiting", count=waiting))
    return " · ".join(parts)
