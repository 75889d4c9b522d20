"""Cosines of every pair of a list: an ECharts option, updated in place when the list changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from simcse_core.figures.layout import FONT
from simcse_core.figures.theme import Theme

NUMBERS_UP_TO = 12
TEXTS_UP_TO = 24
LABEL = 100  # pixels of a text beside its row
STRONG = 0.72  # from here on a cell is so blue or amber that its number takes the colour of the page


def height(lines: int) -> int:
    """Pixels a matrix of this many lines needs."""
    return max(300, min(640, 36 * lines)) + 80


def _cell(row: int, column: int, cosine: float, theme: Theme) -> dict[str, Any]:
    """One cell; its number is short enough for a phone: .94, −.08, 1."""
    number = f"{cosine:.2f}".replace("0.", ".").replace("1.00", "1").replace("-", "−")
    colour = theme.background if abs(cosine) > STRONG else theme.text
    place = f"{row + 1}, {column + 1}"
    return {"value": [column, row, round(cosine, 3), place], "label": {"formatter": number, "color": colour}}


def pair_matrix(values: ArrayLike, texts: Sequence[str], theme: Theme) -> dict[str, Any]:
    """A heat map on the fixed range -1 to 1; numbers in the cells up to 12 lines, texts beside up to 24.

    Args:
        values: (n, n) cosines.
        texts: n texts; drawn on a canvas as plain text, shortened.
        theme: Palette.
    """
    cosines = np.asarray(values, dtype=np.float64)
    count = len(texts)
    numbers = [str(i + 1) for i in range(count)]
    rows = [f"{i + 1} {text[:60]}" if count <= TEXTS_UP_TO else str(i + 1) for i, text in enumerate(texts)]
    data = [_cell(i, j, float(cosines[i, j]), theme) for i in range(count) for j in range(count)]
    small = {"color": theme.muted, "fontSize": 11}
    axis = {"type": "category", "axisLine": {"show": False}, "axisTick": {"show": False}}
    return {
        "animation": False,
        "textStyle": {"fontFamily": FONT, "color": theme.text},
        "grid": {"left": 4, "right": 4, "top": 24, "bottom": 52, "containLabel": True},
        "xAxis": {**axis, "data": numbers, "position": "top", "axisLabel": small},
        "yAxis": {**axis, "data": rows, "inverse": True,
                  "axisLabel": {**small, "width": LABEL, "overflow": "truncate", "color": theme.text}},
        "tooltip": {"formatter": "{@[3]}: {@[2]}", "backgroundColor": theme.background,
                    "borderColor": theme.grid, "textStyle": {"color": theme.text}},
        "visualMap": {"min": -1, "max": 1, "dimension": 2, "orient": "horizontal",
                      "left": "center", "bottom": 0, "itemHeight": 160, "itemWidth": 12,
                      "text": ["1", "cosine −1"], "calculable": False,
                      "textStyle": small, "inRange": {"color": [colour for _, colour in theme.diverging]}},
        "series": [
            {"type": "heatmap", "id": "cosines", "data": data,
             "label": {"show": count <= NUMBERS_UP_TO, "fontSize": 10},
             "itemStyle": {"borderColor": theme.background, "borderWidth": 1}}
        ],
    }  # fmt: skip
