"""Figures of the traps: places against length differences, scores against batch size, pushes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from simcse_core.figures.layout import axis, styled
from simcse_core.figures.theme import Theme, faded, plotly_text

LENGTHS_HEIGHT, SIZES_HEIGHT = 540, 450
BAR, BARS_MARGIN = 17, 190  # pixels: of one bar, and around all
BELOW = {"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom",
         "itemsizing": "constant"}  # fmt: skip
"""Legend under the axis: on a phone it takes several rows, and the title keeps its place."""
MOST_PAIRS = 8


@dataclass(frozen=True)
class Look:
    """How a curve is told from the others: colour by role, dash and mark."""

    role: str
    dash: str
    symbol: str


BEFORE, PLAIN, OTHER = (
    Look("before", "dash", "square-open"),
    Look("positive", "dot", "circle"),
    Look("after", "solid", "diamond"),
)


@dataclass(frozen=True)
class Slope:
    """One checkpoint, or the mean over a few, on a figure of places against length differences.

    Attributes:
        name: Shown in the legend.
        look: Colour, dash and mark.
        means: Mean place in every range of differences; None where there is no pair.
        middle: (x, y), the means of all pairs, through which the line goes.
        slope: Places per token.
        low: Lower end of the slope's interval.
        high: Upper end.
    """

    name: str
    look: Look
    means: Sequence[float | None]
    middle: tuple[float, float]
    slope: float
    low: float
    high: float

    def at(self, x: NDArray[np.float64], slope: float) -> NDArray[np.float64]:
        """Places on the line of a slope through the middle."""
        return self.middle[1] + slope * (x - self.middle[0])


def lengths(
    slopes: Sequence[Slope],
    centres: Sequence[float | None],
    points: tuple[ArrayLike, ArrayLike],
    theme: Theme,
    *,
    words: Mapping[str, str],
    limits: tuple[float, float],
) -> go.Figure:
    """Places of pairs against the difference of their lengths: points, means of ranges, lines with intervals.

    Args:
        slopes: One to three; the last one's pairs are the points.
        centres: Mean difference in every range.
        points: Differences (k,) and places (k,) of some pairs.
        theme: Palette.
        words: `title`, `x`, `y`, `points`, `mean`.
        limits: Ends of the vertical axis.
    """
    given = [c for c in centres if c is not None]
    right = 1.08 * max(given)
    x = np.linspace(0.0, right, 41)
    figure = go.Figure()
    colour = getattr(theme, slopes[-1].look.role)
    figure.add_scatter(
        x=np.asarray(points[0], dtype=np.float32), y=np.asarray(points[1], dtype=np.float32), mode="markers",
        name=plotly_text(words["points"]), hoverinfo="skip",
        marker={"size": 5, "color": faded(colour, 0.28), "symbol": slopes[-1].look.symbol},
    )  # fmt: skip
    for one in slopes:
        _add_slope(figure, one, x, centres, theme, words)
    return styled(
        figure, theme, plotly_text(words["title"]), height=LENGTHS_HEIGHT,
        margin={"l": 60, "r": 12, "t": 44, "b": 142}, legend=BELOW,
        xaxis=axis(theme, words["x"], (-0.03 * right, right)), yaxis=axis(theme, words["y"], limits),
    )  # fmt: skip


def _add_slope(
    figure: go.Figure,
    one: Slope,
    x: NDArray[np.float64],
    centres: Sequence[float | None],
    theme: Theme,
    words: Mapping[str, str],
) -> None:
    """The line in its band, and the means of the ranges."""
    colour, name = getattr(theme, one.look.role), plotly_text(one.name)
    ends = np.stack([one.at(x, one.low), one.at(x, one.high)])
    figure.add_scatter(
        x=np.concatenate([x, x[::-1]]), y=np.concatenate([ends.max(axis=0), ends.min(axis=0)[::-1]]),
        fill="toself", fillcolor=faded(colour, 0.16), mode="none", legendgroup=name, showlegend=False,
        hoverinfo="skip",
    )  # fmt: skip
    figure.add_scatter(
        x=x, y=one.at(x, one.slope), mode="lines", name=name, legendgroup=name,
        line={"color": colour, "width": 2.5, "dash": one.look.dash},
        hovertemplate=f"%{{x:.0f}}: %{{y:.1f}}<extra>{name}</extra>",
    )  # fmt: skip
    both = [(c, m) for c, m in zip(centres, one.means, strict=True) if c is not None and m is not None]
    figure.add_scatter(
        x=[c for c, _ in both], y=[m for _, m in both], mode="markers", legendgroup=name, showlegend=False,
        marker={"size": 9, "color": colour, "symbol": one.look.symbol,
                "line": {"color": theme.background, "width": 1}},
        hovertemplate=f"{words['mean']} %{{x:.1f}}: %{{y:.1f}}<extra>{name}</extra>",
    )  # fmt: skip


@dataclass(frozen=True)
class Sized:
    """Scores of one objective over batch sizes.

    Attributes:
        name: Shown in the legend.
        look: Colour, dash and mark.
        sizes: (s,) rising.
        scores: (seeds, s).
    """

    name: str
    look: Look
    sizes: Sequence[int]
    scores: NDArray[np.float64]


def sizes(
    curves: Sequence[Sized],
    before: float,
    theme: Theme,
    *,
    words: Mapping[str, str],
    limits: tuple[float, float],
    at: int,
) -> go.Figure:
    """Scores against the size of the batch (log axis): mean in a band from the lowest to the highest seed.

    Args:
        curves: One an objective.
        before: Score before training.
        theme: Palette.
        words: `title`, `x`, `y`, `before`, `seed`.
        limits: Ends of the vertical axis.
        at: The chosen size, marked by an upright line.
    """
    every = sorted({size for one in curves for size in one.sizes})
    ends = (every[0] / 1.2, every[-1] * 1.2)
    figure = go.Figure()
    figure.add_scatter(
        x=list(ends), y=[before, before], mode="lines", name=plotly_text(words["before"]),
        line={"color": theme.before, "dash": "dash", "width": 2},
        hovertemplate=f"%{{y:.1f}}<extra>{plotly_text(words['before'])}</extra>",
    )  # fmt: skip
    for one in curves:
        _add_sized(figure, one, theme, words)
    if ends[0] < at < ends[1]:
        figure.add_vline(x=at, line={"color": theme.muted, "dash": "dot", "width": 1})
    horizontal = axis(theme, words["x"], (float(np.log10(ends[0])), float(np.log10(ends[1]))), type="log")
    return styled(
        figure, theme, plotly_text(words["title"]), height=SIZES_HEIGHT,
        margin={"l": 60, "r": 12, "t": 44, "b": 108}, legend=BELOW,
        xaxis={**horizontal, "tickvals": every, "ticktext": [str(size) for size in every]},
        yaxis=axis(theme, words["y"], limits),
    )  # fmt: skip


def _add_sized(figure: go.Figure, one: Sized, theme: Theme, words: Mapping[str, str]) -> None:
    colour, name = getattr(theme, one.look.role), plotly_text(one.name)
    x, low, high = np.asarray(one.sizes), one.scores.min(axis=0), one.scores.max(axis=0)
    figure.add_scatter(
        x=np.concatenate([x, x[::-1]]), y=np.concatenate([high, low[::-1]]), fill="toself", mode="none",
        fillcolor=faded(colour, 0.16), legendgroup=name, showlegend=False, hoverinfo="skip",
    )  # fmt: skip
    for scores in one.scores:
        figure.add_scatter(
            x=x, y=scores, mode="markers", legendgroup=name, showlegend=False,
            marker={"size": 5, "color": faded(colour, 0.6), "symbol": one.look.symbol},
            hovertemplate=f"%{{x}}: %{{y:.1f}}<extra>{plotly_text(words['seed'])}</extra>",
        )  # fmt: skip
    figure.add_scatter(
        x=x, y=one.scores.mean(axis=0), mode="lines+markers", name=name, legendgroup=name,
        line={"color": colour, "width": 2.5, "dash": one.look.dash},
        marker={"size": 9, "symbol": one.look.symbol},
        hovertemplate=f"%{{x}}: %{{y:.1f}}<extra>{name}</extra>",
    )  # fmt: skip


WAYS = {"plain": ("before", ""), "guide": ("positive", "/"), "debiased": ("after", "x"),
        "temperature": ("hard", ".")}  # fmt: skip
"""Name of a remedy → colour by role, and the pattern that tells it without colour."""


def pushes(
    pairs: Sequence[str],
    values: Mapping[str, Sequence[float]],
    theme: Theme,
    *,
    words: Mapping[str, str],
    limit: float | None = None,
) -> go.Figure:
    """Bars: what each likely false negative receives under every remedy.

    Args:
        pairs: Names of the pairs, at most `MOST_PAIRS` that fit a screen.
        values: Name of a remedy (of `WAYS`) → one number a pair.
        theme: Palette.
        words: `title`, `x`, and the name of every remedy.
        limit: Right end of the axis; fitted if absent.
    """
    figure = go.Figure()
    names = [plotly_text(pair) for pair in pairs]
    for way, numbers in values.items():
        role, pattern = WAYS[way]
        colour = getattr(theme, role)
        figure.add_bar(
            y=names, x=[float(n) for n in numbers], orientation="h", name=plotly_text(words[way]),
            marker={"color": colour, "line": {"color": theme.text, "width": 0.5},
                    "pattern": {"shape": pattern, "fgcolor": theme.background, "fillmode": "overlay",
                                "size": 7}},
            hovertemplate=f"%{{x:.3g}}<extra>{plotly_text(words[way])}</extra>",
        )  # fmt: skip
    return styled(
        figure, theme, plotly_text(words["title"]), height=BARS_MARGIN + BAR * (len(values) + 1) * len(pairs),
        barmode="group", bargap=0.22, margin={"l": 8, "r": 12, "t": 44, "b": 142}, legend=BELOW,
        xaxis=axis(theme, words["x"], None if limit is None else (0.0, limit), rangemode="tozero"),
        yaxis=axis(theme, "", None, autorange="reversed", automargin=True, type="category"),
    )  # fmt: skip


def gold_against_cosine(
    gold: ArrayLike,
    cosines: ArrayLike,
    rare: float,
    chosen: int | None,
    theme: Theme,
    *,
    words: Mapping[str, str],
) -> go.Figure:
    """Scored pairs: what people gave them across, the checkpoint's cosine upwards.

    Args:
        gold: (n,) human scores, 0 to 5.
        cosines: (n,) cosines.
        rare: Cosine that 99 of 100 random English pairs stay below, drawn as a line.
        chosen: A pair to point out.
        theme: Palette.
        words: `title`, `x`, `y`, `english`, `chosen`.
    """
    x, y = np.asarray(gold, dtype=np.float64), np.asarray(cosines, dtype=np.float64)
    figure = go.Figure()
    figure.add_scatter(
        x=x, y=y, mode="markers", showlegend=False, hovertemplate="%{x:.1f}: %{y:.2f}<extra></extra>",
        marker={"size": 8, "color": faded(theme.after, 0.6), "line": {"color": theme.after, "width": 1}},
    )  # fmt: skip
    figure.add_scatter(
        x=[-0.2, 5.2], y=[rare, rare], mode="lines", name=plotly_text(words["english"]),
        line={"color": theme.before, "dash": "dash", "width": 2}, hoverinfo="skip",
    )  # fmt: skip
    if chosen is not None:
        figure.add_scatter(
            x=x[[chosen]], y=y[[chosen]], mode="markers", name=plotly_text(words["chosen"]),
            marker={"size": 14, "color": theme.positive, "symbol": "star",
                    "line": {"color": theme.text, "width": 1}},
        )  # fmt: skip
    low = min(-0.1, float(y.min()) - 0.05)
    return styled(
        figure, theme, plotly_text(words["title"]), height=SIZES_HEIGHT,
        margin={"l": 56, "r": 12, "t": 44, "b": 108}, legend=BELOW,
        xaxis=axis(theme, words["x"], (-0.2, 5.2)), yaxis=axis(theme, words["y"], (low, 1.03)),
    )  # fmt: skip
