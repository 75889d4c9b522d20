"""Under the main figure: over k, over the number of sentences, over the directions, over the epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from pages.repair import live
from pages.repair.controls import OPENING, Settings
from pages.repair.measured import Measured
from pages.repair.panels import len_of_target, rival_of, signed
from pages.ui.exports import plotly, show_data
from pages.ui.text import t
from pages.ui.theme import current_theme
from simcse_core.evaluation.repairs import (
    CORPORA,
    ELSEWHERE,
    RANKS,
    TARGET,
    Effect,
    learns_in_passes,
    sampled_gap,
    title_of,
    variants,
)
from simcse_core.figures.repair_curves import Curve, curves
from simcse_core.postprocess import postprocessors

LOOKS: Mapping[str, tuple[str, str, str]] = {
    ELSEWHERE: ("after", "solid", "circle"),
    TARGET: ("hard", "dot", "diamond-open"),
}
"""Role, dash and mark of what was fitted on each corpus, as in the main figure."""
TICKS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
OTHERS = (
    ("positive", "dash", "square"),
    ("false", "dot", "triangle-up"),
    ("hard", "dash", "diamond"),
    ("muted", "dashdot", "x"),
)


def over_k(settings: Settings, measured: Measured) -> None:
    """Rank correlation over k, of the chosen repair or of whitening where it has none."""
    name = settings.repair if _swept(settings.repair, measured) else OPENING
    grid = _swept(name, measured)
    kept = _keeps(grid)
    lines, table = [], {"k": [k or measured.dimension for k in grid]}
    for corpus in (settings.corpus, rival_of(settings.corpus)):
        count = settings.count if corpus == settings.corpus else measured.counts[-1]
        states = [measured.state(name, {"k": k}, corpus, count) for k in grid]
        points = sorted(
            (float(k or measured.dimension), s.spearman)
            for k, s in zip(grid, states, strict=True)
            if isinstance(s, Effect)
        )
        xs, ys = [x for x, _ in points], [y for _, y in points]
        lines.append(Curve(t(f"repair.after.{corpus}"), xs, ys, *LOOKS[corpus]))
        table[corpus] = [s.spearman if isinstance(s, Effect) else None for s in states]
    uprights = {}
    if name == settings.repair:
        k = settings.parameters["k"] or measured.dimension
        uprights = {f"k = {k}": float(k)}
    figure = curves(
        lines, current_theme(), title=t("repair.over_k.title", name=postprocessors.info(name).title),
        x_label=t(f"repair.over_k.{'kept' if kept else 'removed'}"), y_label=t("repair.axis.spearman"),
        log=(True, False), ticks=TICKS, level=(t("repair.before"), measured.before.spearman),
        uprights=uprights,
    )  # fmt: skip
    best = max(((y, x) for x, y in zip(lines[0].x, lines[0].y, strict=True)), default=None)
    told = t("repair.over_k.best", k=f"{best[1]:g}", score=signed(best[0], 1)) if best else ""
    plotly(figure, key="rp_over_k", alt=t("repair.over_k.alt", best=told))
    st.caption(f"{told} {t('repair.over_k.caption')}")
    show_data(table, f"repair-k-{name}", key="rp_over_k_data", alt=t("repair.over_k.table"))


def _swept(name: str, measured: Measured) -> list[int]:
    return [settings["k"] for settings in variants(name, measured.dimension) if "k" in settings]


def _keeps(grid: Sequence[int]) -> bool:
    """Whether k counts directions that are kept: then 0 stands for all."""
    return grid[0] == 0


def over_count(settings: Settings, measured: Measured) -> None:
    """Rank correlation over the number of sentences fitted on elsewhere, the chosen repair drawn strong."""
    lines = []
    table: dict[str, list[Any]] = {"sentences": list(measured.counts)}
    thin = iter(OTHERS)
    for name in postprocessors:
        chosen = settings.settings_of(name)
        if learns_in_passes(name) and name != settings.repair:
            continue
        states = [measured.state(name, chosen, ELSEWHERE, count) for count in measured.counts]
        values = [s.spearman if isinstance(s, Effect) else None for s in states]
        strong = name == settings.repair
        role, dash, symbol = LOOKS[ELSEWHERE] if strong else next(thin)
        title = title_of(name, chosen)
        lines.append(Curve(title, measured.counts, values, role, dash, symbol, strong))
        table[title] = values
    uprights = {t("repair.over_n.square"): float(measured.dimension)}
    figure = curves(
        lines, current_theme(), title=t("repair.over_n.title"), x_label=t("repair.over_n.axis"),
        y_label=t("repair.axis.spearman"), log=(True, False), ticks=measured.counts,
        level=(t("repair.before"), measured.before.spearman), uprights=uprights,
    )  # fmt: skip
    plotly(figure, key="rp_over_n", alt=t("repair.over_n.alt", name=settings.title))
    st.caption(t("repair.over_n.caption", dimension=measured.dimension))
    show_data(table, "repair-sentences", key="rp_over_n_data", alt=t("repair.over_n.table"))


def spectrum(settings: Settings, measured: Measured) -> None:
    """Share of the squared length in each direction, and how far the covariance is from the identity."""
    state = measured.state(settings.repair, settings.parameters, settings.corpus, settings.count)
    drawn = [(t("repair.before"), measured.before, "before", "dash")]
    if isinstance(state, Effect):
        drawn.append((settings.title, state, "after", "solid"))
    lines = [
        Curve(name, RANKS[: len(one.shares)], one.shares.tolist(), role, dash)
        for name, one, role, dash in drawn
    ]
    figure = curves(
        lines, current_theme(), title=t("repair.spectrum.title"), x_label=t("repair.spectrum.axis"),
        y_label=t("repair.spectrum.share"), log=(True, True),
    )  # fmt: skip
    tops = ", ".join(f"{name} {100 * one.shares[0]:.1f} %" for name, one, *_ in drawn)
    plotly(figure, key="rp_spectrum", alt=t("repair.spectrum.alt", tops=tops))
    st.caption(t("repair.spectrum.caption", tops=tops))
    if isinstance(state, Effect) and state.gap_fitted is not None:
        st.caption(
            t(
                "repair.spectrum.gap", before=f"{measured.before.gap:.2f}", fitted=f"{state.gap_fitted:.2f}",
                target=f"{state.gap:.2f}", chance=f"{sampled_gap(len_of_target(), state.width):.2f}",
            )
        )  # fmt: skip
    columns: dict[str, list[Any]] = {"direction": list(RANKS[: len(measured.before.shares)])}
    for line in lines:
        values = list(line.y)
        columns[line.name] = values + [None] * (len(columns["direction"]) - len(values))
    show_data(columns, "repair-spectrum", key="rp_spectrum_data", alt=t("repair.spectrum.table"))


def flow(settings: Settings, measured: Measured) -> None:
    """How the flow learned, on both corpora, and that its map can be undone."""
    name = next((n for n in postprocessors if learns_in_passes(n)), None)
    if name is None:
        return
    found = {corpus: measured.learned(name, corpus) for corpus in CORPORA}
    if not any(found.values()):
        _ask_for_flow(measured)
        return
    lines = [
        Curve(t(f"repair.after.{corpus}"), list(range(len(one["nll"]))), one["nll"], *LOOKS[corpus])
        for corpus, one in found.items()
        if one
    ]
    figure = curves(
        lines, current_theme(), title=t("repair.flow.title", name=postprocessors.info(name).title),
        x_label=t("repair.flow.epochs"), y_label=t("repair.flow.nll"),
    )  # fmt: skip
    plotly(figure, key="rp_flow_figure", alt=t("repair.flow.alt"))
    error = max(float(one["inverse_error"]) for one in found.values() if one)
    seconds = ", ".join(f"{one['seconds']:.0f} s" for one in found.values() if one)
    st.caption(t("repair.flow.caption", error=f"{error:.0e}", seconds=seconds))
    columns: dict[str, list[Any]] = {"epoch": list(lines[0].x)} | {line.name: list(line.y) for line in lines}
    show_data(columns, "repair-flow", key="rp_flow_data", alt=t("repair.flow.table"))


def _ask_for_flow(measured: Measured) -> None:
    st.markdown(t("repair.flow.absent"))
    if isinstance(measured, live.Live):
        st.button(
            t("repair.flow.go"), key="rp-flow-go", icon=":material/play_arrow:", on_click=live.ask_for_flow,
            args=(measured.digest,),
        )  # fmt: skip
