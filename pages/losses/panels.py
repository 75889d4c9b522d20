"""The figures of the tab Runs and the numbers under them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from pages.losses import recorded, verdicts
from pages.losses.controls import Settings, set_title
from pages.ui.exports import echarts, plotly, show_data
from pages.ui.text import plain, t
from pages.ui.theme import current_theme
from simcse_core.evaluation.compare import beyond_noise, places
from simcse_core.figures.curves import Line, live_curve
from simcse_core.figures.losses import TOP, Trained, highest, lowest, tiles
from simcse_core.figures.losses_panels import bars, paths, plane

PAD = 0.06  # share of air beside the values of an axis


def signed(value: float, digits: int) -> str:
    """A number with a real minus sign, and no minus before a zero."""
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def main_figure(settings: Settings) -> None:
    """The tiles, what they show in words, and where the numbers come from."""
    shown = settings.objectives
    parts = ("cosine", "density", "positive", "negative", "random", "pair", "auc", "mean")
    words = {part: t(f"losses.tiles.{part}") for part in parts}
    words["title"] = t("losses.tiles.title", name=set_title(settings.measured_on))
    edges = recorded.recorded()["bins"]
    figure = tiles(
        shown, edges, current_theme(), words=words, at=settings.step, left=lowest(shown, edges),
        pair=settings.pair if settings.by_pair else None,
    )  # fmt: skip
    told = "; ".join(
        t("losses.tiles.end", name=one.name, auc=f"{one.mean('auc', settings.step):.2f}",
          mean=signed(one.mean("mean_cosine", settings.step), 2))
        for one in shown
    )  # fmt: skip
    plotly(figure, key="ls_tiles", alt=t("losses.tiles.alt", ends=told))
    st.markdown(found(settings))


def found(settings: Settings) -> str:
    """What the tiles say, in sentences that are computed."""
    auc = {one.name: one.mean("auc", settings.step) for one in settings.objectives}
    high, low = max(auc, key=auc.__getitem__), min(auc, key=auc.__getitem__)
    said = [
        t("losses.found.one", name=plain(high), auc=f"{auc[high]:.2f}")
        if len(auc) == 1
        else t(
            "losses.found.auc", best=plain(high), most=f"{auc[high]:.2f}", worst=plain(low),
            least=f"{auc[low]:.2f}", start=f"{recorded.start(settings.measured_on, 'auc'):.2f}",
        )
    ]  # fmt: skip
    said += [
        t(
            "losses.found.collapsed",
            name=plain(one.name),
            mean=f"{one.mean('mean_cosine', settings.step):.2f}",
        )
        for one in verdicts.collapsed(settings.objectives, settings.step)
    ]
    if highest(settings.objectives) > TOP:
        said.append(t("losses.found.cut", top=f"{TOP:g}"))
    return " ".join(said)


def data(settings: Settings) -> None:
    """Every measurement of what is drawn."""
    columns: dict[str, list[Any]] = {name: [] for name in ("objective", "seed", "step", *recorded.MEASURES)}
    for one in settings.objectives:
        for row, seed in enumerate(one.seeds):
            for at, step in enumerate(one.steps):
                values = [float(one.measures[m][row, at]) for m in recorded.MEASURES]
                cells = (one.name, seed, step, *(None if np.isnan(v) else round(v, 5) for v in values))
                for column, cell in zip(columns.values(), cells, strict=True):
                    column.append(cell)
    show_data(columns, "losses", key="ls_data", alt=t("losses.data_alt"))


def scores(settings: Settings) -> None:
    """Rank correlation as bars, with the seeds on them."""
    words = {
        "title": t("losses.bars.title", name=set_title(settings.measured_on), step=settings.step),
        "score": t("losses.bars.score"), "start": t("losses.bars.start"), "seed": t("losses.seed"),
    }  # fmt: skip
    start = recorded.start(settings.measured_on, "spearman")
    every = [v for one in settings.objectives for v in one.measures["spearman"].ravel()]
    top = float(np.nanmax([*every, start]))
    limits = (min(0.0, float(np.nanmin(every)) * (1 + PAD)), top * (1 + PAD))
    figure = bars(
        settings.objectives, current_theme(), words=words, at=settings.step, start=start, limits=limits
    )
    told = "; ".join(f"{o.name} {signed(o.mean('spearman', settings.step), 1)}" for o in settings.objectives)
    plotly(figure, key="ls_bars", alt=t("losses.bars.alt", ends=told))
    st.caption(t("losses.bars.caption", ends=plain(told), start=signed(start, 1)))


def end_points(settings: Settings) -> None:
    """The alignment–uniformity plane."""
    parts = ("alignment", "uniformity", "start", "better")
    words = {part: t(f"losses.plane.{part}") for part in parts}
    words |= {"title": t("losses.plane.title", step=settings.step), "seed": t("losses.seed")}
    on = settings.measured_on
    start = recorded.start(on, "alignment"), recorded.start(on, "uniformity")
    figure = plane(settings.objectives, current_theme(), words=words, at=settings.step, start=start)
    told = "; ".join(
        f"{o.name}: {signed(o.mean('alignment', settings.step), 3)}, "
        f"{signed(o.mean('uniformity', settings.step), 2)}"
        for o in settings.objectives
    )
    plotly(figure, key="ls_plane", alt=t("losses.plane.alt", ends=told))
    st.caption(t("losses.plane.caption"))


def followed(settings: Settings) -> None:
    """One pair under every objective over the steps: its cosine, and its place among all pairs."""
    st.subheader(t("losses.pair_heading"), anchor=False)
    if not settings.by_pair:
        st.caption(t("losses.pair_elsewhere", name=set_title(recorded.PAIRS)))
        return
    pairs, shown = recorded.scored(), settings.objectives
    st.text(f"{pairs.first[settings.pair]}\n{pairs.second[settings.pair]}")
    gold = float(places(pairs.score)[settings.pair])
    left, right = st.columns(2, gap="large")
    standing = [100 * one.standing(settings.pair) for one in shown]
    with left:
        _curves("place", paths(shown, standing), (0.0, 100.0), settings, gold=100 * gold)
    with right:
        cosines = [one.tracked(settings.pair) for one in shown]
        low = min(0.0, float(np.floor(5 * min(np.nanmin(c) for c in cosines)) / 5))
        _curves("cosine", paths(shown, cosines), (low, 1.0), settings)
    ends = "; ".join(
        t(
            "losses.followed.end",
            name=plain(one.name),
            place=f"{rows[:, one.index(settings.step)].mean():.0f}",
        )
        for one, rows in zip(shown, standing, strict=True)
    )
    st.markdown(t("losses.followed.said", gold=f"{100 * gold:.0f}", ends=ends))


def _curves(
    what: str,
    lines: Sequence[Line],
    limits: tuple[float, float],
    settings: Settings,
    gold: float | None = None,
) -> None:
    last = max(one.steps[-1] for one in settings.objectives)
    drawn = list(lines)
    if gold is not None:
        drawn.append(Line(t("losses.followed.gold"), [0, last], [gold, gold], "before", "dashed"))
    option = live_curve(
        drawn, current_theme(), title=t(f"losses.followed.{what}"), x_label=t("losses.followed.step"),
        y_label=t(f"losses.followed.{what}_axis"), x_limits=(0, last), y_limits=limits,
    )  # fmt: skip
    option["grid"] |= {"top": 40 + 26 * -(-len(drawn) // 2)}
    option["legend"] |= {"type": "plain"}
    told = "; ".join(f"{line.name}: {line.y[0]:.2f} → {line.y[-1]:.2f}" for line in lines)
    alt = t("losses.followed.alt", what=t(f"losses.followed.{what}"), ends=told)
    echarts(option, key=f"ls_{what}", alt=alt, height=340)


def table(settings: Settings) -> None:
    """Everything after the shown step: mean over the seeds, and half of their spread."""
    st.subheader(t("losses.table.heading", step=settings.step), anchor=False)
    heads = [t("losses.table.objective"), *(t(f"losses.table.{m}") for m in recorded.MEASURES)]
    lines = ["| " + " | ".join(heads) + " |", "|:--" + "|--:" * (len(heads) - 1) + "|"]
    digits = dict(zip(recorded.MEASURES, (1, 3, 2, 2, 3), strict=True))
    first = [signed(recorded.start(settings.measured_on, m), d) for m, d in digits.items()]
    lines.append("| " + " | ".join([t("losses.table.start"), *first]) + " |")
    for one in settings.objectives:
        cells = [_cell(one, measure, settings.step, count) for measure, count in digits.items()]
        lines.append("| " + " | ".join([plain(one.name), *cells]) + " |")
    st.markdown("\n".join(lines))
    st.caption(t("losses.table.caption", name=set_title(settings.measured_on)))


def _cell(one: Trained, measure: str, step: int, digits: int) -> str:
    values = one.values(measure, step)
    mean = signed(float(np.mean(values)), digits)
    return mean if len(values) == 1 else f"{mean}\u00a0±\u00a0{float(np.ptp(values)) / 2:.{digits}f}"


def bootstrap(settings: Settings) -> None:
    """Every two objectives: the difference, its interval, and whether it is beyond noise."""
    st.subheader(t("losses.bootstrap.heading"), anchor=False)
    told = verdicts.differences(settings)
    if not told:
        st.caption(t("losses.bootstrap.none"))
        return
    lines = [
        f"| {t('losses.bootstrap.pair')} | {t('losses.bootstrap.value')} | {t('losses.bootstrap.verdict')} |",
        "|:--|--:|:--|",
    ]
    for one in told:
        first, second = (plain(settings.objectives[i].name) for i in (one.first, one.second))
        d = one.difference
        words = t("losses.bootstrap.noise")
        if beyond_noise(d):
            words = t("losses.bootstrap.better", name=first if d.value > 0 else second)
        interval = f"{signed(d.value, 1)} [{signed(d.low, 1)}, {signed(d.high, 1)}]"
        lines.append(f"| {first} − {second} | {interval} | {words} |")
    st.markdown("\n".join(lines))
    how = "how_one" if all(len(one.seeds) == 1 for one in settings.objectives) else "how"
    st.caption(t(f"losses.bootstrap.{how}", name=set_title(recorded.PAIRS)))
