"""Objectives side by side: score densities, rank correlation, end points in the plane, one pair followed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray
from plotly.subplots import make_subplots

from simcse_core.evaluation.compare import places
from simcse_core.figures.layout import axis, styled
from simcse_core.figures.maps import step_slider
from simcse_core.figures.race import Look
from simcse_core.figures.theme import Theme, faded, plotly_text

GROUPS = {"random": ("before", "dash"), "negative": ("negative", "solid"), "positive": ("positive", "solid")}
"""Group of pairs → role of its colour, and dash; in the order they are drawn."""
TOP = 9.0  # densities above are cut, so that one collapsed objective does not flatten the others
TILE, GAP, HEAD, FOOT = 250, 66, 132, 96  # pixels
MERGED = 2  # bins drawn as one: single bins of a few hundred pairs are ragged
COLUMNS = 2
LOOKS = (
    Look("after", "solid", "circle"),
    Look("positive", "dash", "square"),
    Look("hard", "dot", "triangle-up"),
    Look("false", "dash", "diamond"),
)
"""Of the objectives by place, as in the panels of runs that grow (`simcse_core.figures.lab`)."""
Words = Mapping[str, str]


@dataclass(frozen=True, eq=False)
class Trained:
    """One objective, with every seed it was trained with to the end.

    Attributes:
        name: Shown in titles and legends.
        look: Colour, dash and mark.
        steps: (s,) measured steps, rising.
        seeds: One number a row.
        measures: Name → (seeds, s); NaN where undefined.
        densities: Group of `GROUPS` → (s, b), mean over the seeds.
        cosines: (seeds, s, n) of every scored pair; None on a set whose pairs are not kept.
    """

    name: str
    look: Look
    steps: Sequence[int]
    seeds: Sequence[int]
    measures: Mapping[str, NDArray[np.float64]]
    densities: Mapping[str, NDArray[np.float64]]
    cosines: NDArray[np.float64] | None = None

    def index(self, step: int) -> int:
        """Row of the last measurement at or before a step; at least the first."""
        return max(int(np.searchsorted(np.asarray(self.steps), step, side="right")) - 1, 0)

    def values(self, measure: str, step: int) -> NDArray[np.float64]:
        """(seeds,) of a measure at a step."""
        return np.asarray(self.measures[measure][:, self.index(step)], dtype=np.float64)

    def mean(self, measure: str, step: int) -> float:
        """Mean over the seeds at a step."""
        return float(np.mean(self.values(measure, step)))

    def tracked(self, pair: int) -> NDArray[np.float64]:
        """(seeds, s) cosine of one pair."""
        if self.cosines is None:
            return np.full((len(self.seeds), len(self.steps)), np.nan)
        return np.asarray(self.cosines[:, :, pair], dtype=np.float64)

    def standing(self, pair: int) -> NDArray[np.float64]:
        """(seeds, s) share of the other pairs that have a lower cosine than one pair."""
        if self.cosines is None:
            return np.full((len(self.seeds), len(self.steps)), np.nan)
        return np.array([[places(row)[pair] for row in rows] for rows in self.cosines])


def lowest(objectives: Sequence[Trained], edges: ArrayLike) -> float:
    """Left end of a cosine axis that shows all of every density that can be seen, in steps of 0.2."""
    bounds = np.asarray(edges, dtype=np.float64)
    seen = [np.flatnonzero(np.max(d, axis=0) > TOP / 200) for o in objectives for d in o.densities.values()]
    first = min((float(bounds[rows[0]]) for rows in seen if rows.size), default=0.0)
    return max(-1.0, float(np.floor(min(first, 0.0) * 5 + 1e-9) / 5))


def merged(density: NDArray[np.float64]) -> NDArray[np.float64]:
    """Densities (…, b) over bins of one width -> (…, b / `MERGED`), neighbours put together."""
    return np.asarray(density.reshape(*density.shape[:-1], -1, MERGED).mean(axis=-1), dtype=np.float64)


def highest(objectives: Sequence[Trained]) -> float:
    """Highest density that any tile would show without a cut."""
    return max(float(merged(shape).max()) for one in objectives for shape in one.densities.values())


def tiles(
    objectives: Sequence[Trained],
    edges: ArrayLike,
    theme: Theme,
    *,
    words: Words,
    at: int,
    left: float = -1.0,
    pair: int | None = None,
) -> go.Figure:
    """One tile an objective: densities of positive, negative and random pairs, one frame a step for all.

    Args:
        objectives: One to four.
        edges: (b + 1,) bin edges of the densities.
        theme: Palette.
        words: `title`, `cosine`, `density`, `positive`, `negative`, `random`, `pair`, `auc`, `mean`.
        at: Step that is shown first.
        left: Left end of the cosine axis.
        pair: A scored pair that is marked in every tile.
    """
    rows = -(-len(objectives) // COLUMNS)
    figure = make_subplots(
        rows=rows, cols=COLUMNS, horizontal_spacing=0.06,
        vertical_spacing=GAP / (TILE * rows) if rows > 1 else 0.0,
        subplot_titles=[plotly_text(one.name) for one in objectives], shared_yaxes=True,
    )  # fmt: skip
    top = min(TOP, 1.1 * highest(objectives))
    canvas = _Canvas(np.asarray(edges, dtype=np.float64), theme, words, top, left, pair)
    for place, one in enumerate(objectives):
        row, col = divmod(place, COLUMNS)
        traces = canvas.tile(one, at, first=place == 0)
        figure.add_traces(traces, rows=[row + 1] * len(traces), cols=[col + 1] * len(traces))
        across = words["cosine"] if place + COLUMNS >= len(objectives) else ""
        up = words["density"] if col == 0 else ""
        figure.update_xaxes(axis(theme, across, (left, 1.0), nticks=6), row=row + 1, col=col + 1)
        figure.update_yaxes(axis(theme, up, (0.0, top), nticks=5), row=row + 1, col=col + 1)
    steps = sorted({step for one in objectives for step in one.steps})
    figure.frames = canvas.frames(objectives, steps)
    return _dressed(figure, theme, words["title"], steps, at, TILE * rows)


def _dressed(
    figure: go.Figure, theme: Theme, title: str, steps: Sequence[int], at: int, room: int
) -> go.Figure:
    """Title, legend and slider; `room` is the height of the tiles."""
    for note in figure.layout.annotations:
        note.update(font={"size": 14, "color": theme.text})
    active = int(np.argmin(np.abs(np.asarray(steps) - at)))
    return styled(
        figure, theme, plotly_text(title), height=room + HEAD + FOOT,
        margin={"l": 46, "r": 12, "t": HEAD, "b": FOOT},
        legend={"orientation": "h", "x": 0, "y": 1 + 30 / room, "yanchor": "bottom", "font": {"size": 12},
                "itemclick": False, "itemdoubleclick": False},
        sliders=[{**step_slider(steps, theme, active), "y": -50 / room}],
    )  # fmt: skip


def _closed(density: NDArray[np.float64]) -> NDArray[np.float32]:
    """Heights of an outline that begins and ends on the axis."""
    return np.asarray(np.r_[0.0, merged(density), 0.0], dtype=np.float32)


@dataclass(frozen=True, eq=False)
class _Canvas:
    """What all tiles of a figure share."""

    edges: NDArray[np.float64]
    theme: Theme
    words: Words
    top: float
    left: float
    pair: int | None

    def tile(self, one: Trained, step: int, *, first: bool = False) -> list[go.Scatter]:
        """Three outlines, the marked pair and two numbers, at a step; `first` puts them into the legend."""
        row = one.index(step)
        outlines = [self._outline(group, one.densities[group][row], first) for group in GROUPS]
        return [*outlines, self._mark(one, row, first), self._numbers(one, step)]

    def frames(self, objectives: Sequence[Trained], steps: Sequence[int]) -> list[go.Frame]:
        """All tiles at every step."""
        return [
            go.Frame(name=str(step), data=[part for one in objectives for part in self._moved(one, step)])
            for step in steps
        ]

    def _moved(self, one: Trained, step: int) -> list[go.Scatter]:
        """What differs from step to step of the traces of `tile`, in their order."""
        row = one.index(step)
        heights = [go.Scatter(y=_closed(one.densities[group][row])) for group in GROUPS]
        return [*heights, go.Scatter(x=self._where(one, row)), go.Scatter(text=[self._told(one, step)])]

    def _where(self, one: Trained, row: int) -> list[float]:
        """Both ends of the mark of the followed pair; nothing where there is none."""
        if self.pair is None or one.cosines is None:
            return []
        return [float(one.tracked(self.pair)[:, row].mean())] * 2

    def _told(self, one: Trained, step: int) -> str:
        told = (("auc", "auc"), ("mean", "mean_cosine"))
        return "<br>".join(f"{self.words[word]} {one.mean(measure, step):.2f}" for word, measure in told)

    def _outline(self, group: str, density: NDArray[np.float64], first: bool) -> go.Scatter:
        role, dash = GROUPS[group]
        colour, bounds = getattr(self.theme, role), self.edges[::MERGED]
        edge = self.theme.outline if role == "negative" else colour
        return go.Scatter(
            x=[bounds[0], *((bounds[:-1] + bounds[1:]) / 2), bounds[-1]], y=_closed(density), mode="lines",
            name=plotly_text(self.words[group]), legendgroup=group, showlegend=first, fill="tozeroy",
            fillcolor=faded(colour, 0.0 if group == "random" else 0.3),
            line={"color": edge, "width": 2, "dash": dash},
            hovertemplate=f"{self.words['cosine']} %{{x:.2f}}: %{{y:.2f}}<extra>{self.words[group]}</extra>",
        )  # fmt: skip

    def _mark(self, one: Trained, row: int, first: bool) -> go.Scatter:
        where = self._where(one, row)
        return go.Scatter(
            x=where, y=[0.0, 0.72 * self.top][: len(where)], mode="lines+markers",
            name=plotly_text(self.words["pair"]), showlegend=first and bool(where),
            line={"color": self.theme.text, "width": 1.5},
            marker={"symbol": ["line-ew", "star"], "size": [1, 11], "color": self.theme.text},
            hovertemplate=f"{self.words['pair']}: %{{x:.2f}}<extra></extra>",
        )  # fmt: skip

    def _numbers(self, one: Trained, step: int) -> go.Scatter:
        return go.Scatter(
            x=[self.left + 0.02], y=[0.99 * self.top], mode="text", text=[self._told(one, step)],
            textposition="bottom right", showlegend=False, hoverinfo="skip",
            textfont={"color": self.theme.muted, "size": 12},
        )  # fmt: skip
