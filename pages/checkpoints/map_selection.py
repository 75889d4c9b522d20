"""Under the map: what the selected sentences are about, whether they lie together, and their list."""

from __future__ import annotations

import streamlit as st

from pages.checkpoints.map_controls import Settings, spaced
from pages.checkpoints.map_data import View
from pages.checkpoints.map_panels import step_name
from pages.ui.exports import csv_button
from pages.ui.text import plain, t
from simcse_core.evaluation.selection import groups_in, neighbours_inside
from simcse_core.metrics.anisotropy import mean_cosine

NAMED = 4  # subjects that the sentence names
LISTED = 100  # rows of the table; the CSV has all
TALL = 8  # rows seen without scrolling


def draw(view: View, settings: Settings) -> None:
    """Everything about the selected sentences; nothing where none is selected."""
    if not settings.chosen:
        return
    with st.container(border=True):
        st.subheader(t("checkpoints.selection.title"), anchor=False)
        st.markdown(_subjects(view, settings))
        if len(settings.chosen) > 1:
            st.markdown(_together(view, settings))
        _list(view, settings)


def _subjects(view: View, settings: Settings) -> str:
    """How many, and of which subjects, beside their share of the map."""
    groups = groups_in(settings.chosen, view.atlas.subjects)
    named = len(groups) if len(groups) == NAMED + 1 else NAMED  # "one other" could as well be named
    parts = [
        t("checkpoints.selection.subject", count=one.count, subject=plain(spaced(one.name)),
          share=f"{100 * one.share:.0f}", overall=f"{100 * one.overall:.0f}")
        for one in groups[:named]
    ]  # fmt: skip
    if groups[named:]:
        rest = sum(one.count for one in groups[named:])
        parts.append(t("checkpoints.selection.rest", count=rest, subjects=len(groups[named:])))
    return t("checkpoints.selection.subjects", count=len(settings.chosen), total=len(view.atlas.texts),
             subjects=", ".join(parts))  # fmt: skip


def _together(view: View, settings: Settings) -> str:
    """How close together, at the shown step and at the one it is compared with."""
    atlas, rows = view.atlas, list(settings.chosen)
    at = list(dict.fromkeys([settings.at, settings.other]))
    names = [plain(step_name(view, number)) for number in at]
    found = neighbours_inside(atlas.neighbours[at, :, : settings.k], rows)
    shares = [
        t("checkpoints.selection.share_at", share=f"{100 * share:.0f}", step=name)
        for share, name in zip(found.shares, names, strict=True)
    ]
    said = t("checkpoints.selection.inside", k=found.k, shares=", ".join(shares),
             chance=f"{100 * found.chance:.0f}")  # fmt: skip
    if not view.clouds:  # the recorded run keeps neighbours only
        return said
    clouds = [view.clouds[atlas.steps[number]] for number in at]
    cosines = [
        t("checkpoints.selection.cosine_at", among=f"{mean_cosine(cloud[rows]):.2f}",
          every=f"{mean_cosine(cloud):.2f}", step=name)
        for cloud, name in zip(clouds, names, strict=True)
    ]  # fmt: skip
    return said + " " + t("checkpoints.selection.cosine", cosines=", ".join(cosines))


def _list(view: View, settings: Settings) -> None:
    """The first sentences as a table, all of them as CSV."""
    atlas, count = view.atlas, len(settings.chosen)
    columns = {
        "subject": [spaced(atlas.subjects[row]) for row in settings.chosen],
        "sentence": [atlas.texts[row] for row in settings.chosen],
    }
    heads = {name: t(f"checkpoints.column.{name}") for name in columns}
    shown = min(count, LISTED)
    st.dataframe(
        {name: values[:LISTED] for name, values in columns.items()}, hide_index=True, width="stretch",
        key="cp-selection", height=38 + 35 * min(shown, TALL),
        alt=t("checkpoints.selection.alt", count=shown),
        column_config=heads | {"subject": st.column_config.TextColumn(heads["subject"], width=140)},
    )  # fmt: skip
    if count > shown:
        st.caption(t("checkpoints.selection.capped", shown=shown, count=count))
    csv_button(columns, f"selection-{count}", key="cp-selection-csv")
