"""The trap of false negatives: sentences of one batch that mean the same are pushed apart all the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.traps import chance, negatives_panels
from pages.traps.negatives_data import Seen, Settings, drawn, opening_batch, own_batch, seen_by
from pages.traps.provenance import signed
from pages.traps.recorded import recorded
from pages.ui import checkpoints, messages
from pages.ui.challenge import goal, guess
from pages.ui.frame import Frame
from pages.ui.state import choice
from pages.ui.text import prose, t
from simcse_core.data.tables import clean
from simcse_core.errors import SimCSEError
from simcse_core.evaluation.false_negatives import chance_of_repeat
from simcse_core.evaluation.in_batch import Batch

SOURCES, SIZES = ("shipped", "own"), (16, 32, 64)
TEMPERATURES = (0.02, 0.05, 0.1, 0.2, 0.5)
PRIORS = (0.0, 0.001, 0.01, 0.05, 0.1)
THRESHOLDS = (0.4, 0.5, 0.7, 0.8, 0.9)
LEAST, MOST, LONGEST, EXAMPLE = 4, 64, 300, 8
LINES = "tr-lines"
ASKED, ANSWERS = (64, 0.001), ("6 %", "13 %", "50 %", "87 %")
HALF = 0.5
FORMULA = (
    r"\frac{\partial\ell_i}{\partial s_{ij}}=\frac{p_{ij}}{\tau},\qquad "
    r"R_i=\max\!\Big(\frac{\sum_k e^{s_{ik}/\tau}-\tau^+Ke^{s_{ii}/\tau}}{1-\tau^+},\,Ke^{-1/\tau}\Big)"
)


@dataclass(frozen=True)
class View:
    """What is shown: a checkpoint, where the sentences come from, the settings, and the batch."""

    name: str
    source: str
    settings: Settings
    seen: Seen
    measure: str


def draw(page: Frame) -> None:
    """Fill the frame of the page."""
    with page.figure:
        sign = st.container()
    with page.controls, messages.boundary():
        st.markdown(t("traps.negatives.look"))
        view = _read(sign)
        if view is not None:
            with page.figure, messages.boundary():
                negatives_panels.figure(view)
            _why(page, view)
            with page.challenge():
                _guess()
                _goal(view)
    with page.details():
        st.markdown(prose("traps", "negatives"))
        st.markdown(_judge_words())
    with page.below, messages.boundary():
        chance.draw()


def _read(sign: DeltaGenerator) -> View | None:
    opening = recorded()["batch"]["encoder"]
    name = checkpoints.pick((opening,), opening, help=t("traps.negatives.checkpoint_help"))
    source, batch = _sentences()
    settings = _settings()
    measure = choice(
        t("traps.negatives.measure"), ("push", "share"), "push", key="tr_show",
        format_func=lambda m: t(f"traps.negatives.measures.{m}"),
    )  # fmt: skip
    try:
        return View(name, source, settings, seen_by(name, batch, settings, sign), measure)
    except SimCSEError as error:
        with sign:
            messages.refuse(error)
        return None


def _settings() -> Settings:
    told = recorded()["batch"]
    judge, opening = float(told["judge"]["threshold"]), told["settings"]
    left, right = st.columns(2)
    with left:
        tau = choice(t("traps.negatives.tau"), TEMPERATURES, opening["temperature"], key="tr_tau",
                     kind="ladder")  # fmt: skip
        threshold = choice(
            t("traps.negatives.threshold"), sorted([*THRESHOLDS, judge]), judge, key="tr_mask",
            kind="ladder", format_func=lambda v: f"{v:.2f}", help=t("traps.negatives.threshold_help"),
        )  # fmt: skip
    with right:
        other = choice(t("traps.negatives.other_tau"), TEMPERATURES, opening["other_temperature"],
                       key="tr_tau2", kind="ladder")  # fmt: skip
        prior = choice(t("traps.negatives.prior"), PRIORS, opening["prior"], key="tr_prior", kind="ladder",
                       help=t("traps.negatives.prior_help"))  # fmt: skip
    return Settings(tau, threshold, prior, other)


def _sentences() -> tuple[str, Batch]:
    """Where the batch comes from, and the batch; the shipped one while own lines cannot be used."""
    source = choice(
        t("traps.negatives.sentences"), SOURCES, "shipped", key="tr_from",
        format_func=lambda s: t(f"traps.negatives.source.{s}"),
    )  # fmt: skip
    if source == "own":
        lines = _own()
        if lines is not None:
            return source, own_batch(lines)
        return "shipped", opening_batch()
    told = recorded()["batch"]["drawn"]
    size = choice(t("traps.negatives.size"), SIZES, told["size"], key="tr_size")
    if size == told["size"]:
        return source, opening_batch()
    return source, drawn(size, tuple(told["subjects"]), told["paraphrases"], told["seed"])


def _own() -> list[str] | None:
    if LINES not in st.session_state:
        batch = opening_batch()
        paired = sorted(range(len(batch.texts)), key=lambda i: (batch.groups[i] < 0, i))
        st.session_state[LINES] = "\n".join(batch.texts[i] for i in paired[:EXAMPLE])
    given = st.text_area(
        t("traps.negatives.lines", most=MOST), key=LINES, persist_state="session", height=200,
        max_chars=MOST * (LONGEST + 1), help=t("traps.negatives.lines_help"),
    )  # fmt: skip
    lines = list(dict.fromkeys(clean(line)[:LONGEST] for line in (given or "").split("\n") if clean(line)))
    if len(lines) < LEAST:
        st.info(t("traps.negatives.too_few", least=LEAST), icon=":material/edit:")
        return None
    return lines[:MOST]


def _why(page: Frame, view: View) -> None:
    row, column = negatives_panels.strongest(view.seen)
    cosines, tau = view.seen.cosines, view.settings.temperature
    push = float(view.seen.ways["plain"].gradient[row, column])
    count = len(cosines) - 1
    found, own = np.delete(cosines[row], row), float(cosines[row, row])
    mass = float(np.exp((found - own) / tau).sum())  # in units of e^{own/τ}
    page.why(
        t("traps.negatives.why"),
        formula=FORMULA,
        live=rf"\frac{{{push * tau:.3f}}}{{{tau:g}}}={push:.2f},\qquad "
        rf"\sum_k={mass:.3f}\,e^{{s_{{ii}}/\tau}},\quad \tau^+K={view.settings.prior * count:.2f}",
    )


def _guess() -> None:
    size, rate = ASKED
    true = 100 * float(chance_of_repeat(size, rate))
    right = min(ANSWERS, key=lambda answer: abs(float(answer.removesuffix(" %")) - true))
    guess(
        "traps.repeat", t("traps.negatives.guess", size=size, every=f"{1 / rate:,.0f}"), ANSWERS,
        is_right=lambda a: a == right,
        reveal=t("traps.negatives.reveal", chance=f"{true:.0f}", pairs=f"{size * (size - 1) // 2:,}"),
    )  # fmt: skip


def _goal(view: View) -> None:
    """Settings under which the debiased objective pushes in more than half of the rows."""
    rows, silent = len(view.seen.cosines), view.seen.ways["debiased"].silent
    settings = view.settings
    reached = settings.prior > 0 and silent < HALF * rows
    goal(
        "traps.silent",
        t("traps.negatives.task"),
        reached=reached,
        status=t("traps.negatives.status", silent=silent, rows=rows),
        praise=t("traps.negatives.praise", silent=silent, rows=rows, tau=f"{settings.temperature:g}",
                 prior=f"{settings.prior:g}") if reached else t("traps.negatives.praise_before"),
    )  # fmt: skip


def _judge_words() -> str:
    judge = recorded()["batch"]["judge"]
    return t(
        "traps.negatives.judge", name=judge["encoder"], threshold=signed(judge["threshold"], 2),
        share=f"{100 * judge['share']:g}", pairs=f"{judge['random_pairs']:,}", scored=judge["scored_pairs"],
        score=judge["paraphrase_score"], recall=f"{100 * judge['recall']:.0f}",
        precision=f"{100 * judge['precision']:.0f}",
    )  # fmt: skip
