"""Runs that differ in one choice, in the alignment–uniformity plane and over the steps, scrubbed together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from simcse_core.figures.layout import axis, styled
from simcse_core.figures.maps import step_slider
from simcse_core.figures.theme import WEIGHTS, Theme, faded, plotly_text

Limits = Mapping[str, tuple[float, float]]
TIMED = ("alignment", "uniformity")
HEIGHT, LEGEND_ROW = 700, 24  # pixels


@dataclass(frozen=True)
class Look:
    """How a runner is told from the others: colour by role, dash and mark."""

    role: str
    dash: str
    symbol: str


LOOKS = (
    Look("after", "solid", "circle"),
    Look("hard", "dash", "diamond"),
    Look("outline", "dot", "triangle-up"),
    Look("positive", "solid", "square"),
    Look("positive", "dash", "square-open"),
    Look("false", "dot", "triangle-down"),
    Look("false", "solid", "pentagon"),
    Look("hard", "solid", "diamond-open"),
    Look("after", "dash", "circle-open"),
)
OWN = (Look("text", "dashdot", "star"), Look("muted", "dashdot", "star-open"))
"""Looks of recorded runners by place, and of the visitor's runs in turn."""
FILLED = {"square-open": "cross", "diamond-open": "hourglass", "circle-open": "hexagram", "star-open": "x"}
"""Open marks cannot carry a colour: what stands for them where colour says something."""


@dataclass(frozen=True)
class Runner:
    """One way to train, with every seed it was trained with.

    Attributes:
        name: Shown in the legend.
        look: Colour, dash and mark.
        steps: (s,) measured steps, rising from 0.
        alignment: (seeds, s) mean squared distance of the positives.
        uniformity: (seeds, s) log mean Gaussian potential.
        spearman: (seeds, s) rank correlation x 100; NaN where it is undefined.
        seeds: One number a row.
    """

    name: str
    look: Look
    steps: Sequence[int]
    alignment: NDArray[np.float64]
    uniformity: NDArray[np.float64]
    spearman: NDArray[np.float64]
    seeds: Sequence[int]

    def mean(self, measure: str) -> NDArray[np.float64]:
        """(s,) mean over the seeds."""
        return np.asarray(np.mean(getattr(self, measure), axis=0), dtype=np.float64)

    def until(self, step: int) -> int:
        """How many measurements lie at or before a step; at least one."""
        return max(int(np.searchsorted(np.asarray(self.steps), step, side="right")), 1)


def limits_of(runners: Sequence[Runner]) -> dict[str, tuple[float, float]]:
    """Ends of the axes that hold every run with some air, so that they stay put while a learner compares."""
    found = {}
    for measure in (*TIMED, "spearman"):
        low = min(float(np.nanmin(getattr(one, measure))) for one in runners)
        high = max(float(np.nanmax(getattr(one, measure))) for one in runners)
        air = 0.06 * max(high - low, 1e-3)
        found[measure] = (low - air, high + air)
    return found


def race(
    runners: Sequence[Runner],
    theme: Theme,
    *,
    words: Mapping[str, str],
    limits: Limits,
    at: int,
    by_score: bool = False,
) -> go.Figure:
    """The plane above, alignment and uniformity over the steps below, one frame a step for all three.

    Args:
        runners: One or a few; they share their start.
        theme: Palette.
        words: `title`, `alignment`, `uniformity`, `step`, `score`, `start`, `better`, `seed`.
        limits: Ends of `alignment`, `uniformity` and `spearman`, as from `limits_of`.
        at: Step that is shown first.
        by_score: Colour the marks by rank correlation instead of by runner; the shapes stay.
    """
    figure = _panels(words)
    for one in runners:
        _add_still(figure, one, theme, words)
    still = len(figure.data)
    for one in runners:
        for trace, place in zip(
            _moving(one, theme, at, words, by_score=by_score), ((1, 1), (2, 1), (2, 2)), strict=True
        ):
            figure.add_trace(trace, row=place[0], col=place[1])
    steps = sorted({step for one in runners for step in one.steps})
    moving = list(range(still, len(figure.data)))
    figure.frames = [
        go.Frame(
            name=str(step), traces=moving,
            data=[trace for one in runners for trace in _moving(one, theme, step, words, by_score=by_score)],
        )
        for step in steps
    ]  # fmt: skip
    _add_start(figure, runners[0], theme, words)
    return _dressed(figure, theme, words, limits, steps, at, by_score)


