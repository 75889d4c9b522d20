"""What is shown: the view, the checkpoints, how tasks are put together, and the pair in question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from pages.bench.entries import Entry, entries, opening, tasks_with_pairs
from pages.bench.kinds import BY, Kinds, kinds_of
from pages.bench.kinds import title as kind_title
from pages.bench.recorded import recorded
from pages.bench.words import label, set_title
from pages.ui.state import choice, remember_default, switch
from pages.ui.text import t
from simcse_core.bench import AGGREGATIONS, SHIPPED

MOST = 6
CHECKPOINTS_KEY, PAIR_KEY = "bn_ck", "bn_pair"
SHOW = "bench-show"  # measured checkpoints that are to be chosen once they are there
LEAD = "STS-B"
"""The task whose alignment and uniformity the plane shows, as in the paper."""
NONE = "none"


@dataclass(frozen=True, eq=False)
class Scores:
    """Settings of the scores.

    Attributes:
        chosen: One to six checkpoints; may be empty.
        aggregation: How the subsets of a task are put together.
        measured_on: Set of the plane.
    """

    chosen: list[Entry]
    aggregation: str
    measured_on: str


@dataclass(frozen=True, eq=False)
class Errors:
    """Settings of the errors.

    Attributes:
        first: Checkpoint A.
        second: Checkpoint B.
        task: Set of scored pairs.
        kinds: Its pairs by kind.
        marked: Kind that is set off, or `NONE`.
        signed: Whether the kinds show which way the errors go, instead of how large they are.
        pair: Row of the pair in question.
    """

    first: Entry
    second: Entry
    task: str
    kinds: Kinds
    marked: str
    signed: bool
    pair: int


def checkpoints() -> list[Entry]:
    """Pills of all known checkpoints; at most six are taken."""
    known = entries()
    default = list(recorded().results)[:MOST]
    remember_default(CHECKPOINTS_KEY, default)
    _take_in(known, default)
    chosen = st.pills(
        t("bench.checkpoints"), list(known), selection_mode="multi", default=default, key=CHECKPOINTS_KEY,
        bind="query-params", format_func=label,
    )  # fmt: skip
    kept = [name for name in known if name in chosen]
    if len(kept) > MOST:
        st.caption(t("bench.too_many", most=MOST))
    return [known[name] for name in kept[:MOST]]


def _take_in(known: Mapping[str, Entry], default: list[str]) -> None:
    """Choose what has just been measured; where six are chosen the first gives way."""
    waiting: list[str] = st.session_state.get(SHOW, [])
    fresh = [name for name in waiting if name in known]
    if fresh:
        kept = [n for n in st.session_state.get(CHECKPOINTS_KEY, default) if n in known and n not in fresh]
        st.session_state[CHECKPOINTS_KEY] = [*kept[max(0, len(kept) + len(fresh) - MOST) :], *fresh]
        st.session_state[SHOW] = [name for name in waiting if name not in fresh]


def scores(chosen: list[Entry]) -> Scores:
    """Controls beside the plane."""
    aggregation = choice(
        t("bench.aggregation"), AGGREGATIONS, "all", key="bn_agg", help=t("bench.aggregation_help"),
        format_func=lambda name: t(f"bench.aggregations.{name}"),
    )  # fmt: skip
    sets = [LEAD, SHIPPED] if any(one.task(LEAD) is not None for one in chosen) else [SHIPPED]
    measured_on = choice(
        t("bench.plane.on"), sets, sets[0], key="bn_on", format_func=set_title, help=t("bench.plane.on_help")
    )
    return Scores(chosen, aggregation, measured_on)


def errors() -> Errors:
    """Controls beside the pairs."""
    known = entries()
    names = list(known)
    before, after = opening()
    first = choice(t("bench.first"), names, before, key="bn_a", kind="select", format_func=label)
    second = choice(t("bench.second"), names, after, key="bn_b", kind="select", format_func=label)
    a, b = known[first], known[second]
    tasks = tasks_with_pairs(a, b)
    task = choice(
        t("bench.set.label"), tasks, SHIPPED, key="bn_set", kind="select", format_func=set_title,
        help=t("bench.set.help"),
    )  # fmt: skip
    ways = [way for way in BY if way != "label" or len(kinds_of(task, "label").names) > 1]
    by = choice(t("bench.by.title"), ways, ways[0], key="bn_by", format_func=lambda w: t(f"bench.by.{w}"))
    kinds = kinds_of(task, by)
    marked = choice(
        t("bench.marked"),
        [NONE, *kinds.names],
        NONE,
        key="bn_kind",
        kind="select",
        format_func=lambda kind: t("bench.unmarked") if kind == NONE else kind_title(kind),
    )
    signed = switch(t("bench.signed"), key="bn_signed", help=t("bench.signed_help"))
    return Errors(a, b, task, kinds, marked, signed, pair(len(kinds.of)))


def pair(count: int) -> int:
    """The pair in question, by number; what a click on a point or a row sets too."""
    numbers = list(range(1, count + 1))
    return choice(t("bench.pair.label"), numbers, 1, key=PAIR_KEY, kind="select",
                  help=t("bench.pair.help")) - 1  # fmt: skip


def take_pair(row: int) -> None:
    """From a callback: make this row the pair in question."""
    st.session_state[PAIR_KEY] = row + 1
