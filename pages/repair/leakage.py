"""What is gained from having fitted on the scored sentences: here, on public tasks, and in print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from pages.repair.controls import Settings
from pages.repair.measured import Measured, checkpoints, recorded, recorded_of
from pages.repair.panels import change, signed
from pages.ui.checkpoints import short
from pages.ui.text import plain, t
from simcse_core.data.published import published
from simcse_core.evaluation.repairs import ELSEWHERE, TARGET, Effect, key_of

AGGREGATIONS = ("all", "mean", "wmean")


def gap_of(measured: Measured, name: str, settings: Mapping[str, Any]) -> tuple[float, float] | None:
    """Rank correlation fitted elsewhere and on the target; None where one of them is missing."""
    found = [measured.state(name, settings, corpus, measured.counts[-1]) for corpus in (ELSEWHERE, TARGET)]
    one, other = found
    return (one.spearman, other.spearman) if isinstance(one, Effect) and isinstance(other, Effect) else None


def number(settings: Settings, measured: Measured) -> None:
    """The leakage of the chosen repair, as a number with its sentence."""
    found = gap_of(measured, settings.repair, settings.parameters)
    st.subheader(t("repair.leak.title"), anchor=False)
    if found is None:
        st.caption(t("repair.leak.none"))
        return
    elsewhere, target = found
    st.metric(
        t("repair.leak.metric", name=settings.title), change(target - elsewhere, 1),
        help=t("repair.leak.metric_help"),
    )  # fmt: skip
    st.markdown(t("repair.leak.told", elsewhere=signed(elsewhere, 1), target=signed(target, 1)))
    for task, (before, other, own) in public_gaps(settings).items():
        st.markdown(
            t(
                "repair.leak.public", task=plain(task), before=signed(before, 1), elsewhere=signed(other, 1),
                target=signed(own, 1), change=change(own - other, 1),
            )
        )  # fmt: skip


def public_gaps(settings: Settings) -> dict[str, tuple[float, float, float]]:
    """Public task → rank correlation (all) as it is, fitted elsewhere and fitted on the task's sentences."""
    entry = recorded()["encoders"].get(f"{settings.checkpoint}/{settings.pooling}")
    most = recorded()["made"]["config"]["counts"][-1]
    keys = (
        "before",
        key_of(settings.repair, settings.parameters, ELSEWHERE, most),
        key_of(settings.repair, settings.parameters, TARGET, 0),
    )
    found = {}
    for task, scores in (entry["sts"] if entry else {}).items():
        values = [scores.get(key, [None])[0] for key in keys]
        if None not in values:
            found[task] = (values[0], values[1], values[2])
    return found


def everywhere(settings: Settings) -> None:
    """The same repair on every recorded checkpoint in this read-out."""
    st.subheader(t("repair.all.title", name=settings.title), anchor=False)
    head = [t(f"repair.all.{key}") for key in ("checkpoint", "before", "elsewhere", "target")]
    lines = [f"| {' | '.join(head)} |", "|:--|--:|--:|--:|"]
    for name in checkpoints(settings.pooling):
        measured = recorded_of(name, settings.pooling)
        found = None if measured is None else gap_of(measured, settings.repair, settings.parameters)
        if measured is None or found is None:
            continue
        before = measured.before.spearman
        cells = [f"{signed(value, 1)} ({change(value - before, 1)})" for value in found]
        lines.append(f"| {plain(short(name))} | {signed(before, 1)} | {' | '.join(cells)} |")
    if len(lines) == 2:
        st.caption(t("repair.all.none"))
        return
    st.markdown("\n".join(lines))
    st.caption(t("repair.all.caption"))


def tasks(settings: Settings) -> None:
    """Public tasks under the three aggregations, with what papers report below."""
    entry = recorded()["encoders"].get(f"{settings.checkpoint}/{settings.pooling}")
    counts = recorded()["made"]["config"]["counts"]
    st.subheader(t("repair.tasks.title"), anchor=False)
    rows = _task_rows(settings, entry["sts"] if entry else {}, counts[-1])
    if rows:
        head = [t("repair.tasks.task"), t("repair.tasks.fitted"), *AGGREGATIONS]
        st.markdown("\n".join([f"| {' | '.join(head)} |", "|:--|:--|--:|--:|--:|", *rows]))
        st.caption(t("repair.tasks.caption", name=settings.title))
    else:
        st.caption(t("repair.tasks.none"))
    _published()


def _task_rows(settings: Settings, tasks: Mapping[str, Any], most: int) -> list[str]:
    rows = []
    for task, scores in tasks.items():
        for label, key in (
            (t("repair.before"), "before"),
            (t(f"repair.corpus.{ELSEWHERE}"), key_of(settings.repair, settings.parameters, ELSEWHERE, most)),
            (t(f"repair.corpus.{TARGET}"), key_of(settings.repair, settings.parameters, TARGET, 0)),
        ):
            if key in scores and len(scores) > 1:
                rows.append(f"| {plain(task)} | {label} | {' | '.join(_cells(scores[key]))} |")
    return rows if len(rows) > len(tasks) else []


def _cells(values: Sequence[float | None]) -> list[str]:
    return ["–" if value is None else f"{value:.1f}" for value in values]


def _published() -> None:
    """The paper's rows, which stand apart from ours: another encoder, all seven tasks."""
    table = published("repairs")
    head = [t("repair.tasks.fitted"), "all", "wmean"]
    lines = [f"| {' | '.join(head)} |", "|:--|--:|--:|"]
    lines += [f"| {plain(row['method'])} | {row['all']:.2f} | {row['wmean']:.2f} |" for row in table["rows"]]
    st.markdown("\n".join(lines))
    quoted = {key: plain(table[key]) for key in ("source", "table", "model", "measure")}
    st.caption(t("repair.tasks.published", **quoted))
