"""The scores: the plane, the table of tasks with intervals, further measures, published rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from pages.bench import live, published, standing
from pages.bench.controls import Scores
from pages.bench.entries import Entry
from pages.bench.recorded import recorded
from pages.bench.words import ends, label, number, set_title, shown
from pages.ui.exports import csv_button, plotly, show_data
from pages.ui.text import plain, t
from pages.ui.theme import current_theme
from simcse_core.bench import SHIPPED
from simcse_core.bench.compare import AVERAGE
from simcse_core.bench.results import Interval
from simcse_core.data.sts_sets import TASKS
from simcse_core.figures.bench import Placed, Row, interval_rows, plane

LOOKS = (
    ("before", "circle"), ("after", "diamond"), ("hard", "square"), ("positive", "triangle-up"),
    ("false", "pentagon"), ("outline", "star"),
)  # fmt: skip
"""Colour by role and mark of the shown checkpoints, in turn."""
BOLD = "font-weight: 700"


def main_figure(settings: Scores) -> None:
    """The plane, what it says, and where the numbers come from."""
    points = [one for one in (_placed(entry, settings) for entry in settings.chosen) if one is not None]
    if not points:
        st.info(t("bench.plane.none", name=set_title(settings.measured_on)))
        return
    words = {
        part: t(f"bench.plane.{part}") for part in ("alignment", "uniformity", "better", "collapsed", "even")
    }
    words["title"] = t("bench.plane.title", name=set_title(settings.measured_on))
    words["score"] = score_title(settings)
    told = "; ".join(
        t("bench.plane.point", name=one.name, alignment=number(one.alignment, 2),
          uniformity=number(one.uniformity, 2), score=number(one.score))
        for one in points
    )  # fmt: skip
    plotly(plane(points, current_theme(), words=words), key="bn_plane", alt=t("bench.plane.alt", points=told))
    _told_missing(settings)
    st.markdown(standing.sentence(settings))
    st.caption(provenance(settings.chosen))
    columns: dict[str, list[Any]] = {
        t("bench.checkpoint"): [one.name for one in points],
        t("bench.plane.alignment"): [round(one.alignment, 4) for one in points],
        t("bench.plane.uniformity"): [round(one.uniformity, 4) for one in points],
        words["score"]: [one.score for one in points],
    }
    show_data(columns, "bench-plane", key="bn_plane_data", alt=t("bench.plane.data_alt"))


def _told_missing(settings: Scores) -> None:
    """Names the checkpoints that the plane cannot hold, and where they can be seen."""
    missing = [shown(one.name) for one in settings.chosen if _placed(one, settings) is None]
    if missing:
        st.info(
            t("bench.plane.missing", names=", ".join(missing), name=set_title(settings.measured_on),
              other=set_title(SHIPPED)),
            icon=":material/scatter_plot:",
        )  # fmt: skip


def _placed(entry: Entry, settings: Scores) -> Placed | None:
    task = entry.task(settings.measured_on)
    if task is None or task.alignment is None:
        return None
    return Placed(label(entry.name), task.alignment, task.uniformity, score(entry, settings))


def score(entry: Entry, settings: Scores) -> float | None:
    """The number that a checkpoint is coloured and ranked by."""
    if settings.measured_on == SHIPPED:
        return entry.result.pairs.spearman[settings.aggregation]
    return entry.result.average(settings.aggregation)


def score_title(settings: Scores) -> str:
    """What that number is."""
    how = t(f"bench.aggregations.{settings.aggregation}")
    which = "pairs" if settings.measured_on == SHIPPED else "average"
    return t(f"bench.plane.score_{which}", how=how)


def columns_of(chosen: Sequence[Entry]) -> list[str]:
    """Columns in the order of the table: average, those of the seven that are there, shipped pairs."""
    public = [name for name in TASKS if any(name in one.result.tasks for one in chosen)]
    return [*([AVERAGE] if public else []), *public, SHIPPED]


def value_of(entry: Entry, column: str, aggregation: str) -> float | None:
    """A cell's score."""
    if column == AVERAGE:
        return entry.result.average(aggregation) if set(entry.result.tasks) == set(TASKS) else None
    task = entry.task(column)
    return None if task is None else task.spearman[aggregation]


def interval_of(entry: Entry, column: str, aggregation: str) -> Interval:
    """A cell's 95 % interval; (None, None) where it is not known."""
    if column != AVERAGE:
        task = entry.task(column)
        return (None, None) if task is None else task.intervals[aggregation]
    if entry.measured:
        return live.average_interval(entry.result, aggregation)
    return recorded().averages[entry.name][aggregation]


