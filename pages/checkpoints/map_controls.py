"""Settings of the map; step, pin and selection live in the component and are kept in the address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from pages.checkpoints import map_live
from pages.checkpoints.map_data import RECORDED, TWO, View
from pages.ui.state import choice, remember_default, switch
from pages.ui.text import t
from simcse_core.evaluation.packing import unpacked_rows
from simcse_core.projection import alignments

STEP, PIN, CHOSEN, PICKER = "cp_step", "cp_pin", "cp_sel", "cp-pin-pick"
COLOURS = ("subject", "length", "changed")
MOST_SUBJECTS = 5
SUBJECTS = ("biology-and-medicine", "recipes", "sport", "physics-and-space", "music-and-art")
OPENING = "Sharks possess a skeleton of cartilage rather than bone."
"""Pinned at first, where it is on the map: of the recorded run one of the two that gained most."""


@dataclass(frozen=True)
class Settings:
    """What is chosen on a map.

    Attributes:
        method: Name of the alignment.
        k: Neighbours joined and counted.
        colour: One of `COLOURS`.
        subjects: Subjects with a colour of their own.
        at: Number (index) of the shown step.
        other: Number of the step it is compared with.
        beside: Whether the other step has a map of its own.
        pin: Row of the pinned sentence.
        chosen: Rows of the selected sentences, rising.
    """

    method: str
    k: int
    colour: str
    subjects: Sequence[str]
    at: int
    other: int
    beside: bool
    pin: int
    chosen: tuple[int, ...] = ()


def source() -> str:
    """Which maps: the recorded run, a run of the lab, or two checkpoints; others lose their selection."""
    found = choice(
        t("checkpoints.source"),
        (RECORDED, TWO, *map_live.runs()),
        RECORDED,
        key="cp_of",
        kind="select",
        format_func=lambda name: t(f"checkpoints.source_name.{name}") if name in {RECORDED, TWO} else name,
        help=t("checkpoints.source_help"),
    )
    if not st.query_params.get(CHOSEN, "").startswith(f"{found}."):
        _put(CHOSEN, "", False)
    return found


def read(view: View) -> Settings:
    """Draw the controls of a map."""
    methods = methods_of(view)
    method = choice(
        t("checkpoints.method"), methods, methods[0], key="cp_proj", kind="select", format_func=title,
        help=t("checkpoints.method_help"),
    )  # fmt: skip
    pin = _pin(view)
    colour, subjects = _colour(view)
    other, beside = _other(view)
    k = _neighbours(view)
    return Settings(method, k, colour, subjects, step_of(view), other, beside, pin, chosen_of(view))


def methods_of(view: View) -> tuple[str, ...]:
    """Maps that can be had of this view: checkpoints of different widths have no axes in common."""
    if not view.clouds:
        return tuple(view.atlas.layouts)
    widths = {rows.shape[1] for rows in view.clouds.values()}
    return tuple(name for name in alignments if name != "pca" or (len(widths) == 1 and view.source != TWO))


def title(method: str) -> str:
    """What a map is called."""
    return alignments.info(method).title


def step_of(view: View) -> int:
    """Number of the step in the address; the last where there is none."""
    steps, asked = view.atlas.steps, st.query_params.get(STEP, "")
    if not view.scrub:
        return 0
    return steps.index(int(asked)) if asked.isdecimal() and int(asked[:9]) in steps else len(steps) - 1


def opening_pin(view: View) -> int:
    """Row that is pinned where the address names none."""
    return view.atlas.texts.index(OPENING) if OPENING in view.atlas.texts else 0


def keep(view: View, step: int, pin: int) -> None:
    """Write step and pin into the address; what a page opens with leaves it clean."""
    steps = view.atlas.steps
    _put(STEP, str(step), view.scrub and step in steps and step != steps[-1])
    _put(PIN, str(pin), 0 <= pin < len(view.atlas.texts) and pin != opening_pin(view))


def chosen_of(view: View) -> tuple[int, ...]:
    """Selected rows in the address; none where it names other maps or is damaged."""
    source, _, text = st.query_params.get(CHOSEN, "").rpartition(".")
    return _rows(view, text) if source == view.source else ()


def keep_chosen(view: View, text: str) -> None:
    """Write the selected rows, as the component tells them, into the address, with the maps they are of."""
    _put(CHOSEN, f"{view.source}.{text}", bool(_rows(view, text)))


def _rows(view: View, text: str) -> tuple[int, ...]:
    try:
        return unpacked_rows(text, len(view.atlas.texts))
    except ValueError:
        return ()


def _put(key: str, value: str, wanted: bool) -> None:
    if wanted:
        st.query_params[key] = value
    elif key in st.query_params:
        del st.query_params[key]


def _pin(view: View) -> int:
    """The widget twin of a click on the map; typing in it searches."""
    texts, asked = view.atlas.texts, st.query_params.get(PIN, "")
    known = asked.isdecimal() and int(asked[:9]) < len(texts)
    st.session_state[PICKER] = int(asked) if known else opening_pin(view)
    return int(
        st.selectbox(
            t("checkpoints.pin"),
            range(len(texts)),
            key=PICKER,
            format_func=lambda row: texts[row],
            help=t("checkpoints.pin_help"),
            on_change=lambda: keep(view, view.atlas.steps[step_of(view)], st.session_state[PICKER]),
        )
    )


def _colour(view: View) -> tuple[str, Sequence[str]]:
    colour = choice(
        t("checkpoints.colour"),
        COLOURS if len(view.atlas.steps) > 1 else COLOURS[:2],
        "subject",
        key="cp_by",
        kind="pills",
        format_func=lambda name: t(f"checkpoints.by.{name}"),
    )
    if colour != "subject":
        return colour, ()
    there = sorted(set(view.atlas.subjects))
    default = [subject for subject in SUBJECTS if subject in there]
    remember_default("cp_subjects", default)
    chosen = st.multiselect(
        t("checkpoints.subjects"), there, default, max_selections=MOST_SUBJECTS, key="cp_subjects",
        bind="query-params", format_func=spaced,
    )  # fmt: skip
    return colour, [subject for subject in chosen if subject in there]


def spaced(subject: str) -> str:
    """A subject's name as words."""
    return str(subject).replace("-", " ")


def _other(view: View) -> tuple[int, bool]:
    steps = view.atlas.steps
    if view.source == TWO:
        return 1, True
    if not view.scrub:
        return 0, False
    other = choice(
        t("checkpoints.other"), steps, steps[0], key="cp_with", kind="ladder",
        help=t("checkpoints.other_help"),
    )  # fmt: skip
    return steps.index(other), switch(t("checkpoints.beside"), key="cp_beside")


def _neighbours(view: View) -> int:
    most = view.atlas.neighbours.shape[2]
    offered = [k for k in (3, 5, 10) if k <= most] or [most]
    return choice(t("checkpoints.k"), offered, offered[-1], key="cp_k", help=t("checkpoints.k_help"))
