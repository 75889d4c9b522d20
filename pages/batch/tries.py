"""Count the negatives of a row; guess what a half-precision number makes of the usual mask."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages.batch.controls import LAYOUT_ORDER, layout_title
from pages.batch.recorded import recorded
from pages.ui.challenge import goal, guess
from pages.ui.text import t
from simcse_core.theory.batch import Roles, candidate_counts

LARGE = 64  # sentences: the batch of the paper, too large to count cell by cell
ANSWERS = ("1e12", "65,504", "∞", "NaN")
COUNTS = (LARGE - 1, LARGE, 2 * LARGE - 2, 2 * LARGE - 1, 2 * LARGE)


def count_negatives(found: Roles) -> None:
    """Four counts for a batch that is not drawn; the small one on the page shows the rule."""
    right = {name: candidate_counts(name, LARGE) for name in LAYOUT_ORDER}
    st.markdown(
        t(
            "batch.task", size=LARGE, layout=layout_title(found.layout), negatives=found.negatives,
            sentences=len(found.rows) if found.layout != "interleaved" else len(found.rows) // 2,
        )
    )  # fmt: skip
    given = {
        name: st.pills(layout_title(name), COUNTS, key=f"bt-count-{name}", persist_state="session")
        for name in LAYOUT_ORDER
    }
    hard = st.pills(t("batch.task_hard"), COUNTS, key="bt-count-hard", persist_state="session")
    answers = [(given[name], right[name][0]) for name in LAYOUT_ORDER]
    answers.append((hard, right["triples"][1]))
    correct = sum(answer == truth for answer, truth in answers)
    goal(
        "batch.count",
        t("batch.task_rule"),
        reached=correct == len(answers),
        status=t("batch.status", answered=sum(a is not None for a, _ in answers), correct=correct,
                 total=len(answers)),
        praise=t("batch.praise"),
    )  # fmt: skip


def guess_half() -> None:
    """What 1e12 becomes in float16, from the recorded table."""
    column = recorded().half["float16"]
    right = "∞" if np.isinf(float(column["constant"])) else "1e12"
    reveal = t("batch.guess_reveal", largest=f"{float(column['largest']):,.0f}")
    guess("batch.guess", t("batch.guess"), ANSWERS, is_right=lambda a: a == right, reveal=reveal)
