"""Guess the cosine of two views; count the negatives of a row in each layout."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages.ui.challenge import goal, guess
from pages.ui.text import t
from pages.walk.recorded import recorded_batch
from simcse_core.theory.walk import walk_of
from simcse_core.theory.walk_arrays import LAYOUTS

ANSWERS = ("0.50", "0.80", "0.90", "0.96", "1.00")


def guess_cosine() -> None:
    """What two dropout views of one sentence have for a cosine, from the recording."""
    pairs = {
        p: np.diag(walk_of(recorded_batch(2, p, False), "two_view", 0.05)["similarities"]) for p in (0.1, 0.3)
    }
    mean = float(pairs[0.1].mean())
    right = min(ANSWERS, key=lambda answer: abs(float(answer) - mean))
    reveal = t("walk.guess_reveal", mean=f"{mean:.3f}", strong=f"{pairs[0.3].mean():.3f}")
    guess("walk.guess", t("walk.guess"), ANSWERS, is_right=lambda a: a == right, reveal=reveal)


def count_negatives() -> None:
    """Three counts; the answers are counted in the recorded matrices, so they cannot be wrong."""
    right = {
        name: walk_of(recorded_batch(layout.parts, 0.1, False), name, 0.05).negatives
        for name, layout in LAYOUTS.items()
    }
    size = recorded_batch(2, 0.1, False).size
    options = [size - 1, size, 2 * size - 2, 2 * size - 1, 2 * size]
    st.markdown(t("walk.task", size=size))
    given: dict[str, int | None] = {}
    for name in LAYOUTS:
        label = t(f"walk.layout_name.{name}")
        given[name] = st.pills(label, options, key=f"wk-count-{name}", persist_state="session")
    correct = sum(given[name] == right[name] for name in LAYOUTS)
    answered = sum(value is not None for value in given.values())
    goal(
        "walk.count",
        t("walk.task_rule"),
        reached=correct == len(LAYOUTS),
        status=t("walk.status", answered=answered, correct=correct, total=len(LAYOUTS)),
        praise=t("walk.praise"),
    )
