"""Predict, then reveal; and challenges that check themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from pages.ui.state import mark_solved, solved
from pages.ui.text import t


def guess(
    name: str, question: str, options: Sequence[str], *, is_right: Callable[[str], bool], reveal: str
) -> str | None:
    """Ask for a one-tap guess, then show the truth; returns the guess, None before it.

    Any guess ticks the challenge: predicting is the exercise.

    Args:
        name: `page.challenge`, the name of the tick.
        question: One sentence.
        options: Two to five short answers.
        is_right: Whether an answer holds.
        reveal: What is true and why it matters, Markdown.
    """
    st.markdown(question)
    answer = st.pills(
        question, options, key=f"guess_{name}", label_visibility="collapsed", persist_state="session"
    )
    if answer is None:
        return None
    mark_solved(name)
    verdict = t("shell.guess_right") if is_right(answer) else t("shell.guess_wrong")
    st.info(f"**{verdict}** {reveal}")
    return str(answer)


def goal(name: str, task: str, *, reached: bool, status: str, praise: str) -> None:
    """A task that is checked on every rerun and stays ticked.

    Args:
        name: `page.challenge`.
        task: What to reach, Markdown.
        reached: Whether it is reached now.
        status: Where the visitor stands, with the number in question.
        praise: What the success shows.
    """
    st.markdown(task)
    if reached:
        mark_solved(name)
    if reached or name in solved():
        st.success(praise, icon=":material/check:")
    if not reached:
        st.caption(status)
