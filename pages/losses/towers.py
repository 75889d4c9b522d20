"""Two towers against one: bi-encoder and cross-encoder."""

from __future__ import annotations

import math
from collections.abc import Sequence

import streamlit as st

from pages.losses import towers_panels, towers_scorer
from pages.losses.towers_data import latency, recorded, sets
from pages.losses.towers_panels import set_title
from pages.ui import messages
from pages.ui.challenge import goal, guess
from pages.ui.exports import code_panel, plotly, show_data
from pages.ui.frame import Frame, open_body
from pages.ui.state import choice
from pages.ui.text import prose, t
from pages.ui.theme import current_theme
from simcse_core.evaluation.towers import Latency, forward_passes
from simcse_core.figures.towers import SIDES, cost_panels

QUERIES = (1, 10, 100, 1_000, 2_000, 10_000)
CANDIDATES = (10, 100, 1_000, 2_000, 10_000, 100_000, 1_000_000)
FACTOR = 1_000
MEASURED_KEY = "ls_t_measured"
LIVE_COUNTS = (10, 100)
LIVE_ENCODER = "minilm:4"
FORMULA = r"\underbrace{q+n}_{\text{two towers}}\qquad\underbrace{q\cdot n}_{\text{one tower}}"
CODE = """from simcse_core.encoders import load_encoder
from simcse_core.encoders.cross import CrossEncoder
from simcse_core.evaluation.towers import forward_passes, measure_latency

print(forward_passes({queries}, {candidates}))
two, one = load_encoder("{encoder}"), CrossEncoder(load_encoder("{encoder}"))
texts = [f"Sentence number {{i}} of a list." for i in range(100)]
for row in measure_latency(two, one, "A question.", texts, (10, 100)):
    print(row)"""


def render() -> None:
    """Draw the tab under the page's header."""
    body = open_body("objectives", "ls")
    with body.controls:
        st.markdown(t("objectives.towers.look"))
        queries = choice(
            t("objectives.towers.queries"), QUERIES, 100, key="ls_t_q", kind="ladder", format_func=_count
        )
        candidates = choice(
            t("objectives.towers.candidates"), CANDIDATES, 1_000, key="ls_t_n", kind="ladder",
            format_func=_count, help=t("objectives.towers.candidates_help"),
        )  # fmt: skip
        measured_on = choice(
            t("objectives.towers.set"), sets(), sets()[0], key="ls_t_set", format_func=set_title
        )
        _measure_button()
    with body.figure:
        _costs(queries, candidates)
    _why(body, queries, candidates)
    with body.challenge():
        _tries(queries, candidates)
    with body.details():
        st.markdown(prose("losses", "towers"))
    with body.below:
        left, right = st.columns(2, gap="large")
        with left, messages.boundary():
            towers_panels.draw_scores(measured_on)
        with right, messages.boundary():
            towers_panels.draw_mismatch(measured_on)
        with messages.boundary():
            towers_scorer.draw()


def _count(value: int) -> str:
    return f"{value:,}"


def _measure_button() -> None:
    if st.button(
        t("objectives.towers.measure"), key="ls-t-measure", icon=":material/timer:",
        help=t("objectives.towers.measure_help"),
    ):  # fmt: skip
        with messages.boundary(), st.spinner(t("objectives.towers.measuring")):
            st.session_state[MEASURED_KEY] = measure_here()


def measure_here() -> list[Latency]:
    """Both sides timed on this machine, on the shipped sentences; one tower with a new classifier."""
    from simcse_core.data.datasets import load_dataset_records
    from simcse_core.encoders import load_encoder
    from simcse_core.encoders.cross import CrossEncoder
    from simcse_core.evaluation.towers import measure_latency

    query, *texts = dict.fromkeys(str(text) for text in load_dataset_records("sentences"))
    cross = CrossEncoder(load_encoder(LIVE_ENCODER))
    return list(measure_latency(load_encoder(LIVE_ENCODER), cross, query, texts, LIVE_COUNTS))


