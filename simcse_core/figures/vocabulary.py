"""Input embeddings: their map, their lengths, and what leaving out kinds of tokens does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from simcse_core.figures.layout import axis, styled
from simcse_core.figures.theme import WEIGHTS, Theme, plotly_text

WRITTEN = 14  # tokens whose text is on the map at most: the most frequent ones
APART = 0.05  # of the width of the map between two texts


@dataclass(frozen=True)
class Tokens:
    """Tokens of a vocabulary, most frequent first.

    Attributes:
        texts: m tokens.
        points: (m, 2).
        left_out: (m,) bool, drawn hollow.
    """

    texts: Sequence[str]
    points: ArrayLike
    left_out: ArrayLike


@dataclass(frozen=True)
class Kind:
    """What the colour says: a number a token, or yes and no with the two words for it."""

    values: ArrayLike
    scale: str = ""
    yes: str = ""
    no: str = ""


def token_map(tokens: Tokens, kind: Kind, theme: Theme, *, labels: tuple[str, str], title: str) -> go.Figure:
    """Tokens on a plane, coloured by one property; the most frequent are written out.

    Args:
        tokens: Places and texts.
        kind: The property.
        theme: Palette.
        labels: Of the two axes.
        title: Whose embeddings.
    """
    points = np.asarray(tokens.points, dtype=np.float64)
    figure = go.Figure()
    _add_coloured(figure, tokens, points, kind, theme)
    for row in _readable(points):
        x, y = (float(place) for place in points[row])
        figure.add_annotation(
            x=x,
            y=y,
            text=plotly_text(tokens.texts[row]),
            showarrow=False,
            yanchor="bottom",
            yshift=3,
            font={"size": 12, "color": theme.text},
        )
    return styled(
        figure,
        theme,
        title,
        height=460,
        margin={"l": 52, "r": 8, "t": 72, "b": 48},
        xaxis=axis(theme, labels[0]),
        yaxis=axis(theme, labels[1]),
    )


def _add_coloured(
    figure: go.Figure, tokens: Tokens, points: NDArray[np.float64], kind: Kind, theme: Theme
) -> None:
    """Two groups with a name each where the kind is yes or no, a colour scale where it is a number."""
    values = np.asarray(kind.values)
    if values.dtype == bool:
        for rows, name, role, symbol in (
            (~values, kind.no, "before", "circle"),
            (values, kind.yes, "hard", "diamond"),
        ):
            marker = {"color": getattr(theme, role), "symbol": symbol, "size": 7}
            _add(figure, tokens, points, rows, marker, theme, name)
        return
    bar = {"title": {"text": plotly_text(kind.scale), "side": "right"}, "thickness": 12, "outlinewidth": 0,
           "tickfont": {"color": theme.muted}}  # fmt: skip
    numbers = values.astype(np.float64)
    marker = {"color": numbers, "colorscale": WEIGHTS, "cmin": float(numbers.min()),
              "cmax": float(numbers.max()), "colorbar": bar, "size": 7}  # fmt: skip
    _add(figure, tokens, points, np.ones(len(points), dtype=bool), marker, theme, "")


def _readable(points: NDArray[np.float64]) -> list[int]:
    """The first tokens that lie far enough apart for their texts not to cover each other."""
    scaled = points / max(float(np.ptp(points[:, 0])), 1e-9)
    found: list[int] = []
    for row in range(len(points)):
        if all(float(np.abs(scaled[row] - scaled[other]).max()) >= APART for other in found):
            found.append(row)
        if len(found) == WRITTEN:
            break
    return found


def _add(
    figure: go.Figure,
    tokens: Tokens,
    points: NDArray[np.float64],
    rows: NDArray[np.bool_],
    marker: dict[str, Any],
    theme: Theme,
    name: str,
) -> None:
    out = np.asarray(tokens.left_out, dtype=bool)[rows]
    figure.add_scatter(
        x=points[rows, 0],
        y=points[rows, 1],
        mode="markers",
        name=plotly_text(name),
        showlegend=bool(name),
        text=[plotly_text(text) for text, shown in zip(tokens.texts, rows, strict=True) if shown],
        hovertemplate="%{text}<extra></extra>",
        marker={
            "opacity": np.where(out, 0.12, 0.9),
            "line": {"color": theme.outline, "width": 0.5},
            **marker,
        },
    )


@dataclass(frozen=True)
class Removals:
    """Rank correlations of one encoder: a value and an interval for each removal, None where undefined."""

    name: str
    values: Sequence[float | None]
    intervals: Sequence[tuple[float | None, float | None]]
    role: str
    symbol: str


def removal_rows(
    encoders: Sequence[Removals], labels: Sequence[str], theme: Theme, *, title: str, chosen: int
) -> go.Figure:
    """One row a removal with value and interval of every encoder; the chosen row is shaded.

    Args:
        encoders: In one order of removals.
        labels: Of the removals.
        theme: Palette.
        title: What was measured.
        chosen: Index of the removal that the map shows.
    """
    figure = go.Figure()
    count = len(labels)
    for number, one in enumerate(encoders):
        shift = 0.16 * (number - (len(encoders) - 1) / 2)
        _add_removals(figure, one, labels, shift, theme)
    figure.add_hrect(
        y0=chosen - 0.5, y1=chosen + 0.5, fillcolor=theme.grid, opacity=0.5, line_width=0, layer="below"
    )
    return styled(
        figure,
        theme,
        title,
        height=130 + 38 * count,
        margin={"l": 8, "r": 12, "t": 72, "b": 48},
        xaxis=axis(theme, "rank correlation × 100 (higher is better)"),
        yaxis=axis(
            theme, "", (count - 0.5, -0.5), tickmode="array", tickvals=list(range(count)),
            ticktext=[plotly_text(label) for label in labels], showgrid=False, automargin=True,
            fixedrange=True,
        ),
    )  # fmt: skip


def _add_removals(
    figure: go.Figure, one: Removals, labels: Sequence[str], shift: float, theme: Theme
) -> None:
    """Values and intervals of one encoder, `shift` rows below the middle of each row."""
    known = [
        (row, value, *interval)
        for row, (value, interval) in enumerate(zip(one.values, one.intervals, strict=True))
        if value is not None
    ]
    colour = getattr(theme, one.role)
    figure.add_scatter(
        x=[value for _, value, _, _ in known],
        y=[row + shift for row, _, _, _ in known],
        mode="markers",
        name=plotly_text(one.name),
        marker={"color": colour, "symbol": one.symbol, "size": 10},
        error_x={
            "type": "data",
            "symmetric": False,
            "color": colour,
            "thickness": 1.5,
            "array": [0.0 if high is None else high - value for _, value, _, high in known],
            "arrayminus": [0.0 if low is None else value - low for _, value, low, _ in known],
        },
        customdata=[plotly_text(labels[row]) for row, _, _, _ in known],
        hovertemplate="%{customdata}: %{x:.1f}<extra>" + plotly_text(one.name) + "</extra>",
    )


@dataclass(frozen=True)
class Lengths:
    """Log-frequency and length of the tokens of one encoder, (m,) each."""

    name: str
    frequency: ArrayLike
    norm: ArrayLike
    texts: Sequence[str]
    role: str
    symbol: str


def norm_against_frequency(
    encoders: Sequence[Lengths], theme: Theme, *, title: str, labels: tuple[str, str]
) -> go.Figure:
    """Length of every input embedding against the token's frequency."""
    figure = go.Figure()
    for one in encoders:
        figure.add_scatter(
            x=np.asarray(one.frequency, dtype=np.float64),
            y=np.asarray(one.norm, dtype=np.float64),
            mode="markers",
            name=plotly_text(one.name),
            text=[plotly_text(text) for text in one.texts],
            hovertemplate="%{text}: length %{y:.2f}<extra>" + plotly_text(one.name) + "</extra>",
            marker={"color": getattr(theme, one.role), "symbol": one.symbol, "size": 5, "opacity": 0.6},
        )
    return styled(
        figure, theme, title, height=330, margin={"l": 52, "r": 8, "t": 72, "b": 48},
        xaxis=axis(theme, labels[0]), yaxis=axis(theme, labels[1]),
    )  # fmt: skip
