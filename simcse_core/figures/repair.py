"""What repairs do: dumbbells from before to after, arrows in the plane, and curves over k, n or epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike
from plotly.subplots import make_subplots

from simcse_core.figures.layout import axis, styled
from simcse_core.figures.theme import Theme, faded, plotly_text

MEASURES = ("spearman", "alignment", "uniformity")
ROW, HEAD, FOOT = 54, 92, 62  # pixels: a row, what is above the rows, what is below
PLANE_HEIGHT = 440
SYMBOLS = ("circle-open", "triangle-up-open", "square-open", "x-thin-open", "diamond-open", "star-open")
AIR = 0.12  # of the range, beyond the outermost marks
Words = Mapping[str, str]
Numbers = Mapping[str, float | None]


@dataclass(frozen=True)
class Mended:
    """One repair, in one row.

    Attributes:
        name: Shown at the row.
        after: Measure → value after the repair as it is chosen; None or absent where it was not measured.
        rival: The same, fitted on the other corpus.
        chosen: Whether the rest of the page is about it.
        note: Shown in its place where there is no value.
    """

    name: str
    after: Numbers
    rival: Numbers
    chosen: bool = False
    note: str = ""


def limits_of(before: Mapping[str, float], mended: Sequence[Mended]) -> dict[str, tuple[float, float]]:
    """Ends of the axis of every measure that hold all values with some air."""
    found = {}
    for measure in MEASURES:
        values = [before[measure]]
        values += [
            v for one in mended for v in (one.after.get(measure), one.rival.get(measure)) if v is not None
        ]
        low, high = min(values), max(values)
        air = AIR * max(high - low, 1e-2)
        found[measure] = (low - air, high + air * (4 if measure == "spearman" else 1))
    return found


def dumbbells(
    before: Mapping[str, float],
    mended: Sequence[Mended],
    theme: Theme,
    *,
    words: Words,
    limits: Mapping[str, tuple[float, float]],
) -> go.Figure:
    """A row a repair, a column a measure: a line from before to after, a diamond for the other corpus.

    Args:
        before: Measure → value of the encoder as it is.
        mended: The repairs, from top to bottom.
        theme: Palette.
        words: `title`, `before`, `after`, `rival`, and a label for every measure.
        limits: Ends of the axes, as from `limits_of`.
    """
    figure = make_subplots(
        rows=1, cols=3, shared_yaxes=True, column_widths=[0.42, 0.29, 0.29], horizontal_spacing=0.04
    )
    for col, measure in enumerate(MEASURES, 1):
        for trace in _column(before[measure], mended, measure, theme, words):
            figure.add_trace(trace, row=1, col=col)
        figure.update_xaxes(axis(theme, words[measure], limits[measure], nticks=4), row=1, col=col)
    for place, one in enumerate(mended):
        name = plotly_text(one.name)
        figure.add_annotation(
            x=0, xref="paper", y=place - 0.36, yref="y", xanchor="left", showarrow=False,
            text=f"<b>{name}</b>" if one.chosen else name, font={"color": theme.text, "size": 13},
            bgcolor=theme.background, borderpad=0,
        )  # fmt: skip
        if one.note and one.after.get("spearman") is None:
            figure.add_annotation(
                x=0, xref="paper", y=place, yref="y", xanchor="left", showarrow=False,
                text=plotly_text(one.note), font={"color": theme.muted, "size": 12},
            )  # fmt: skip
    figure.update_yaxes(
        range=[len(mended) - 0.5, -0.62],
        showticklabels=False,
        showgrid=False,
        zeroline=False,
        fixedrange=True,
    )
    return styled(
        figure, theme, plotly_text(words["title"]), height=HEAD + FOOT + ROW * len(mended),
        margin={"l": 8, "r": 8, "t": HEAD, "b": FOOT},
        legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "itemclick": False,
                "itemdoubleclick": False, "font": {"size": 12}},
    )  # fmt: skip


def _column(
    before: float, mended: Sequence[Mended], measure: str, theme: Theme, words: Words
) -> list[go.Scatter]:
    """The level of before, the lines, and both kinds of marks."""
    leading = measure == MEASURES[0]
    shown = [(place, one, one.after[measure]) for place, one in enumerate(mended) if _has(one.after, measure)]
    rivals = [
        (place, one, one.rival[measure]) for place, one in enumerate(mended) if _has(one.rival, measure)
    ]
    lines_x: list[float | None] = []
    lines_y: list[float | None] = []
    for place, _, value in shown:
        lines_x += [before, value, None]
        lines_y += [place, place, None]
    hover = f"%{{customdata}}<br>{plotly_text(words[measure])}: %{{x:.3f}}<extra></extra>"
    level = go.Scatter(
        x=[before, before], y=[-0.2, len(mended) - 0.5], mode="lines", name=words["before"],
        showlegend=leading,
        line={"color": theme.before, "width": 2, "dash": "dash"},
        hovertemplate=f"{words['before']}: %{{x:.3f}}<extra></extra>",
    )  # fmt: skip
    bars = go.Scatter(
        x=lines_x, y=lines_y, mode="lines", line={"color": theme.after, "width": 3}, showlegend=False,
        hoverinfo="skip",
    )  # fmt: skip
    other = go.Scatter(
        x=[v for *_, v in rivals], y=[p for p, *_ in rivals], mode="markers", name=words["rival"],
        showlegend=leading, customdata=[plotly_text(one.name) for _, one, _ in rivals], hovertemplate=hover,
        marker={"symbol": "diamond-open", "size": 11, "color": theme.hard, "line": {"width": 2}},
    )  # fmt: skip
    told = [f"  {v - before:+.1f}".replace("-", "−") if leading and v is not None else "" for *_, v in shown]
    ends = go.Scatter(
        x=[v for *_, v in shown], y=[p for p, *_ in shown], mode="markers+text", name=words["after"],
        showlegend=leading, customdata=[plotly_text(one.name) for _, one, _ in shown], hovertemplate=hover,
        text=told, textposition="middle right", textfont={"color": theme.text, "size": 12}, cliponaxis=False,
        marker={"color": theme.after, "size": [14 if one.chosen else 9 for _, one, _ in shown],
                "line": {"color": theme.text, "width": [2 if one.chosen else 0 for _, one, _ in shown]}},
    )  # fmt: skip
    return [level, bars, ends, other]


def _has(numbers: Numbers, measure: str) -> bool:
    return numbers.get(measure) is not None


def plane(
    before: Mapping[str, float],
    mended: Sequence[Mended],
    theme: Theme,
    *,
    words: Words,
    limits: tuple[tuple[float, float], tuple[float, float]],
    even: float | None = None,
) -> go.Figure:
    """Arrows in the plane of alignment and uniformity, from the encoder as it is to each repair.

    Args:
        before: Measure → value.
        mended: The repairs.
        theme: Palette.
        words: `title`, `alignment`, `uniformity`, `before`, `better`, `even`.
        limits: (alignment, uniformity) ends.
        even: Uniformity of evenly spread directions, as a level line.
    """
    figure = go.Figure()
    start = (before["alignment"], before["uniformity"])
    for place, one in enumerate(mended):
        if _has(one.after, "alignment"):
            _arrow(figure, start, one, SYMBOLS[place % len(SYMBOLS)], theme)
    figure.add_scatter(
        x=[start[0]], y=[start[1]], mode="markers", name=words["before"],
        marker={"color": theme.before, "symbol": "circle", "size": 14},
        hovertemplate=f"{words['before']}: %{{x:.3f}}, %{{y:.2f}}<extra></extra>",
    )  # fmt: skip
    if even is not None and limits[1][0] < even < limits[1][1]:
        figure.add_hline(
            y=even, line={"color": theme.muted, "dash": "dot", "width": 1.5},
            annotation={"text": words["even"], "font": {"color": theme.muted, "size": 12}},
        )  # fmt: skip
    figure.add_annotation(
        x=0.01, y=0.02, xref="paper", yref="paper", xanchor="left", yanchor="bottom", showarrow=False,
        text=f"↙ {words['better']}", font={"color": theme.muted, "size": 12},
    )  # fmt: skip
    return styled(
        figure, theme, plotly_text(words["title"]), height=PLANE_HEIGHT,
        xaxis=axis(theme, words["alignment"], limits[0]), yaxis=axis(theme, words["uniformity"], limits[1]),
        margin={"l": 52, "r": 12, "t": 40, "b": 150},
        legend={"orientation": "h", "x": 0, "y": -0.2, "yanchor": "top", "font": {"size": 12}},
    )  # fmt: skip


def _arrow(figure: go.Figure, start: tuple[float, float], one: Mended, symbol: str, theme: Theme) -> None:
    colour = theme.after if one.chosen else theme.muted
    x, y = (float(one.after[measure] or 0.0) for measure in MEASURES[1:])
    figure.add_annotation(
        x=x, y=y, ax=start[0], ay=start[1], xref="x", yref="y", axref="x", ayref="y", showarrow=True,
        arrowhead=2, arrowsize=1.1, arrowwidth=3 if one.chosen else 1.2, arrowcolor=colour, text="",
        standoff=7,
    )  # fmt: skip
    name = plotly_text(one.name)
    figure.add_scatter(
        x=[x], y=[y], mode="markers", name=f"<b>{name}</b>" if one.chosen else name,
        marker={"color": colour, "size": 12, "symbol": symbol, "line": {"color": colour, "width": 2}},
        hovertemplate=f"{name}<br>%{{x:.3f}}, %{{y:.2f}}<extra></extra>",
    )  # fmt: skip


@dataclass(frozen=True)
class Curve:
    """One line: its name, points, role and dash in Plotly's words; a `chosen` one is drawn strong."""

    name: str
    x: ArrayLike
    y: Sequence[float | None]
    role: str
    dash: str = "solid"
    symbol: str = "circle"
    chosen: bool = True


