"""The batch: who is pulled, who is pushed."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.batch import board, controls, panels, tries, words
from pages.batch.controls import Settings
from pages.batch.live import live_views
from pages.batch.recorded import recorded_views
from pages.ui import messages
from pages.ui.exports import code_panel, show_data
from pages.ui.frame import Frame, open_frame
from pages.ui.text import prose, t
from simcse_core.errors import SimCSEError
from simcse_core.theory.batch import Views, roles_of
from simcse_core.theory.walk_arrays import LAYOUTS


def render() -> None:
    """Draw the page."""
    page = open_frame("batch", "bt")
    with page.figure:
        sign = st.container()
    with page.controls, messages.boundary():
        settings = controls.read()
        views = _views(settings, sign)
        if views is not None:
            _fill(page, settings, views)
    with page.details():
        st.markdown(prose("batch", "details"))


def _views(settings: Settings, sign: DeltaGenerator) -> Views | None:
    """The whole batch that was drawn; the page shows its first sentences."""
    try:
        if settings.live and settings.own:
            return live_views(settings.own, settings.dropout, settings.same_mask, sign)
        return recorded_views(LAYOUTS[settings.layout].parts, settings.dropout, settings.same_mask)
    except SimCSEError as error:
        with sign:
            messages.refuse(error)
        return None


def _fill(page: Frame, settings: Settings, views: Views) -> None:
    temperature = board.temperature()
    found = roles_of(views.take(settings.size), settings.layout, temperature)
    with page.figure:
        board.draw(found, settings.row)
        st.caption(words.provenance(settings))
        show_data(panels.matrix_columns(found), "batch-matrix", key="bt_matrix", alt=t("batch.matrix_alt"))
        panels.draw_pairs(found)
        code_panel(words.script(views, settings, temperature))
    why, formula, live = words.why_of(found, settings)
    page.why(why, formula=formula, live=live)
    with page.challenge():
        tries.count_negatives(found)
        tries.guess_half()
    with page.below:
        left, right = st.columns(2, gap="large")
        with left, messages.boundary():
            panels.draw_clouds(settings)
        with right, messages.boundary():
            panels.draw_half()
