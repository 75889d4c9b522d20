"""The errors: two checkpoints pair by pair, the pair in question, the kinds, and the worst pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.bench import kinds
from pages.bench.controls import NONE, Errors, take_pair
from pages.bench.entries import errors_of, pairs_of
from pages.bench.words import label, number, set_title, shown
from pages.ui.exports import PLOTLY_CONFIG, plotly, show_data
from pages.ui.state import choice
from pages.ui.text import t
from pages.ui.theme import current_theme
from simcse_core.data.records import ScoredPairs
from simcse_core.evaluation.compare import beyond_noise, places
from simcse_core.evaluation.errors import better_but_worse
from simcse_core.figures.bench import Row, interval_rows
from simcse_core.figures.bench_pairs import pair_errors

FIGURE, TABLE = "bn_errors", "bn_worst"
SORTS = ("first", "second", "first_alone", "second_alone", "high", "low")
SHOWN = 30
KINDS_REACH = 60.0  # places of a hundred
HOVER = 60  # characters of a text on hover
Columns = dict[str, list[Any]]


class Case:
    """Two checkpoints on one set, pair by pair.

    Attributes:
        settings: What was chosen.
        pairs: Texts and scores.
        errors: Of A and of B, (n,) each, from -1 to 1.
    """

    def __init__(self, settings: Errors) -> None:
        """Read the pairs and both columns of errors."""
        self.settings = settings
        found = pairs_of(settings.task)
        assert found is not None  # only sets whose texts are here can be chosen
        self.pairs: ScoredPairs = found
        self.errors = (errors_of(settings.first, settings.task), errors_of(settings.second, settings.task))
        self.names = (shown(settings.first.name), shown(settings.second.name))


def main_figure(case: Case) -> None:
    """Every pair as a point; a click makes it the pair in question."""
    settings = case.settings
    words = {part: t(f"bench.pairs.{part}") for part in ("others", "chosen", "high", "low")}
    words |= {
        "title": t("bench.pairs.title", name=set_title(settings.task)),
        "x": t("bench.pairs.axis", letter="A", name=label(settings.first.name)),
        "y": t("bench.pairs.axis", letter="B", name=label(settings.second.name)),
        "marked": "" if settings.marked == NONE else kinds.title(settings.marked),
    }
    marked = None if settings.marked == NONE else np.array([k == settings.marked for k in settings.kinds.of])
    figure = pair_errors(
        100 * case.errors[0], 100 * case.errors[1], current_theme(), words=words, marked=marked,
        chosen=settings.pair, texts=_hover(case.pairs),
    )  # fmt: skip
    both = np.corrcoef(*case.errors)[0, 1] if settings.first is not settings.second else 1.0
    st.plotly_chart(
        figure, key=FIGURE, on_select=_clicked, selection_mode="points", theme=None, config=PLOTLY_CONFIG,
        width="stretch", alt=t("bench.pairs.alt", a=label(settings.first.name), b=label(settings.second.name),
                               agree=number(float(both), 2)),
    )  # fmt: skip


def _clicked() -> None:
    """Callback: the clicked point becomes the pair in question."""
    points = st.session_state[FIGURE]["selection"]["points"]
    if points:
        take_pair(int(points[0]["customdata"]))


def _hover(pairs: ScoredPairs) -> list[str]:
    def cut(text: str) -> str:
        return text if len(text) <= HOVER else text[: HOVER - 1] + "…"

    return [f"{cut(a)}\n{cut(b)}" for a, b in zip(pairs.first, pairs.second, strict=True)]


def pair_card(case: Case) -> None:
    """The two texts of the pair in question, and where each side puts it."""
    row, pairs = case.settings.pair, case.pairs
    with st.container(border=True, key="bn_card"):
        st.caption(t("bench.place.title", number=row + 1, kind=kinds.title(case.settings.kinds.of[row])))
        st.text(pairs.first[row])
        st.text(pairs.second[row])
        gold = places(pairs.score)[row]
        heads = " | ".join(t(f"bench.place.{part}") for part in ("who", "value", "place", "error"))
        people = f"{number(float(pairs.score[row]))} | {number(100 * gold, 0)}"
        lines = [f"| {heads} |", "|:--|--:|--:|--:|", f"| {t('bench.place.people')} | {people} | |"]
        sides = (case.settings.first, case.settings.second)
        for name, entry, errors in zip(case.names, sides, case.errors, strict=True):
            task = entry.task(case.settings.task)
            cosine = number(float(task.cosine[row]), 2) if task is not None else ""
            lines.append(
                f"| {name} | {cosine} | {number(100 * (gold + errors[row]), 0)} | "
                f"{number(100 * errors[row], 0, sign=True)} |"
            )
        st.markdown("\n".join(lines))


def kinds_figure(case: Case) -> None:
    """Mean error of each kind under both, and what is beyond noise."""
    settings = case.settings
    names, of = settings.kinds.names, settings.kinds.of
    both = [kinds.groups(errors, of) for errors in case.errors]
    told = kinds.differences(case.errors[0], case.errors[1], of)
    apart = set() if settings.signed else {i for i, name in enumerate(names) if beyond_noise(told[name])}
    looks = (("before", "circle"), ("after", "diamond"))
    series = [
        _row(f"{letter} · {label(entry.name)}", look, [found[name] for name in names], settings.signed)
        for letter, entry, look, found in zip(
            "AB", (settings.first, settings.second), looks, both, strict=True
        )
    ]
    measure = "bias" if settings.signed else "size"
    words = {"title": t(f"bench.kinds.{measure}", name=set_title(settings.task)), "x": t("bench.kinds.x")}
    figure = interval_rows(
        [kinds.title(name) for name in names], series, current_theme(), words=words,
        limits=_room(series, settings.signed), apart=apart,
    )  # fmt: skip
    plotly(figure, key="bn_kinds", alt=t("bench.kinds.alt", count=len(names)))
    st.markdown(aha(case))
    st.caption(t("bench.kinds.caption"))
    show_data(_columns(names, both, told), "bench-kinds", key="bn_kinds_data", alt=t("bench.kinds.data_alt"))


def _room(series: Sequence[Row], signed: bool) -> tuple[float, float]:
    """Ends of the axis: the same for most checkpoints, further out where an interval asks for it."""
    far = max((abs(end) for one in series for ends in (one.low, one.high) for end in ends if end), default=0)
    end = max(KINDS_REACH, 10.0 * np.ceil(far / 10))
    return (-end if signed else 0.0, end)


def _columns(names: Sequence[str], both: Sequence[Mapping[str, Any]], told: Mapping[str, Any]) -> Columns:
    """The data of the figure: pairs, size and sign of the errors, difference."""
    columns: Columns = {
        t("bench.kinds.kind"): [kinds.title(name) for name in names],
        t("bench.kinds.pairs"): [both[0][name].pairs for name in names],
    }
    for letter, found in zip("AB", both, strict=True):
        for side in ("size", "bias"):
            head = t(f"bench.kinds.column_{side}", letter=letter)
            columns[head] = [round(100 * getattr(found[name], side).value, 1) for name in names]
    columns[t("bench.kinds.difference")] = [round(100 * told[name].value, 1) for name in names]
    columns[t("bench.kinds.beyond")] = [beyond_noise(told[name]) for name in names]
    return columns


def _row(name: str, look: tuple[str, str], found: Sequence[Any], signed: bool) -> Row:
    means = [group.bias if signed else group.size for group in found]
    return Row(
        name,
        *look,
        [100 * m.value for m in means],
        [100 * m.low for m in means],
        [100 * m.high for m in means],
    )


def aha(case: Case) -> str:
    """Whether the checkpoint with the higher score is further off on some kind, in a computed sentence."""
    settings = case.settings
    tasks = [entry.task(settings.task) for entry in (settings.first, settings.second)]
    values = [task.spearman["all"] if task is not None else None for task in tasks]
    if values[0] is None or values[1] is None or settings.first is settings.second:
        return t("bench.aha.same")
    told = kinds.differences(case.errors[0], case.errors[1], settings.kinds.of)
    better = 0 if values[0] > values[1] else 1
    said = t(
        "bench.aha.ahead", better=case.names[better], worse=case.names[1 - better],
        most=number(values[better]), least=number(values[1 - better]), name=set_title(settings.task),
    )  # fmt: skip
    found = better_but_worse((values[0], values[1]), told)
    if found is not None:
        places_off = number(100 * abs(found[1].value), 0)
        return f"{said} {t('bench.aha.worse', kind=kinds.title(found[0]), places=places_off)}"
    close = [kinds.title(name) for name in settings.kinds.names if not beyond_noise(told[name])]
    ending = t("bench.aha.no_better", kinds=", ".join(close)) if close else t("bench.aha.all_better")
    return f"{said} {ending}"


def order(case: Case, sort: str) -> NDArray[np.intp]:
    """Rows of the pairs in the order that is asked for, the worst first."""
    first, second = case.errors
    keys = {
        "first": np.abs(first), "second": np.abs(second), "first_alone": np.abs(first) - np.abs(second),
        "second_alone": np.abs(second) - np.abs(first), "high": np.minimum(first, second),
        "low": -np.maximum(first, second),
    }  # fmt: skip
    rows = np.argsort(-keys[sort], kind="stable")
    if case.settings.marked == NONE:
        return rows
    kept = [row for row in rows if case.settings.kinds.of[row] == case.settings.marked]
    return np.array(kept, dtype=np.intp)


def worst_table(case: Case) -> None:
    """The pairs on which they are most wrong; a row can be taken as the pair in question."""
    st.subheader(t("bench.worst.title"), anchor=False)
    sort = choice(
        t("bench.worst.sort"), SORTS, "first_alone", key="bn_sort", kind="select",
        format_func=lambda way: t(f"bench.worst.by.{way}"),
    )  # fmt: skip
    rows = order(case, sort)
    top = rows[:SHOWN]
    st.session_state["bench-rows"] = [int(row) for row in top]
    st.dataframe(
        table_of(case, top), hide_index=True, width="stretch", key=TABLE, on_select=_taken,
        selection_mode="single-row", alt=t("bench.worst.alt"),
    )  # fmt: skip
    st.caption(t("bench.worst.caption", shown=len(top), count=len(rows)))
    show_data(table_of(case, rows), "bench-errors", key="bn_worst_data", alt=t("bench.worst.data_alt"))


def _taken() -> None:
    """Callback: the selected row becomes the pair in question."""
    chosen = st.session_state[TABLE]["selection"]["rows"]
    rows = st.session_state.get("bench-rows", [])
    if chosen and chosen[0] < len(rows):
        take_pair(rows[chosen[0]])


def table_of(case: Case, rows: NDArray[np.intp]) -> dict[str, list[Any]]:
    """Pairs with their errors, kinds and texts."""
    pairs, kinds_ = case.pairs, case.settings.kinds
    return {
        t("bench.worst.pair"): [int(row) + 1 for row in rows],
        "A": [round(100 * float(case.errors[0][row])) for row in rows],
        "B": [round(100 * float(case.errors[1][row])) for row in rows],
        t("bench.worst.gold"): [round(float(pairs.score[row]), 2) for row in rows],
        t("bench.worst.first"): [pairs.first[row] for row in rows],
        t("bench.worst.second"): [pairs.second[row] for row in rows],
        t("bench.kinds.kind"): [kinds.title(kinds_.of[row]) for row in rows],
        t("bench.worst.length"): [int(kinds_.lengths[row]) for row in rows],
        t("bench.worst.overlap"): [round(100 * float(kinds_.overlaps[row])) for row in rows],
    }
