"""Training lab: watch it happen."""

from __future__ import annotations

import streamlit as st

from pages.lab import board, follow, jobs, learn, panels, session, settings, space
from pages.lab.model import RunView, recorded, view_of
from pages.ui import messages
from pages.ui.exports import code_panel
from pages.ui.frame import open_frame
from pages.ui.text import prose, t

FORMULA = r"\ell_i=-\log\frac{e^{\cos(h_i,h_i^+)/\tau}}{\sum_{j=1}^{N}e^{\cos(h_i,h_j^+)/\tau}}"


def render() -> None:
    """Draw the page."""
    page = open_frame("lab", "lb")
    with page.presets:
        base = settings.preset_pills()
    view = _front()
    below = page.below
    with below:
        spaces, runs, leave = (st.container() for _ in range(3))
    with page.figure:
        with st.container():
            learn.draw_open_runs()
        estimate, moving, chooser, numbers = (st.container() for _ in range(4))
        with chooser:
            beside = board.beside(session.run_id())
        with moving, messages.boundary():
            follow.draw(beside)
        with numbers, messages.boundary():
            if not _works(view):
                panels.numbers(view)
    jobs.launch_worker()
    config = None
    with page.controls, messages.boundary():
        config = settings.controls(base)
    with estimate:
        settings.estimate(config, view)
    _words(page, view)
    with spaces, messages.boundary():
        space.draw(*space.space_for(view if not _works(view) else recorded()))
    with runs, messages.boundary():
        board.draw(session.run_id())
    with leave, messages.boundary():
        board.exports(view, jobs.current())


def _front() -> RunView:
    run = jobs.current()
    return recorded() if run is None else view_of(run, jobs.snapshot(run))


def _works(view: RunView) -> bool:
    return view.status in {"queued", "running"}


def _words(page: object, view: RunView) -> None:
    page.why(prose("lab", "why"), formula=FORMULA, live=learn.live_formula(view))  # type: ignore[attr-defined]
    with page.challenge(), messages.boundary():  # type: ignore[attr-defined]
        learn.draw_guess()
        learn.draw_goal(view)
    with page.details():  # type: ignore[attr-defined]
        st.markdown(prose("lab", "details"))
        st.caption(t("lab.made", command=recorded().made["command"]))
        code_panel(learn.code(view))
