"""Which objectives, measured on what, at which step, with which pair followed; all of it in the address."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from pages.losses import recorded
from pages.ui.state import choice, remember_default
from pages.ui.text import plain, t
from simcse_core.figures.losses import Trained

MOST = 4
SOURCES = ("recorded", "here")


@dataclass(frozen=True)
class Settings:
    """What is drawn.

    Attributes:
        names: Registered names of the drawn objectives, in the order of the choice.
        objectives: The same, trained and measured.
        measured_on: Set of scored pairs.
        step: Step that the figures show.
        pair: Row of the scored pair that is followed.
        live: Whether they were trained here.
    """

    names: list[str]
    objectives: list[Trained]
    measured_on: str
    step: int
    pair: int
    live: bool

    @property
    def by_pair(self) -> bool:
        """Whether the cosine of every pair is known."""
        return all(one.cosines is not None for one in self.objectives)


def source() -> str:
    """Recorded results, or runs of this machine."""
    return choice(
        t("losses.from"), SOURCES, SOURCES[0], key="ls_from", label_visibility="collapsed",
        format_func=lambda name: t(f"losses.source.{name}"),
    )  # fmt: skip


def pick(options: Sequence[str], title: Callable[[str], str], *, key: str) -> list[str]:
    """One to four objectives; the four of the first view unless told otherwise.

    Args:
        options: Registered names.
        title: Name → what it is called.
        key: Of the setting.
    """
    default = [name for name in recorded.FOUR if name in options] or list(options[:2])
    remember_default(key, default)
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.popover(t("losses.objectives", count=len(options)), icon=":material/checklist:"):
            picked = st.pills(
                t("losses.objectives_pick"), options, selection_mode="multi", default=default, key=key,
                bind="query-params", format_func=title, help=t("losses.objectives_help"),
            )  # fmt: skip
        chosen = [name for name in picked if name in options]
        st.markdown(" · ".join(plain(title(name)) for name in chosen[:MOST]))
    if len(chosen) > MOST:
        st.caption(t("losses.objectives_many", most=MOST))
    return chosen[:MOST]


def set_title(name: str) -> str:
    """What a set of scored pairs is called."""
    return t(f"losses.set.{name.replace('-', '_')}")


def measured_on() -> str:
    """The set of scored pairs."""
    names = recorded.sets()
    return choice(
        t("losses.measured"), names, names[0], key="ls_on", format_func=set_title,
        help=t("losses.measured_help"),
    )  # fmt: skip


def step(steps: Sequence[int]) -> int:
    """The step that the figures show."""
    if len(steps) < 2:
        return int(steps[0])
    return choice(
        t("losses.step"), steps, steps[-1], key="ls_step", kind="ladder", help=t("losses.step_help")
    )


def pair() -> int:
    """The scored pair that is followed, and what people said about it."""
    pairs = recorded.scored()
    chosen = choice(
        t("losses.pair"), range(len(pairs)), 0, key="ls_pair", kind="select", format_func=_pair_title,
        help=t("losses.pair_help", count=len(pairs)),
    )  # fmt: skip
    st.text(pairs.first[chosen])
    st.text(pairs.second[chosen])
    st.caption(t("losses.pair_gold", score=f"{pairs.score[chosen]:.1f}", kind=plain(_kind(chosen))))
    return chosen


def _kind(row: int) -> str:
    labels = recorded.scored().labels
    return labels[row].replace("-", " ") if labels else ""


def _pair_title(row: int) -> str:
    pairs = recorded.scored()
    return f"{row + 1} {_kind(row)} · {pairs.first[row]} / {pairs.second[row]}"
