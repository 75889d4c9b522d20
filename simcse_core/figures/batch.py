"""Clouds of dropout views in the plane, as ECharts options: points move in place with the dropout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from simcse_core.figures.layout import FONT
from simcse_core.figures.theme import Theme, faded

Option = dict[str, Any]


def view_clouds(
    points: ArrayLike,
    names: Sequence[str],
    theme: Theme,
    *,
    picked: int,
    limit: float,
    axes: tuple[str, str],
) -> Option:
    """Every view of every sentence, one sentence in the colour of positives and the others grey.

    Args:
        points: (n, m, 2) m views of n sentences.
        names: n letters, written beside the clouds.
        theme: Palette.
        picked: Sentence in colour.
        limit: Both axes end at ±limit, whatever the dropout, so that sizes can be compared.
        axes: Titles of the horizontal and the vertical axis.
    """
    places = np.asarray(points, dtype=np.float64)
    order = [i for i in range(len(names)) if i != picked] + [picked]  # the picked one on top
    series = [_cloud(places[i], names[i], theme, chosen=i == picked) for i in order]
    return {
        "animation": True,
        "animationDuration": 0,
        "animationDurationUpdate": 400,
        "textStyle": {"fontFamily": FONT, "color": theme.text},
        "grid": {"left": 28, "right": 16, "top": 12, "bottom": 28, "containLabel": True},
        "xAxis": _axis(theme, axes[0], limit),
        "yAxis": {**_axis(theme, axes[1], limit), "nameGap": 34},
        "series": series,
    }


def _cloud(places: Any, name: str, theme: Theme, *, chosen: bool) -> Option:
    colour = theme.positive if chosen else theme.muted
    label = {
        "show": True,
        "formatter": name,
        "position": "top" if np.ptp(places, axis=0).max() < 1e-6 else "inside",
        "color": theme.text,
        "fontSize": 17 if chosen else 14,
        "fontWeight": "bold",
        "textBorderColor": theme.background,
        "textBorderWidth": 4,
    }
    middle = {
        "value": places.mean(axis=0).round(4).tolist(),
        "symbolSize": 1,
        "itemStyle": {"color": "transparent"},
        "label": label,
    }
    dots = [{"value": place} for place in places.round(4).tolist()]
    return {
        "type": "scatter",
        "id": name,
        "name": name,
        "data": [*dots, middle],
        "symbol": "circle",
        "symbolSize": 7 if chosen else 5,
        "itemStyle": {"color": faded(colour, 0.55 if chosen else 0.4)},
        "silent": True,
        "z": 3 if chosen else 2,
    }


def _axis(theme: Theme, title: str, limit: float) -> Option:
    return {
        "type": "value",
        "min": -limit,
        "max": limit,
        "name": title,
        "nameLocation": "middle",
        "nameGap": 24,
        "nameTextStyle": {"color": theme.muted, "fontSize": 12},
        "axisLabel": {"color": theme.muted, "fontSize": 11, "showMinLabel": False, "showMaxLabel": False},
        "axisLine": {"show": False},
        "splitLine": {"lineStyle": {"color": theme.grid}},
    }
