"""Curves of the geometry, as ECharts options: tokens over the layers, dimensions left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from simcse_core.figures.cone_curves import EXACT, Option, plain_option, value_axis
from simcse_core.figures.theme import Theme


@dataclass(frozen=True)
class Line:
    """One curve: name, points (x, y) with None for a gap, role, dash, whether its points are marked."""

    name: str
    points: Sequence[tuple[float, float | None]]
    role: str
    dash: str = "solid"
    marked: bool = True


def curves(
    lines: Sequence[Line],
    theme: Theme,
    *,
    title: str,
    x_label: str,
    y_label: str,
    limits: tuple[float | None, float | None],
    categories: Sequence[str] | None = None,
    cursor: float | str | None = None,
) -> Option:
    """Curves over layers or over counts, with an upright cursor where one is asked for.

    Args:
        lines: The curves.
        theme: Palette.
        title: What was measured.
        x_label: Of the lower axis.
        y_label: With unit and good direction.
        limits: Ends of the value axis; None fits the data.
        categories: Names of the places on the lower axis, evenly spaced; None for a scale of numbers.
        cursor: Place of the upright line.
    """
    series = [_series(line, theme, categories) for line in lines]
    if cursor is not None and series:
        series[0]["markLine"] = {
            "symbol": ["none", "none"],
            "silent": True,
            "animation": False,
            "label": {"show": False},
            "lineStyle": {"color": theme.text, "width": 1.5, "type": "solid"},
            "data": [{"xAxis": cursor}],
        }
    places = sorted({x for line in lines for x, _ in line.points})
    bottom = value_axis(theme, x_label, min(places, default=0), max(places, default=1), gap=26)
    if categories is not None:
        bottom = {
            **value_axis(theme, x_label, None, None, gap=26),
            "type": "category",
            "data": list(categories),
        }
    else:
        bottom["interval"] = 1
    return {
        **plain_option(theme, title, [line.name for line in lines], symbols=True),
        "animation": False,
        "grid": {"left": 56, "right": 18, "top": 96, "bottom": 46, **EXACT},
        "xAxis": bottom,
        "yAxis": value_axis(theme, y_label, *limits, gap=40),
        "series": series,
    }


def _series(line: Line, theme: Theme, categories: Sequence[str] | None) -> dict[str, Any]:
    colour = getattr(theme, line.role)
    data: list[Any] = [[x, y] for x, y in line.points]
    if categories is not None:
        data = [[str(int(x)), y] for x, y in line.points]
    return {
        "type": "line",
        "id": line.name,
        "name": line.name,
        "data": data,
        "symbol": "circle" if line.marked else "none",
        "symbolSize": 6,
        "color": colour,
        "lineStyle": {"width": 2.5 if line.marked else 1.5, "type": line.dash, "color": colour},
    }