def _panels(words: Mapping[str, str]) -> go.Figure:
    """The plane over the full width, and a panel for each measure over the steps below it."""
    return make_subplots(
        rows=2, cols=2, specs=[[{"colspan": 2}, None], [{}, {}]], row_heights=[0.66, 0.34],
        vertical_spacing=0.16, horizontal_spacing=0.12,
        subplot_titles=["", *(plotly_text(words[measure]) for measure in TIMED)],
    )  # fmt: skip


def _add_still(figure: go.Figure, one: Runner, theme: Theme, words: Mapping[str, str]) -> None:
    """What does not move: every seed as a thin path, and bands with the mean over the steps."""
    colour = getattr(theme, one.look.role)
    thin = {"color": faded(colour, 0.35), "width": 1}
    for row, seed in enumerate(one.seeds):
        figure.add_trace(
            go.Scatter(
                x=one.alignment[row], y=one.uniformity[row], mode="lines", line=thin, showlegend=False,
                legendgroup=one.name, customdata=list(one.steps),
                hovertemplate=f"{plotly_text(one.name)}, {words['seed']} {seed}<br>{words['step']} "
                "%{customdata}: %{x:.3f}, %{y:.3f}<extra></extra>",
            ),
            row=1, col=1,
        )  # fmt: skip
    for col, measure in enumerate(TIMED, 1):
        for trace in _band(one, measure, colour, words):
            figure.add_trace(trace, row=2, col=col)


def _band(one: Runner, measure: str, colour: str, words: Mapping[str, str]) -> list[go.Scatter]:
    """From the lowest to the highest seed over the steps, and their mean."""
    rows = getattr(one, measure)
    steps, name = list(one.steps), plotly_text(one.name)
    shared = {"showlegend": False, "legendgroup": one.name, "mode": "lines"}
    area = go.Scatter(
        x=[*steps, *reversed(steps)], y=np.concatenate([rows.max(axis=0), rows.min(axis=0)[::-1]]),
        fill="toself", fillcolor=faded(colour, 0.2), line={"width": 0}, hoverinfo="skip", **shared,
    )  # fmt: skip
    mean = go.Scatter(
        x=steps, y=one.mean(measure), line={"color": colour, "width": 2, "dash": one.look.dash},
        hovertemplate=f"{words['step']} %{{x}}: %{{y:.3f}}<extra>{name}</extra>", **shared,
    )  # fmt: skip
    return [area, mean]


def _moving(
    one: Runner, theme: Theme, step: int, words: Mapping[str, str], *, by_score: bool
) -> list[go.Scatter]:
    """The mean path as far as a step, its head an arrow, and the same moment on both curves."""
    colour = getattr(theme, one.look.role)
    count = one.until(step)
    x, y = one.mean("alignment")[:count], one.mean("uniformity")[:count]
    told = one.mean("spearman")[:count]
    path = go.Scatter(
        x=x, y=y, mode="lines+markers", name=plotly_text(one.name), legendgroup=one.name, showlegend=True,
        line={"color": theme.muted if by_score else colour, "width": 2.5, "dash": one.look.dash},
        marker=_scored_marks(one, theme, told) if by_score else _path_marks(one, colour, count),
        customdata=np.stack([np.asarray(one.steps[:count], dtype=np.float64), told], axis=1),
        hovertemplate=f"{words['step']} %{{customdata[0]}}<br>{words['alignment']} %{{x:.3f}}<br>"
        f"{words['uniformity']} %{{y:.3f}}<br>{words['score']} %{{customdata[1]:.1f}}"
        f"<extra>{plotly_text(one.name)}</extra>",
    )  # fmt: skip
    heads = [
        go.Scatter(
            x=[one.steps[count - 1]], y=[one.mean(measure)[count - 1]], mode="markers", showlegend=False,
            legendgroup=one.name, hoverinfo="skip",
            marker={"color": colour, "symbol": one.look.symbol, "size": 10,
                    "line": {"color": colour, "width": 1.5}},
        )
        for measure in TIMED
    ]  # fmt: skip
    return [path, *heads]