def table(settings: Scores) -> None:
    """Every task with its interval; the best is bold where the others lie beyond noise."""
    st.subheader(t("bench.table.title", how=t(f"bench.aggregations.{settings.aggregation}")), anchor=False)
    cells, bold = table_of(settings)
    frame = pd.DataFrame(cells)
    weights = pd.DataFrame({head: [BOLD if one else "" for one in marks] for head, marks in bold.items()})
    st.dataframe(
        frame.style.apply(lambda _: weights, axis=None), hide_index=True, width="stretch", key="bn_table",
        alt=t("bench.table.alt"),
    )  # fmt: skip
    st.caption(t("bench.table.caption") + " " + t(f"bench.table.protocol.{settings.aggregation}"))
    with st.container(horizontal=True, gap="small"):
        csv_button(flat(settings), "bench", key="bn_table_csv")
        published.downloads(settings)


def table_of(settings: Scores) -> tuple[dict[str, list[str]], dict[str, list[bool]]]:
    """Head → cells, and which of them are bold: the best where it leads every other beyond noise."""
    columns = columns_of(settings.chosen)
    head = t("bench.checkpoint")
    cells = {head: [label(entry.name) for entry in settings.chosen]}
    bold = {head: [False] * len(settings.chosen)}
    for column in columns:
        best = standing.best(settings, column)
        title = column_title(column)
        cells[title] = [_cell(entry, column, settings.aggregation) for entry in settings.chosen]
        bold[title] = [best == entry.name for entry in settings.chosen]
    return cells, bold


def column_title(column: str) -> str:
    """Head of a column."""
    return t("bench.table.average") if column == AVERAGE else set_title(column)


def _cell(entry: Entry, column: str, aggregation: str) -> str:
    value = value_of(entry, column, aggregation)
    low, high = interval_of(entry, column, aggregation)
    return number(value) if value is None or low is None else f"{number(value)} ({ends(low, high)})"


def flat(settings: Scores) -> dict[str, list[Any]]:
    """The table with one line for each checkpoint and task."""
    rows: dict[str, list[Any]] = {
        name: [] for name in ("checkpoint", "pooling", "aggregation", "task", "spearman", "low", "high")
    }
    for entry in settings.chosen:
        for column in columns_of(settings.chosen):
            low, high = interval_of(entry, column, settings.aggregation)
            values = (entry.name, entry.result.encoder.pooling, settings.aggregation, column,
                      value_of(entry, column, settings.aggregation), low, high)  # fmt: skip
            for kept, value in zip(rows.values(), values, strict=True):
                kept.append(value)
    return rows


def rows_figure(settings: Scores) -> None:
    """Every task as a row, every checkpoint as a mark with its interval."""
    columns = [column for column in columns_of(settings.chosen) if column != AVERAGE]
    series = []
    for place, entry in enumerate(settings.chosen):
        values = [value_of(entry, column, settings.aggregation) for column in columns]
        both = [interval_of(entry, column, settings.aggregation) for column in columns]
        role, symbol = LOOKS[place % len(LOOKS)]
        low, high = ([pair[side] for pair in both] for side in (0, 1))
        series.append(Row(label(entry.name), role, symbol, values, low, high))
    known = [v for one in series for side in (one.values, one.low, one.high) for v in side if v is not None]
    limits = (10 * ((min(known) - 1) // 10), 10 * ((max(known) + 1) // 10 + 1))
    words = {"title": t("bench.rows.title"), "x": t("bench.rows.x")}
    figure = interval_rows(
        [column_title(c) for c in columns], series, current_theme(), words=words, limits=limits
    )
    plotly(figure, key="bn_rows", alt=t("bench.rows.alt", tasks=len(columns), count=len(series)))


def further(settings: Scores) -> None:
    """What no seven-task average holds: SICK-R by the other convention, and finding the paraphrase."""
    st.subheader(t("bench.further.title"), anchor=False)
    parts = ("test", "whole", "found", "mrr")
    heads = [t("bench.checkpoint"), *(t(f"bench.further.{part}") for part in parts)]
    lines = ["| " + " | ".join(heads) + " |", "|:--|" + "--:|" * (len(heads) - 1)]
    for entry in settings.chosen:
        result = entry.result
        found = result.retrieval
        sick = [one.spearman["all"] if one else None for one in (result.tasks.get("SICK-R"), result.sick_all)]
        cells = [shown(entry.name), *map(number, sick), number(found.accuracy), number(found.mrr)]
        lines.append("| " + " | ".join(cells) + " |")
    st.markdown("\n".join(lines))
    told = list(dict.fromkeys(entry.result.retrieval.told for entry in settings.chosen))
    st.caption(t("bench.further.caption", told=plain(" ".join(told))))


def provenance(chosen: Sequence[Entry]) -> str:
    """Which readings, which machine, when: recorded ones together, measured ones together."""
    said = []
    here = [shown(one.name) for one in chosen if one.measured]
    if len(here) < len(chosen):
        made = recorded().made
        said.append(
            t("bench.recorded", date=made["date"], torch=made["versions"]["torch"], device=made["device"])
        )
    if here:
        said.append(t("bench.measured", names=", ".join(here)))
    readings = "; ".join(
        t("bench.reading", name=shown(one.name), pooling=plain(one.result.encoder.pooling),
          layers=one.result.encoder.layers, width=one.result.encoder.width)
        for one in chosen
    )  # fmt: skip
    return " ".join([readings + ".", *said])
