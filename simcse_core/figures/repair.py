"""What repairs do: dumbbells from before to after, and arrows in the plane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from simcse_core.figures.layout import axis, styled
from simcse_core.figures.theme import Theme, plotly_text

MEASURES = ("spearman", "alignment", "uniformity")
LEAD = MEASURES[0]
ROW, HEAD, FOOT = 54, 92, 62  # pixels: a row, what is above the rows, what is below
PLANE_HEIGHT = 446
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
        found[measure] = (low - air, high + air * (3 if measure == LEAD else 1))
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
        _label(figure, place, one, before[LEAD], limits[LEAD][1], theme)
    # a place a row, the first on top; above each mark is room for its name
    rows = {"showticklabels": False, "showgrid": False, "zeroline": False, "fixedrange": True}
    figure.update_yaxes(range=[len(mended) - 0.5, -0.62], **rows)
    return styled(
        figure, theme, plotly_text(words["title"]), height=HEAD + FOOT + ROW * len(mended),
        margin={"l": 8, "r": 8, "t": HEAD, "b": FOOT},
        legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "itemclick": False,
                "itemdoubleclick": False, "font": {"size": 12}},
    )  # fmt: skip


def _label(figure: go.Figure, place: int, one: Mended, before: float, right: float, theme: Theme) -> None:
    """Name of a row above it, and what the leading measure gained at the right end of its column."""
    name = plotly_text(one.name)
    shared = {"showarrow": False, "yref": "y"}
    figure.add_annotation(
        x=0, xref="paper", y=place - 0.36, xanchor="left", text=f"<b>{name}</b>" if one.chosen else name,
        font={"color": theme.text, "size": 13}, bgcolor=theme.background, borderpad=0, **shared,
    )  # fmt: skip
    value = one.after.get(LEAD)
    if value is not None:
        moved = f"{value - before:+.1f}".replace("-", "−")
        figure.add_annotation(
            x=right, xref="x", y=place, xanchor="right", text=f"<b>{moved}</b>" if one.chosen else moved,
            font={"color": theme.text, "size": 12}, **shared,
        )  # fmt: skip
    elif one.note:
        figure.add_annotation(
            x=0, xref="paper", y=place, xanchor="left", text=plotly_text(one.note),
            font={"color": theme.muted, "size": 12}, **shared,
        )  # fmt: skip


def _column(
    before: float, mended: Sequence[Mended], measure: str, theme: Theme, words: Words
) -> list[go.Scatter]:
    """The level of before, the lines, and both kinds of marks."""
    leading = measure == LEAD
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
    ends = go.Scatter(
        x=[v for *_, v in shown], y=[p for p, *_ in shown], mode="markers", name=words["after"],
        showlegend=leading, customdata=[plotly_text(one.name) for _, one, _ in shown], hovertemplate=hover,
        cliponaxis=False,
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
    small = {"font": {"color": theme.muted, "size": 12}}
    if even is not None and limits[1][0] < even < limits[1][1]:
        dotted = {"color": theme.muted, "dash": "dot", "width": 1.5}
        figure.add_hline(
            y=even, line=dotted, annotation={"text": words["even"], **small}, annotation_position="top left"
        )
    figure.add_annotation(
        x=0.01, y=0.18, xref="paper", yref="paper", xanchor="left", yanchor="bottom", showarrow=False,
        text=f"↙ {words['better']}", **small,
    )  # fmt: skip
    return styled(
        figure, theme, plotly_text(words["title"]), height=PLANE_HEIGHT,
        xaxis=axis(theme, words["alignment"], limits[0]), yaxis=axis(theme, words["uniformity"], limits[1]),
        margin={"l": 52, "r": 12, "t": 40, "b": 176},
        legend={"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom",
                "font": {"size": 12}},
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
