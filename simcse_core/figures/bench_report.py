"""The one figure of a bench report, as SVG that needs no script: alignment against uniformity."""

from __future__ import annotations

import html
from collections.abc import Sequence

from simcse_core.figures.bench import FLOOR, Placed

WIDTH, HEIGHT = 640, 400
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 16, 48
MARKS = 5  # ticks on an axis, at least
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#7f7f7f", "#e69f00")


def plane_svg(points: Sequence[Placed], title: str) -> str:
    """Checkpoints by uniformity (x) and alignment (y), lower left is better; numbers refer to a list below.

    Args:
        points: At least one; names are escaped.
        title: Read out in place of the figure.
    """
    xs, ys = [p.uniformity for p in points], [p.alignment for p in points]
    x_axis = (min(FLOOR, *xs), max(0.0, *xs))
    y_axis = (0.0, max(0.5, *ys) * 1.1)
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html.escape(title)}" '
        'xmlns="http://www.w3.org/2000/svg" font-family="system-ui, sans-serif" font-size="12">'
    ]
    parts += _grid(x_axis, y_axis)
    for number, point in enumerate(points, start=1):
        x, y = _place(point.uniformity, x_axis, True), _place(point.alignment, y_axis, False)
        colour = COLOURS[(number - 1) % len(COLOURS)]
        told = f"{point.name}: alignment {point.alignment:.3f}, uniformity {point.uniformity:.3f}"
        parts.append(
            f'<g><title>{html.escape(told)}</title><circle cx="{x:.1f}" cy="{y:.1f}" r="9" fill="{colour}"/>'
            f'<text x="{x:.1f}" y="{y + 4:.1f}" text-anchor="middle" fill="#fff" font-weight="700">{number}'
            "</text></g>"
        )
    return "".join([*parts, "</svg>"])


def _grid(x_axis: tuple[float, float], y_axis: tuple[float, float]) -> list[str]:
    """Lines, their numbers and the titles of both axes."""
    found = []
    for value in _ticks(x_axis):
        x = _place(value, x_axis, True)
        found.append(f'<path d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}" class="grid"/>')
        found.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{value:g}</text>')
    for value in _ticks(y_axis):
        y = _place(value, y_axis, False)
        found.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" class="grid"/>')
        found.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    found.append(
        f'<text x="{middle}" y="{HEIGHT - 8}" text-anchor="middle">uniformity (lower is better)</text>'
    )
    up = (TOP + HEIGHT - BOTTOM) / 2
    found.append(
        f'<text transform="translate(16 {up}) rotate(-90)" text-anchor="middle">alignment (lower is better)'
        "</text>"
    )
    return found


def _place(value: float, ends: tuple[float, float], across: bool) -> float:
    share = (value - ends[0]) / (ends[1] - ends[0])
    if across:
        return LEFT + share * (WIDTH - LEFT - RIGHT)
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _ticks(ends: tuple[float, float]) -> list[float]:
    """Round values inside an axis."""
    span = ends[1] - ends[0]
    step = next(s for s in (2.0, 1.0, 0.5, 0.25, 0.2, 0.1, 0.05, 0.02, 0.01) if span / s >= MARKS - 1)
    first = -int(-ends[0] // step) if ends[0] > 0 else int(ends[0] / step)
    return [round(step * i, 4) for i in range(first, int(ends[1] / step) + 1)]
