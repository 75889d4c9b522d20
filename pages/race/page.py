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
MOST_LIVE = 4
PERCENT = r"\%"
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
            with page.figure, messages.boundary():
                sentences.draw(settings.chosen)
            _why(page, settings)
        with page.challenge():
            tries.draw(settings)
        with page.details():
            st.markdown(prose("race", "details"))
        if chosen:
            with page.below:
                _below(settings)


def _why(page: Frame, settings: Settings) -> None:
    lines = [(t("race.figure.start"), settings.runners[0].mean("alignment")[0])]
    lines += [(one.name, one.mean("alignment")[-1]) for one in settings.runners[:MOST_LIVE]]
    rows = r"\\".join(
        rf"\text{{{name.replace('%', PERCENT)}}}&:\;2-2\cdot{1 - value / 2:.3f}={value:.3f}"
        for name, value in lines
    )
    defined = r"\ell_\text{align}&=2-2\,\overline{s^+}\\"
    page.why(t("race.why"), formula=FORMULA, live=rf"\begin{{aligned}}{defined}{rows}\end{{aligned}}")


def _below(settings: Settings) -> None:
    left, right = st.columns(2, gap="large")
    with right, messages.boundary():
        panels.histograms(settings)
    with left, messages.boundary():
        shown = _scores(settings)
    if shown:
        ours, theirs = st.columns((0.62, 0.38), gap="large")
        with ours, messages.boundary():
            panels.end_table(settings)
        with theirs, messages.boundary():
            published.tables()


def _scores(settings: Settings) -> bool:
    """The scores stay hidden until they are predicted, or asked for; whether they are shown."""
    st.subheader(t("race.scores.heading"), anchor=False)
    if not tries.predicted():
        st.caption(t("race.scores.hidden"))
        if not switch(t("race.scores.show"), key="rc_scores"):
            return False
    panels.scores(settings)
    return True


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
