"""Predict, then reveal; and the challenge: fewer numbers, better order."""

from __future__ import annotations

import streamlit as st

from pages.repair.controls import OPENING, SMALL, Settings
from pages.repair.leakage import gap_of
from pages.repair.measured import Measured, checkpoints, poolings, recorded_of
from pages.repair.panels import change, signed
from pages.ui.challenge import goal, guess
from pages.ui.checkpoints import short
from pages.ui.text import plain, t
from simcse_core.evaluation.repairs import ELSEWHERE, Effect, default_variant

NEAR = 2.0  # points that count as "about the same"
ANSWERS = ("rises", "same", "falls")


def draw(settings: Settings, measured: Measured) -> None:
    """The guess about the trained encoder, and the challenge."""
    _guess()
    _goal(settings, measured)


def verdict(difference: float) -> str:
    """One of `ANSWERS`."""
    if abs(difference) <= NEAR:
        return "same"
    return "rises" if difference > 0 else "falls"


def _guess() -> None:
    """Whitening of the most trained encoder, read as the page opens."""
    pooling = poolings()[0]
    names = checkpoints(pooling)
    first, last = (recorded_of(name, pooling) for name in (names[0], names[-1]))
    if first is None or last is None:
        return
    settings = default_variant(OPENING)
    gaps = [gap_of(one, OPENING, settings) for one in (first, last)]
    if gaps[0] is None or gaps[1] is None:
        return
    before = [one.before.spearman for one in (first, last)]
    moved = [gap[0] - value for gap, value in zip(gaps, before, strict=True) if gap is not None]
    words = {answer: t(f"repair.guess.{answer}", near=f"{NEAR:g}") for answer in ANSWERS}
    guess(
        "repair.guess",
        t("repair.guess.ask", name=plain(short(last.name)), score=signed(before[1], 1)),
        list(words.values()),
        is_right=lambda answer: answer == words[verdict(moved[1])],
        reveal=t(
            "repair.guess.reveal", name=plain(short(last.name)), change=change(moved[1], 1),
            first=plain(short(first.name)), first_change=change(moved[0], 1),
        ),
    )  # fmt: skip


def _goal(settings: Settings, measured: Measured) -> None:
    state = measured.state(settings.repair, settings.parameters, settings.corpus, settings.count)
    before = measured.before.spearman
    if not isinstance(state, Effect):
        st.caption(t("repair.goal.none"))
        return
    honest = settings.corpus == ELSEWHERE
    reached = state.width <= SMALL < measured.dimension and honest and state.spearman > before
    status = t(
        "repair.goal.status" if honest else "repair.goal.leaky", width=state.width,
        score=signed(state.spearman, 1), before=signed(before, 1),
    )  # fmt: skip
    praise = t(
        "repair.goal.praise", width=state.width, dimension=measured.dimension, before=signed(before, 1),
        score=signed(state.spearman, 1),
    )  # fmt: skip
    goal(
        "repair.small",
        t("repair.goal.task", most=SMALL, dimension=measured.dimension),
        reached=reached,
        status=status,
        praise=praise if reached else t("repair.goal.before"),
    )
