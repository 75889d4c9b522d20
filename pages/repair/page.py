"""Repair: can a bad embedding space be mended without training?"""

from __future__ import annotations

import streamlit as st

from pages.repair import controls, keep, leakage, live, panels, sweeps, tries
from pages.repair.controls import Settings
from pages.repair.measured import Measured, recorded_of
from pages.ui import messages
from pages.ui.checkpoints import loadable
from pages.ui.exports import code_panel
from pages.ui.frame import Frame, open_frame
from pages.ui.text import prose, t
from simcse_core.evaluation.repairs import ELSEWHERE, Effect
from simcse_core.postprocess import postprocessors

CODE = """from simcse_core import load_encoder
from simcse_core.data.datasets import load_dataset_records
from simcse_core.evaluation.cone import fitted
from simcse_core.evaluation.repairs import Target, effect, other_sentences

pairs = load_dataset_records("pairs")
encoder = load_encoder("{name}", pooling="{pooling}", precision="fp32")
target = Target.embedded(encoder, pairs)
rows = {rows}
before = effect(target)
after = effect(target, fitted("{repair}", rows{parameters}))
print(before.spearman, after.spearman, after.alignment, after.uniformity)"""


def render() -> None:
    """Draw the page."""
    page = open_frame("repair", "rp")
    with page.presets.container(horizontal=True, gap="small"), messages.boundary():
        controls.presets()
    with page.controls, messages.boundary():
        name, pooling = controls.checkpoint()
        with page.figure:
            measured = _measured(name, pooling)
        if measured is not None:
            repair, parameters = controls.repair(measured.dimension)
            corpus, count = controls.corpus(measured.counts)
            _fill(page, Settings(name, pooling, repair, parameters, corpus, count), measured)
    with page.details():
        st.markdown(prose("repair", "details"))


def _measured(name: str, pooling: str) -> Measured | None:
    """Recorded, or computed once that was asked for."""
    with messages.boundary():
        return recorded_of(name, pooling) or live.asked_for(name, pooling, loadable(name))
    return None


def _fill(page: Frame, settings: Settings, measured: Measured) -> None:
    with page.figure, messages.boundary():
        with live.sign(measured):
            rows = panels.mended(settings, measured)
        panels.main_figure(settings, measured, rows)
        left, right = st.columns(2, gap="medium")
        with left:
            panels.plane_figure(settings, measured, rows)
        with right:
            panels.histogram(settings, measured)
        panels.data(settings, measured, rows)
        code_panel(_code(settings))
    with page.controls, messages.boundary():
        leakage.number(settings, measured)
    _why(page, settings, measured)
    with page.challenge(), messages.boundary():
        tries.draw(settings, measured)
    with page.below:
        _below(settings, measured)


def _why(page: Frame, settings: Settings, measured: Measured) -> None:
    state = measured.state(settings.repair, settings.parameters, settings.corpus, settings.count)
    live_line = ""
    if isinstance(state, Effect):
        one, other = measured.before, state
        live_line = (
            rf"\overline{{\cos}}: {one.mean_cosine:.3f}\to {other.mean_cosine:.3f},\quad "
            rf"\lambda_1/\textstyle\sum\lambda: {one.shares[0]:.3f}\to {other.shares[0]:.3f},\quad "
            rf"d: {one.width}\to {other.width}"
        )
    page.why(t("repair.why"), formula=postprocessors.info(settings.repair).equation, live=live_line)


def _below(settings: Settings, measured: Measured) -> None:
    for pair in ((sweeps.over_k, sweeps.over_count), (sweeps.spectrum, sweeps.flow)):
        for column, draw in zip(st.columns(2, gap="large"), pair, strict=True):
            with column, messages.boundary(), live.sign(measured):
                draw(settings, measured)
    left, right = st.columns(2, gap="large")
    with left, messages.boundary():
        leakage.everywhere(settings)
        keep.draw(settings)
    with right, messages.boundary():
        leakage.tasks(settings)


def _code(settings: Settings) -> str:
    parameters = "".join(f", {key}={value!r}" for key, value in settings.parameters.items())
    fit = f"encoder.encode(other_sentences(pairs, {settings.count}), normalize=False)"
    return CODE.format(
        name=loadable(settings.checkpoint), pooling=settings.pooling, repair=settings.repair,
        parameters=parameters, rows=fit if settings.corpus == ELSEWHERE else "target.rows",
    )  # fmt: skip
