"""The race: which positive pairs work."""

from __future__ import annotations

import streamlit as st

from pages.race import controls, panels, published, sentences, tries
from pages.race.controls import Settings
from pages.race.recorded import recorded
from pages.ui import messages
from pages.ui.exports import code_panel
from pages.ui.frame import Frame, open_frame
from pages.ui.state import switch
from pages.ui.text import prose, t

FORMULA = (
    r"\frac{\partial s_{ii}}{\partial h_i}=\frac{\hat h_i^+-s_{ii}\,\hat h_i}{\lVert h_i\rVert}"
    r"\;=0\ \text{if}\ \hat h_i^+=\hat h_i"
)
CODE = """from simcse_core.data.datasets import load_dataset_records
from simcse_core.encoders import load_encoder
from simcse_core.presets import preset
from simcse_core.training.evaluation import Evaluator, scored_sets
from simcse_core.training.trainer import Trainer

run = preset("live").config.with_settings({settings}).check()
encoder = load_encoder(run.encoder.name, dropout=run.encoder.dropout, max_length=run.encoder.max_length)
trainer = Trainer(run, encoder, load_dataset_records(run.data.train))
while trainer.step < {step}:
    trainer.advance()
pairs = scored_sets("{name}")["{name}"]{stride}
point = Evaluator({{"{name}": pairs}})(encoder, trainer.step)
print(point.alignment, point.uniformity, point.spearman)"""


def render() -> None:
    """Draw the page."""
    page = open_frame("race", "rc")
    with page.presets, messages.boundary():
        chosen = controls.runs()
        _fill(page, chosen)


def _fill(page: Frame, chosen: list[str]) -> None:
    with page.controls, messages.boundary():
        settings = controls.read(chosen)
        controls.add_a_run()
        if not chosen:
            page.figure.info(t("race.none"), icon=":material/flag:")
        else:
            with page.figure, messages.boundary():
                panels.main_figure(settings)
                code_panel(_code(settings))
            _why(page, settings)
        with page.challenge():
            tries.draw(settings)
        with page.details():
            st.markdown(prose("race", "details"))
        if chosen:
            with page.below:
                _below(settings)


def _why(page: Frame, settings: Settings) -> None:
    live = r",\quad ".join(
        rf"\text{{{one.name.replace('%', chr(92) + '%')}}}:\;2-2\cdot{1 - one.mean('alignment')[-1] / 2:.3f}"
        rf"={one.mean('alignment')[-1]:.3f}"
        for one in settings.runners[:4]
    )
    page.why(t("race.why"), formula=FORMULA, live=rf"\ell_\text{{align}}=2-2\,\overline{{s^+}}\qquad {live}")


def _below(settings: Settings) -> None:
    left, right = st.columns(2, gap="large")
    with left, messages.boundary():
        _scores(settings)
    with right, messages.boundary():
        sentences.draw(settings.chosen)
    with left, messages.boundary():
        panels.histograms(settings)


def _scores(settings: Settings) -> None:
    """The scores stay hidden until they are predicted, or asked for."""
    st.subheader(t("race.scores.heading"), anchor=False)
    if not tries.predicted():
        st.caption(t("race.scores.hidden"))
        if not switch(t("race.scores.show"), key="rc_scores_shown"):
            return
    panels.scores(settings)
    panels.end_table(settings)
    published.tables()


def _code(settings: Settings) -> str:
    name = settings.chosen[0]
    made = recorded()["made"]
    changed = {**made["variants"][name], "seed": made["seed"]}
    stride = made["sample"][settings.measured_on]["stride"]
    return CODE.format(
        settings=changed,
        step=settings.step,
        name=settings.measured_on,
        stride="" if stride == 1 else f"[::{stride}]",
    )