def _costs(queries: int, candidates: int) -> None:
    own: Sequence[Latency] | None = st.session_state.get(MEASURED_KEY)
    rows, passes = own or latency(), forward_passes(queries, candidates)
    words = {side: t(f"objectives.towers.{side}") for side in SIDES}
    words |= {
        "title": t("objectives.towers.figure"),
        "passes": t("objectives.towers.passes"),
        "latency": t("objectives.towers.latency"),
        "candidates": t("objectives.towers.axis"),
    }
    numbers = {"q": _count(queries), "n": _count(candidates), "bi": _count(passes.bi)}
    numbers |= {"cross": _count(passes.cross)}
    figure = cost_panels(queries, candidates, rows, current_theme(), words=words)
    plotly(figure, key="ls_t_figure", alt=t("objectives.towers.alt", **numbers))
    made = recorded()["made"]
    where = (
        t("objectives.towers.measured")
        if own
        else t(
            "objectives.towers.recorded", cores=made["machine"]["cores"], threads=made["threads"],
            precision=made["precision"], date=made["date"],
        )
    )  # fmt: skip
    st.caption(t("objectives.towers.caption", again=_count(passes.bi_again), where=where, **numbers))
    _table(queries, rows)
    code_panel(CODE.format(queries=queries, candidates=candidates, encoder=LIVE_ENCODER))


def _table(queries: int, rows: Sequence[Latency]) -> None:
    passes = [forward_passes(queries, row.candidates) for row in rows]
    unit = t("objectives.towers.ms")
    columns = {
        t("objectives.towers.candidates"): [row.candidates for row in rows],
        **{t(f"objectives.towers.{side}"): [getattr(one, side) for one in passes] for side in SIDES},
        f"{t('objectives.towers.bi')}, {unit}": [round(row.embed + row.search, 2) for row in rows],
        f"{t('objectives.towers.bi_again')}, {unit}": [round(row.search, 2) for row in rows],
        f"{t('objectives.towers.cross')}, {unit}": [round(row.cross, 2) for row in rows],
    }
    show_data(columns, "towers-costs", key="ls_t_data", alt=t("objectives.towers.table"))


def _why(body: Frame, queries: int, candidates: int) -> None:
    passes = forward_passes(queries, candidates)
    numbers = (f"{value:,}".replace(",", "{,}") for value in (passes.bi, passes.cross))
    plus, times = numbers
    q, n = (f"{value:,}".replace(",", "{,}") for value in (queries, candidates))
    body.why(t("objectives.towers.why"), formula=FORMULA, live=rf"{q}+{n}={plus},\qquad {q}\cdot {n}={times}")


def _tries(queries: int, candidates: int) -> None:
    row = latency()[-1]
    factor = row.cross / row.search
    answers = ("×2", "×20", "×200", "×2,000")
    right = min(answers, key=lambda answer: abs(_ratio(float(answer[1:].replace(",", "")), factor)))
    guess(
        "losses.latency",
        t("objectives.towers.guess", n=_count(row.candidates)),
        answers,
        is_right=lambda answer: answer == right,
        reveal=t(
            "objectives.towers.reveal", factor=f"{factor:,.0f}", cross=f"{row.cross:,.0f}",
            search=f"{row.search:.1f}", embed=f"{row.embed + row.search:,.0f}",
        ),
    )  # fmt: skip
    passes = forward_passes(queries, candidates)
    goal(
        "losses.passes",
        t("objectives.towers.task"),
        reached=passes.cross >= FACTOR * passes.bi,
        status=t("objectives.towers.status", factor=f"{passes.cross / passes.bi:,.1f}"),
        praise=t("objectives.towers.praise"),
    )


def _ratio(first: float, second: float) -> float:
    """How many powers of e apart two numbers are."""
    return math.log(first / second)
