"""Predict, then reveal; and the challenge."""

from __future__ import annotations

import streamlit as st

from pages.race import standing
from pages.race.controls import Settings, set_title, title
from pages.race.panels import signed
from pages.race.recorded import FOUR, runner, sets
from pages.ui.challenge import goal, guess
from pages.ui.text import t
from simcse_core.figures.race import Runner

SCORE = "race.score"


def predicted() -> bool:
    """Whether the visitor has guessed who wins."""
    return st.session_state.get(f"guess_{SCORE}") is not None


def draw(settings: Settings) -> None:
    """Two guesses and the challenge."""
    _guess_score()
    _guess_drift()
    _goal(settings)


def _guess_score() -> None:
    measured_on = sets()[0]
    four = {title(name): runner(name, measured_on, title(name)) for name in FOUR}
    best, near, spread = standing.top(four, "spearman")
    start = float(four[best].mean("spearman")[0])
    order = sorted(four, key=lambda name: -standing.end(four[name], "spearman").mean)
    reveal = t(
        "race.try.score_reveal", before=signed(start, 1), spread=signed(spread, 1),
        order=", ".join(f"{n} {signed(standing.end(four[n], 'spearman').mean, 1)}" for n in order),
    )  # fmt: skip
    if near:
        reveal += " " + t("race.try.tie", names=", ".join([best, *near]))
    guess(
        SCORE,
        t("race.try.score", name=set_title(measured_on)),
        list(four),
        is_right=lambda answer: answer in {best, *near},
        reveal=reveal,
    )


def _guess_drift() -> None:
    measured_on = sets()[-1]  # not the set that the figure opens on
    four = {title(name): runner(name, measured_on, title(name)) for name in FOUR}
    far, near, spread = standing.top(four, "alignment")
    order = sorted(four, key=lambda name: -standing.end(four[name], "alignment").mean)
    reveal = t(
        "race.try.drift_reveal", start=signed(float(four[far].mean("alignment")[0]), 3),
        order=", ".join(f"{n} {signed(standing.end(four[n], 'alignment').mean, 3)}" for n in order),
        spread=signed(spread, 3),
    )  # fmt: skip
    if near:
        reveal += " " + t("race.try.tie", names=", ".join([far, *near]))
    guess(
        "race.drift",
        t("race.try.drift", name=set_title(measured_on)),
        list(four),
        is_right=lambda answer: answer in {far, *near},
        reveal=reveal,
    )


def _goal(settings: Settings) -> None:
    target = standing.drifter(settings.every)
    if target is None:
        return
    reached = settings.chosen == [target]
    alone = settings.runners[0] if len(settings.chosen) == 1 else None
    status = t("race.try.goal_many", count=len(settings.chosen))
    if alone is not None:
        status = t(
            "race.try.goal_status", name=alone.name, alignment=_moved(alone, "alignment", 3),
            uniformity=_moved(alone, "uniformity", 2),
        )  # fmt: skip
    goal(
        "race.apart",
        t("race.try.goal"),
        reached=reached,
        status=status,
        praise=t(
            "race.try.praise", name=title(target),
            alignment=_moved(settings.every[target], "alignment", 3),
            uniformity=_moved(settings.every[target], "uniformity", 2),
        ),
    )  # fmt: skip


def _moved(one: Runner, measure: str, digits: int) -> str:
    path = one.mean(measure)
    return f"{signed(float(path[0]), digits)} → {signed(float(path[-1]), digits)}"