def curves(
    lines: Sequence[Curve],
    theme: Theme,
    *,
    title: str,
    x_label: str,
    y_label: str,
    log: tuple[bool, bool] = (False, False),
    ticks: Sequence[float] | None = None,
    level: tuple[str, float] | None = None,
    uprights: Mapping[str, float] | None = None,
) -> go.Figure:
    """A few lines over k, sentences, directions or epochs.

    Args:
        lines: What is drawn.
        theme: Palette.
        title: What was measured.
        x_label: Of the horizontal axis.
        y_label: Of the vertical axis.
        log: Whether each axis is logarithmic.
        ticks: Labelled places of the horizontal axis, where the usual ones say little.
        level: Name and height of a dashed level line: the encoder as it is.
        uprights: Name → place of dotted upright lines, such as where the page stands.
    """
    figure = go.Figure()
    for line in lines:
        colour = getattr(theme, line.role)
        figure.add_scatter(
            x=np.asarray(line.x), y=list(line.y), name=plotly_text(line.name), mode="lines+markers",
            line={"color": colour if line.chosen else faded(colour, 0.6), "dash": line.dash,
                  "width": 3 if line.chosen else 1.5},
            marker={"symbol": line.symbol, "size": 8 if line.chosen else 5, "color": colour},
            hovertemplate="%{x}: %{y:.4~g}<extra>" + plotly_text(line.name) + "</extra>",
        )  # fmt: skip
    if level is not None:
        ends = [at for line in lines for at in np.asarray(line.x, dtype=np.float64).tolist()]
        figure.add_scatter(
            x=[min(ends), max(ends)], y=[level[1]] * 2, name=level[0], mode="lines",
            line={"color": theme.before, "dash": "dash", "width": 2},
            hovertemplate="%{y:.4~g}<extra>" + plotly_text(level[0]) + "</extra>",
        )  # fmt: skip
    for name, place in (uprights or {}).items():
        figure.add_vline(x=place, line={"color": theme.muted, "dash": "dot", "width": 1.5})
        figure.add_annotation(
            x=float(np.log10(place)) if log[0] else place, y=1, yref="paper", yanchor="bottom",
            showarrow=False,
            text=plotly_text(name), font={"color": theme.muted, "size": 12},
        )  # fmt: skip
    kinds: list[dict[str, Any]] = [
        {"type": "log", "dtick": 1, "exponentformat": "power"} if on else {} for on in log
    ]
    if ticks is not None:
        kinds[0] |= {"tickmode": "array", "tickvals": list(ticks), "ticktext": [f"{at:g}" for at in ticks]}
    return styled(
        figure, theme, plotly_text(title), showlegend=True, height=360,
        xaxis=axis(theme, x_label, **kinds[0]), yaxis=axis(theme, y_label, **kinds[1]),
        margin={"l": 56, "r": 12, "t": 52, "b": 96},
        legend={"orientation": "h", "x": 0, "y": -0.24, "yanchor": "top", "itemsizing": "constant"},
    )  # fmt: skip
