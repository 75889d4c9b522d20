"""Step by step: one batch from its tokens to the loss."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.ui import messages
from pages.ui.exports import code_panel
from pages.ui.frame import Frame, open_frame
from pages.ui.text import prose, t
from pages.walk import controls, panels, tries
from pages.walk.controls import Settings
from pages.walk.live import live_batch
from pages.walk.recorded import recorded_batch
from pages.walk.words import why_of
from simcse_core.errors import SimCSEError
from simcse_core.theory.walk import STAGES, Walk, script, walk_of
from simcse_core.theory.walk_arrays import LAYOUTS
from simcse_core.theory.walk_batch import Batch


def render() -> None:
    """Draw the page."""
    page = open_frame("walk", "wk")
    with page.presets:
        stage, shapes = controls.stepper()
    with page.figure:
        sign = st.container()
    with page.controls, messages.boundary():
        settings = controls.read(stage)
        found = _found(settings, sign)
        if found is not None:
            _fill(page, settings, found, shapes)
    with page.details():
        st.markdown(prose("walk", "details"))


def _found(settings: Settings, sign: DeltaGenerator) -> Walk | None:
    try:
        return walk_of(_batch(settings, sign), settings.layout, settings.temperature)
    except SimCSEError as error:
        with sign:
            messages.refuse(error)
        return None


def _batch(settings: Settings, sign: DeltaGenerator) -> Batch:
    parts = LAYOUTS[settings.layout].parts
    if settings.recorded:
        return recorded_batch(parts, settings.dropout, settings.same_mask)
    shipped = recorded_batch(parts, 0.0, False)
    if settings.own is not None and parts == 2:
        texts = [settings.own]
    else:
        size = shipped.size
        texts = [shipped.texts[i * size : (i + 1) * size] for i in range(1 if shipped.copies else parts)]
    return live_batch(settings.checkpoint, texts, settings.dropout, settings.same_mask, sign)


def _fill(page: Frame, settings: Settings, found: Walk, shapes: DeltaGenerator) -> None:
    shapes.caption(_shapes(settings, found))
    with page.figure:
        panels.draw(found, settings)
    why, formula, live = why_of(found, settings)
    page.why(why, formula=formula, live=live)
    with page.challenge():
        tries.guess_cosine()
        tries.count_negatives()
    with page.below:
        code_panel(script(found))


def _shapes(settings: Settings, found: Walk) -> str:
    """Every shape from the tokens to the loss, the current one marked."""
    parts = []
    for name in STAGES:
        shape = panels.shape_of(found.stages[name].shape)
        parts.append(f"**`{shape}`**" if name == settings.stage else shape)
    return t("walk.shapes", chain=" → ".join([*parts, panels.number(found.loss, 4)]))
