"""What each way of making a positive does to one sentence."""

from __future__ import annotations

import streamlit as st

from pages.race.controls import title
from pages.race.recorded import recorded
from pages.ui.state import choice
from pages.ui.text import plain, t
from simcse_core.views.words import changes

MARKS = {"kept": "{}", "removed": ":red[− ~~{}~~]", "added": ":green[**+ {}**]"}
SAID = {"dropout", "dropout_more", "no_dropout", "same_mask"}
"""Runners that leave the words alone; what they do is said."""


def draw(chosen: list[str]) -> None:
    """One sentence, and its positive under every chosen runner."""
    st.subheader(t("race.words.title"), anchor=False)
    shown = recorded()["examples"]
    numbers = list(range(1, len(shown) + 1))
    number = choice(
        t("race.words.sentence"), numbers, 1, key="rc_sentence", kind="select",
        format_func=lambda n: str(shown[n - 1]["sentence"]),
    )  # fmt: skip
    one = shown[number - 1]
    draws = list(range(1, len(next(iter(one["made"].values()))) + 1))
    draw_number = choice(t("race.words.draw"), draws, 1, key="rc_draw", help=t("race.words.draw_help"))
    for name in chosen:
        st.markdown(f"**{title(name)}**  \n{_line(one, name, draw_number)}")
    st.caption(t("race.words.caption"))


def _line(one: dict[str, dict[str, list[list[str]]]], name: str, draw_number: int) -> str:
    """The positive with its changes marked by sign and colour; words for those that change none."""
    if name in SAID:
        return t(f"race.words.{name}")
    if name not in one["made"]:
        return t("race.words.unchanged")
    before, after = one["made"][name][draw_number - 1]
    if before == after:
        return t("race.words.unchanged")
    return " ".join(MARKS[kind].format(plain(text)) for text, kind in changes(before, after))