def _path_marks(one: Runner, colour: str, count: int) -> dict[str, Any]:
    """A mark of the runner at each measurement, an arrow head at the last."""
    return {
        "symbol": [one.look.symbol] * (count - 1) + ["arrow" if count > 1 else one.look.symbol],
        "size": [6] * (count - 1) + [17 if count > 1 else 9],
        "angleref": "previous", "color": colour, "line": {"color": colour, "width": 1}, "opacity": 1,
    }  # fmt: skip


def _scored_marks(one: Runner, theme: Theme, scores: NDArray[np.float64]) -> dict[str, Any]:
    """Marks coloured by rank correlation on a scale that all runners share."""
    return {
        "symbol": FILLED.get(one.look.symbol, one.look.symbol), "size": [9] * (len(scores) - 1) + [14],
        "color": scores, "coloraxis": "coloraxis", "line": {"color": theme.text, "width": 1}, "opacity": 1,
    }  # fmt: skip


def _add_start(figure: go.Figure, one: Runner, theme: Theme, words: Mapping[str, str]) -> None:
    """The shared start, and the corner that is better on both counts."""
    figure.add_trace(
        go.Scatter(
            x=[one.mean("alignment")[0]], y=[one.mean("uniformity")[0]], mode="markers+text",
            marker={"color": theme.before, "symbol": "circle-open", "size": 15, "line": {"width": 2.5}},
            text=[f"  {words['start']}"], textposition="middle right", showlegend=False, hoverinfo="skip",
            textfont={"color": theme.muted, "size": 12},
        ),
        row=1, col=1,
    )  # fmt: skip
    figure.add_annotation(
        x=0.005, y=0.02, xref="x domain", yref="y domain", xanchor="left", yanchor="bottom",
        showarrow=False, text=f"↙ {words['better']}", font={"color": theme.muted, "size": 12},
    )  # fmt: skip


def _dressed(
    figure: go.Figure,
    theme: Theme,
    words: Mapping[str, str],
    limits: Limits,
    steps: Sequence[int],
    at: int,
    by_score: bool,
) -> go.Figure:
    """Axes, slider, legend and, where marks are coloured by score, their scale."""
    figure.update_xaxes(axis(theme, words["alignment"], limits["alignment"]), row=1, col=1)
    figure.update_yaxes(axis(theme, words["uniformity"], limits["uniformity"]), row=1, col=1)
    ends = (steps[0] - 0.5, steps[-1] + 0.8)
    for col, measure in enumerate(TIMED, 1):
        figure.update_xaxes(axis(theme, words["step"], ends, nticks=6), row=2, col=col)
        figure.update_yaxes(axis(theme, "", limits[measure], nticks=5), row=2, col=col)
    active = int(np.argmin(np.abs(np.asarray(steps) - at)))
    scale = {
        "colorscale": WEIGHTS, "cmin": limits["spearman"][0], "cmax": limits["spearman"][1],
        "colorbar": {
            "title": {"text": words["score"], "side": "top", "font": {"color": theme.muted, "size": 12}},
            "orientation": "h", "len": 0.42, "x": 0.99, "xanchor": "right", "y": 0.99, "yanchor": "top",
            "thickness": 10, "nticks": 4, "tickfont": {"color": theme.muted},
        },
    }  # fmt: skip
    for note in figure.layout.annotations[: len(TIMED)]:
        note.update(font={"size": 13, "color": theme.muted})
    rows = -(-len({trace.name for trace in figure.data if trace.showlegend}) // 2)  # on a phone
    styled(
        figure, theme, plotly_text(words["title"]), height=HEIGHT + LEGEND_ROW * rows,
        margin={"l": 52, "r": 12, "t": 48 + LEGEND_ROW * rows, "b": 104},
        legend={"orientation": "h", "x": 0, "y": 1.01, "yanchor": "bottom", "itemsizing": "trace",
                "entrywidth": 92, "font": {"size": 12}, "itemclick": False, "itemdoubleclick": False},
        sliders=[{**step_slider(steps, theme, active), "y": -0.1}],
    )  # fmt: skip
    return figure.update_layout(coloraxis=scale) if by_score else figure
