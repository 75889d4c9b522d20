"""Which runners, measured on what, at which step, and how coloured; all of it in the address."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from pages.race import own, recorded
from pages.ui import shell
from pages.ui.state import choice, remember_default, switch
from pages.ui.text import t
from simcse_core.figures.race import Runner

RUNS_KEY = "rc_runs"
COLOURS = ("runner", "score")


@dataclass(frozen=True)
class Settings:
    """What is drawn.

    Attributes:
        chosen: Names of the recorded runners, in the order of the recording; may be empty.
        measured_on: Set of scored pairs.
        step: Step that the figure opens on.
        by_score: Whether marks are coloured by rank correlation.
        runners: The chosen ones.
        every: All recorded ones by name.
        mine: The visitor's own.
    """

    chosen: list[str]
    measured_on: str
    step: int
    by_score: bool
    runners: list[Runner]
    every: dict[str, Runner]
    mine: list[Runner]


def title(variant: str) -> str:
    """What a runner is called."""
    return t(f"race.runner.{variant}")


def set_title(name: str) -> str:
    """What a set of scored pairs is called."""
    return t(f"race.set.{name.replace('-', '_')}")


def runs() -> list[str]:
    """Pills of all recorded runners; the four of the paper's figure unless told otherwise."""
    names = recorded.variants()
    default = list(recorded.FOUR)
    remember_default(RUNS_KEY, default)
    chosen = st.pills(
        t("race.runs"), names, selection_mode="multi", default=default, key=RUNS_KEY, bind="query-params",
        format_func=title,
    )  # fmt: skip
    return [name for name in names if name in chosen]


def read(chosen: list[str]) -> Settings:
    """Controls beside the figure."""
    names = recorded.sets()
    measured_on = choice(
        t("race.measured"), names, names[0], key="rc_set", format_func=set_title, help=t("race.measured_help")
    )
    every = {name: recorded.runner(name, measured_on, title(name)) for name in recorded.variants()}
    steps = recorded.steps()
    step = choice(t("race.step"), steps, steps[-1], key="rc_step", kind="ladder", help=t("race.step_help"))
    colour = choice(
        t("race.colour"), COLOURS, COLOURS[0], key="rc_colour", format_func=lambda c: t(f"race.coloured.{c}")
    )
    return Settings(
        chosen,
        measured_on,
        step,
        colour == "score",
        [every[name] for name in chosen],
        every,
        _mine(measured_on),
    )


def _mine(measured_on: str) -> list[Runner]:
    """The visitor's runs, where there are any; elsewhere one line on how to get them here."""
    if measured_on == recorded.sets()[0] and len(recorded.sets()) > 1:
        st.caption(t("race.own.elsewhere", name=set_title(recorded.sets()[-1])))
        return []
    found = own.own_runners(measured_on)
    if not found:
        st.caption(t("race.own.none"))
        return []
    return found if switch(t("race.own.show", count=len(found)), key="rc_own", default=True) else []


def add_a_run() -> None:
    """To the training lab, set to a runner of the race with a seed of its own."""
    from simcse_core.views import views

    names = recorded.variants()
    name = choice(t("race.add"), names, names[0], key="rc_add", kind="select", format_func=title)
    lab = next((page for entry, page in shell.listed_pages().items() if entry.name == "lab"), None)
    if lab is None:
        return
    changed = recorded.recorded()["made"]["variants"][name]
    asked = {"lb_view": views.info(changed["view.name"]).title, "lb_seed": str(own.NEW_SEED)}
    if "encoder.dropout" in changed:
        asked["lb_dropout"] = f"{changed['encoder.dropout']:g}"
    st.page_link(lab, label=t("race.go", name=title(name)), icon=":material/add_chart:", query_params=asked)
