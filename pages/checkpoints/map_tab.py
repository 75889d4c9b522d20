"""The map tab: the same sentences at every step of a training run, with their true neighbours joined."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.checkpoints import (
    map_board,
    map_code,
    map_controls,
    map_live,
    map_panels,
    map_selection,
    map_tries,
)
from pages.checkpoints.map_controls import OPENING, Settings
from pages.checkpoints.map_data import RECORDED, TWO, View, recorded_view
from pages.ui import messages
from pages.ui.checkpoints import names, short
from pages.ui.exports import code_panel
from pages.ui.frame import Frame
from pages.ui.state import choice
from pages.ui.text import prose, t
from simcse_core.errors import SimCSEError
from simcse_core.evaluation.cone import sample_sentences
from simcse_core.evaluation.neighbours import jaccard

FORMULA = r"J(A,B)=\frac{|A\cap B|}{|A\cup B|}"
SENTENCES = 720
BEFORE, AFTER = ("lab-base", "minilm:4"), ("lab-unsup", "minilm")


def draw(page: Frame) -> None:
    """Fill the page with the map."""
    with page.figure:
        look, place = st.container(), st.container()
    with page.controls:
        source = map_controls.source()
        view = _view(source, place)
        if view is not None:
            settings = map_controls.read(view)
    with look:
        opening = view is not None and view.source == RECORDED and view.atlas.texts[settings.pin] == OPENING
        st.markdown(t("checkpoints.map_look") + (" " + t("checkpoints.map_opening") if opening else ""))
    if view is not None:
        view, settings = _with_layout(view, settings, place)
        _fill(page, view, settings)
    with page.details():
        st.markdown(prose("checkpoints", "map"))


def _view(source: str, place: DeltaGenerator) -> View | None:
    """What the source holds; None where it is refused or waits for a button."""
    try:
        if source == RECORDED:
            return recorded_view()
        return _two(place) if source == TWO else map_live.run_view(source)
    except SimCSEError as error:
        with place:
            messages.refuse(error)
        return None


def _two(place: DeltaGenerator) -> View | None:
    """Pick two checkpoints and map the shipped sentences under both."""
    offered = names(())
    defaults = [next((n for n in wanted if n in offered), offered[0]) for wanted in (BEFORE, AFTER)]
    chosen = [
        choice(t(f"checkpoints.{key}"), offered, default, key=f"cp_{key}", kind="select", format_func=short)
        for key, default in zip(("first", "second"), defaults, strict=True)
    ]
    points = sample_sentences(SENTENCES)
    texts, subjects = [text for text, _ in points], [subject for _, subject in points]
    return map_live.two_view((chosen[0], chosen[1]), texts, subjects, place)


def _with_layout(view: View, settings: Settings, place: DeltaGenerator) -> tuple[View, Settings]:
    """The view with the chosen map, or with its first one while the chosen one waits for a button."""
    try:
        laid_out = map_live.with_layout(view, settings.method, place)
    except SimCSEError as error:
        with place:
            messages.refuse(error)
        laid_out = None
    if laid_out is not None:
        return laid_out, settings
    return view, replace(settings, method=next(iter(view.atlas.layouts)))


def _fill(page: Frame, view: View, settings: Settings) -> None:
    with page.figure:
        map_board.draw(view, settings)
        map_panels.caption(view, settings)
        with messages.boundary():
            map_selection.draw(view, settings)
        map_panels.exports(view, settings)
        code_panel(map_code.code(view, settings))
        with messages.boundary():
            map_panels.changes(view, settings)
    _why(page, view, settings)
    with page.challenge(), messages.boundary():
        map_tries.freeze()
        map_tries.worse(view, settings)
    with page.below, messages.boundary():
        map_panels.lists(view, settings)


def _why(page: Frame, view: View, settings: Settings) -> None:
    near = view.atlas.neighbours[:, settings.pin : settings.pin + 1, : settings.k]
    a, b = near[settings.other], near[settings.at]
    both = len(set(a[0].tolist()) & set(b[0].tolist()))
    live = rf"J=\frac{{{both}}}{{{2 * settings.k - both}}}={jaccard(a, b)[0]:.2f}"
    page.why(t("checkpoints.why", k=settings.k), formula=FORMULA, live=live)
