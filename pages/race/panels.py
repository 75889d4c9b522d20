"""The figures of the page and the numbers under them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from pages.race import standing
from pages.race.controls import Settings, set_title, title
from pages.race.recorded import cosines_after, recorded, runner, seeds, sets
from pages.ui.exports import echarts, plotly, show_data
from pages.ui.text import t
from pages.ui.theme import current_theme
from simcse_core.figures.race import LOOKS, Runner, limits_of, race
from simcse_core.figures.race_panels import cosine_multiples, score_curves

MEASURES = ("alignment", "uniformity", "spearman")


def signed(value: float, digits: int) -> str:
    """A number with a real minus sign, and no minus before a zero."""
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def drawn(settings: Settings) -> list[Runner]:
    """Recorded and own runners, in the order of the legend."""
    return [*settings.runners, *settings.mine]


def main_figure(settings: Settings) -> None:
    """The plane with its two curves, what it shows in words, and where the numbers come from."""
    words = {
        part: t(f"race.figure.{part}")
        for part in ("alignment", "uniformity", "step", "score", "start", "better", "seed")
    }
    shown = drawn(settings)
    words["title"] = t("race.figure.title", name=set_title(settings.measured_on))
    figure = race(
        shown, current_theme(), words=words, at=settings.step, by_score=settings.by_score,
        limits=limits_of([*settings.every.values(), *settings.mine]),
    )  # fmt: skip
    ends = "; ".join(
        t(
            "race.figure.end",
            name=one.name,
            alignment=signed(standing.end(one, "alignment").mean, 3),
            uniformity=signed(standing.end(one, "uniformity").mean, 2),
        )
        for one in shown
    )
    plotly(figure, key="rc_figure", alt=t("race.figure.alt", ends=ends))
    st.markdown(found(settings))
    st.caption(provenance(settings))
    data(settings)


def found(settings: Settings) -> str:
    """What the recorded numbers say about spreading and drifting, in sentences that are computed."""
    every = settings.every
    spreading = [name for name in every if standing.change(every[name], "uniformity") < 0]
    ends = {name: standing.end(one, "alignment") for name, one in every.items()}
    far, near = max(ends, key=lambda n: ends[n].mean), min(ends, key=lambda n: ends[n].mean)
    start = float(next(iter(every.values())).mean("alignment")[0])
    said = [
        t("race.found.spread_all", count=len(every))
        if len(spreading) == len(every)
        else t("race.found.spread", count=len(spreading), all=len(every)),
        t(
            "race.found.drift", start=signed(start, 3), near=title(near), least=signed(ends[near].mean, 3),
            far=title(far), most=signed(ends[far].mean, 3),
        ),
    ]  # fmt: skip
    repeated = standing.identical_drift_more(every)
    if repeated is not None:
        fresh = ends[standing.FRESH]
        others = ", ".join(f"{title(n)} {signed(ends[n].mean, 3)}" for n in standing.IDENTICAL)
        said.append(
            t(
                "race.found.repeated" if repeated else "race.found.not_repeated", others=others,
                fresh=signed(fresh.mean, 3), low=signed(fresh.low, 3), high=signed(fresh.high, 3),
            )
        )  # fmt: skip
    return " ".join(said)


def provenance(settings: Settings) -> str:
    """Model, steps, sentences, seeds, machine: in two lines."""
    made = recorded()["made"]
    sample = made["sample"][settings.measured_on]
    config = made["config"]
    stride = "whole" if sample["stride"] == 1 else "sampled"
    what = t(
        f"race.what.{stride}", name=set_title(settings.measured_on), pairs=f"{sample['pairs']:,}",
        sentences=f"{sample['sentences']:,}", positives=sample["positives"], stride=sample["stride"],
    )  # fmt: skip
    how = t(
        "race.how", encoder=config["encoder"]["name"], steps=config["optim"]["steps"],
        batch=config["optim"]["batch_size"], seeds=", ".join(map(str, seeds())),
        precision=recorded()["runs"][0]["precision"], device=made["device"], date=made["date"],
        torch=made["versions"]["torch"],
    )  # fmt: skip
    return f"{what} {how}"


def data(settings: Settings) -> None:
    """Every measurement of the runs that are drawn."""
    columns: dict[str, list[Any]] = {name: [] for name in ("run", "seed", "step", *MEASURES)}
    for one in drawn(settings):
        for row, seed in enumerate(one.seeds):
            for at, step in enumerate(one.steps):
                values = [float(getattr(one, measure)[row, at]) for measure in MEASURES]
                cells = (one.name, seed, step, *(None if np.isnan(v) else round(v, 5) for v in values))
                for column, cell in zip(columns.values(), cells, strict=True):
                    column.append(cell)
    show_data(columns, "race", key="rc_data", alt=t("race.data_alt"))


def scores(settings: Settings) -> None:
    """Rank correlation over the steps, and who leads by more than the seeds differ."""
    limits = limits_of([*settings.every.values(), *settings.mine])["spearman"]
    words = {
        "title": t("race.scores.title", name=set_title(settings.measured_on)),
        "step": t("race.figure.step"),
        "score": t("race.figure.score"),
    }
    option = score_curves(drawn(settings), current_theme(), words=words, limits=limits, at=settings.step)
    best, near, spread = standing.top(settings.every, "spearman")
    value = standing.end(settings.every[best], "spearman").mean
    echarts(option, key="rc_scores_figure", height=400,
            alt=t("race.scores.alt", name=title(best), score=signed(value, 1)))  # fmt: skip
    said = t("race.scores.best", name=title(best), score=signed(value, 1), spread=signed(spread, 1))
    if near:
        said += " " + t("race.scores.near", names=", ".join(map(title, near)))
    st.markdown(said)


def end_table(settings: Settings) -> None:
    """Every recorded runner after its last step: mean over the seeds, lowest and highest."""
    st.subheader(t("race.table.ours"), anchor=False)
    names = sets()
    heads = [t("race.table.runner"), t("race.figure.alignment"), t("race.figure.uniformity")]
    heads += [t("race.table.score", name=set_title(name)) for name in names]
    lines = ["| " + " | ".join(heads) + " |", "|:--" + "|--:" * (len(heads) - 1) + "|"]
    for name, one in settings.every.items():
        cells = [title(name), _cell(one, "alignment", 3), _cell(one, "uniformity", 2)]
        cells += [_cell(runner(name, measured, title(name)), "spearman", 1) for measured in names]
        lines.append("| " + " | ".join(cells) + " |")
    st.markdown("\n".join(lines))
    st.caption(t("race.table.caption", name=set_title(settings.measured_on), count=len(seeds())))


def _cell(one: Runner, measure: str, digits: int) -> str:
    value = standing.end(one, measure)
    return f"{signed(value.mean, digits)}\u00a0±\u00a0{value.spread / 2:.{digits}f}"


def histograms(settings: Settings) -> None:
    """Cosines of random sentences before and after, one panel a recorded runner."""
    plain = recorded()
    chosen = settings.chosen
    after = {title(n): (cosines_after(n), LOOKS[list(settings.every).index(n) % len(LOOKS)]) for n in chosen}
    words = {part: t(f"race.cosines.{part}") for part in ("title", "cosine", "before", "after")}
    figure = cosine_multiples(plain["bins"], plain["cosines"], after, current_theme(), words=words)
    start = _mean(plain["bins"], plain["cosines"])
    means = {name: _mean(plain["bins"], density) for name, (density, _) in after.items()}
    told = "; ".join(f"{name}: {signed(mean, 2)}" for name, mean in means.items())
    plotly(figure, key="rc_cosines", alt=t("race.cosines.alt", before=signed(start, 2), ends=told))
    st.caption(
        t(
            "race.cosines.caption", before=signed(start, 2), ends=told, name=set_title(sets()[0]),
            pairs=f"{plain['made']['random_pairs']:,}",
        )
    )  # fmt: skip
    columns = {t("race.cosines.bin"): plain["bins"][:-1], t("race.cosines.before"): plain["cosines"]}
    columns |= {name: np.round(density, 4).tolist() for name, (density, _) in after.items()}
    show_data(columns, "race-cosines", key="rc_cosines_data", alt=t("race.cosines.table"))


def _mean(bins: Sequence[float], density: Any) -> float:
    """Mean of what a histogram shows."""
    edges, weights = np.asarray(bins), np.asarray(density)
    return float(np.average((edges[1:] + edges[:-1]) / 2, weights=weights))
