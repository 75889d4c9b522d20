"""Bench: which checkpoint is better, and on what is it worse."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages.bench import controls, measuring, pairs_view, published, scores, tries
from pages.bench.controls import Errors, Scores
from pages.bench.entries import Entry
from pages.bench.pairs_view import Case
from pages.bench.words import number
from pages.ui import messages
from pages.ui.exports import code_panel
from pages.ui.frame import Frame, open_frame
from pages.ui.state import choice
from pages.ui.text import prose, t
from simcse_core.bench import SHIPPED
from simcse_core.bench.compare import AVERAGE
from simcse_core.evaluation.compare import places

VIEWS = ("scores", "errors")
FORMULA = r"\rho=100\cdot\mathrm{corr}\big(\mathrm{rank}(\cos_i),\,\mathrm{rank}(y_i)\big)"
ERROR_FORMULA = (
    r"\begin{aligned}e_i&=\mathrm{place}(\cos_i)-\mathrm{place}(y_i)\\"
    r"\rho&\approx 1-6\,\overline{e^2}\end{aligned}"
)
SCORES_CODE = """from simcse_core.bench import run_bench
from simcse_core.encoders import load_encoder

for name, pooling in {names}:
    result = run_bench(load_encoder(name, pooling=pooling, precision="fp32"), sts={folder})
    task = result.every_task()["{task}"]
    print(name, task.alignment, task.uniformity, task.spearman["{aggregation}"])"""
ERRORS_CODE = """from simcse_core.data.datasets import load_dataset_records
from simcse_core.encoders import load_encoder
from simcse_core.evaluation.errors import rank_residuals
from simcse_core.metrics.sts import cosines

pairs = load_dataset_records("pairs")
for name, pooling in {names}:
    encoder = load_encoder(name, pooling=pooling, precision="fp32")
    cosine = cosines(encoder.encode(pairs.first), encoder.encode(pairs.second))
    error = 100 * rank_residuals(cosine, pairs.score)
    row = pairs.first.index({text!r})
    print(name, cosine[row], error[row])"""


def render() -> None:
    """Draw the page."""
    page = open_frame("bench", "bn")
    with page.presets:
        view = choice(
            t("bench.view"), VIEWS, "scores", key="bn_view", label_visibility="collapsed",
            format_func=lambda name: t(f"bench.views.{name}"),
        )  # fmt: skip
    with messages.boundary():
        {"scores": _scores, "errors": _errors}[view](page)
    with page.details():
        st.markdown(prose("bench", "details"))


def _scores(page: Frame) -> None:
    with page.controls:
        chosen = controls.checkpoints()
        settings = controls.scores(chosen)
        measuring.draw()
    if not chosen:
        page.figure.info(t("bench.none"), icon=":material/leaderboard:")
    else:
        with page.figure, messages.boundary():
            scores.main_figure(settings)
            code_panel(_scores_code(settings))
        with page.figure, messages.boundary():
            scores.rows_figure(settings)
        _why_scores(page, settings)
    with page.challenge(), messages.boundary():
        tries.hardest()
    if chosen:
        with page.below:
            _below_scores(settings)


def _below_scores(settings: Scores) -> None:
    with messages.boundary():
        scores.table(settings)
    with messages.boundary():
        published.draw(settings)
    with messages.boundary():
        scores.further(settings)


def _why_scores(page: Frame, settings: Scores) -> None:
    entry = settings.chosen[-1]
    column = SHIPPED if settings.measured_on == SHIPPED else AVERAGE
    value = scores.value_of(entry, column, settings.aggregation)
    live = ""
    if value is not None and column == AVERAGE:
        parts = [number(scores.value_of(entry, name, settings.aggregation)) for name in entry.result.tasks]
        live = rf"\tfrac{{1}}{{{len(parts)}}}({'+'.join(parts)})={value:.1f}".replace("−", "-")
    elif value is not None:
        live = rf"\rho={value:.1f},\quad n={entry.result.pairs.n}"
    page.why(t("bench.why"), formula=FORMULA, live=live)


def _errors(page: Frame) -> None:
    with page.controls:
        settings = controls.errors()
    case = Case(settings)
    with page.figure, messages.boundary():
        pairs_view.main_figure(case)
        st.caption(t("bench.pairs.caption") + " " + scores.provenance(_both(settings)))
        pairs_view.pair_card(case)
        if settings.task == SHIPPED:
            code_panel(_errors_code(case))
    _why_errors(page, case)
    with page.challenge(), messages.boundary():
        tries.one_sided_pair(case)
    with page.figure, messages.boundary():
        pairs_view.kinds_figure(case)
    with page.below, messages.boundary():
        pairs_view.worst_table(case)


def _both(settings: Errors) -> list[Entry]:
    return [settings.first] if settings.first is settings.second else [settings.first, settings.second]


def _why_errors(page: Frame, case: Case) -> None:
    row = case.settings.pair
    gold = places(case.pairs.score)[row]
    lines = []
    for letter, entry, errors in zip(
        "AB", (case.settings.first, case.settings.second), case.errors, strict=True
    ):
        task = entry.task(case.settings.task)
        rho = task.spearman["all"] if task is not None else None
        squares = float(np.mean(errors**2))
        lines.append(
            rf"{letter}:\;e&={gold + errors[row]:.3f}-{gold:.3f}={errors[row]:+.3f}\\"
            rf"&1-6\cdot{squares:.3f}={1 - 6 * squares:.3f}"
            + (rf"\;\;(\rho={rho / 100:.3f})" if rho is not None else "")
        )
    body = r"\\".join(lines)
    page.why(t("bench.why_errors"), formula=ERROR_FORMULA, live=rf"\begin{{aligned}}{body}\end{{aligned}}")


def _scores_code(settings: Scores) -> str:
    names = [(one.source, one.result.encoder.pooling) for one in settings.chosen]
    folder = "None" if settings.measured_on == SHIPPED else '"data/sts"'
    return SCORES_CODE.format(
        names=names, folder=folder, task=settings.measured_on, aggregation=settings.aggregation
    )


def _errors_code(case: Case) -> str:
    names = [(one.source, one.result.encoder.pooling) for one in _both(case.settings)]
    return ERRORS_CODE.format(names=names, text=case.pairs.first[case.settings.pair])
