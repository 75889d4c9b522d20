"""The shared look of a figure: merged by this project against Plotly's own `update_layout`.

    python -m benchmarks.layout [--repeats 30]

Both sides dress the same two-panel figure, in turns (A B A B …), the first round not counted; the results are
compared first. Prints milliseconds of both and the ratio of each round as min / median / max.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from simcse_core.figures.layout import axis, with_layout
from simcse_core.figures.theme import LIGHT


def two_panels() -> go.Figure:
    """A figure before it is dressed."""
    figure = make_subplots(rows=1, cols=2, subplot_titles=["first", "second"])
    for column in (1, 2):
        figure.add_trace(go.Scatter(x=[1, 2, 3], y=[3, 1, 2]), row=1, col=column)
    return figure


def wanted() -> dict[str, Any]:
    """Title, type, margins, legend and the axes."""
    return {
        "title": {"text": "Title", "font": {"size": 15, "color": LIGHT.text}},
        "font": {"size": 13, "color": LIGHT.text},
        "margin": {"l": 56, "r": 16, "t": 64, "b": 48},
        "legend": {"orientation": "h", "x": 0, "y": 1},
        "height": 380,
        **{f"{side}axis{number}": axis(LIGHT, side, (0, 4)) for side in "xy" for number in ("", 2)},
    }


def seconds(dress: Callable[[go.Figure], go.Figure]) -> float:
    """Time of dressing one fresh figure."""
    figure = two_panels()
    start = time.perf_counter()
    dress(figure)
    return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=30)
    options = parser.parse_args()
    sides = (lambda f: with_layout(f, wanted()), lambda f: f.update_layout(**wanted()))
    assert sides[0](two_panels()) == sides[1](two_panels())
    rounds = [[seconds(side) for side in sides] for _ in range(options.repeats + 1)][1:]
    ours, theirs = (1000 * statistics.median(side) for side in zip(*rounds, strict=True))
    ratios = sorted(b / a for a, b in rounds)
    print(
        f"one figure dressed: ours {ours:.1f} ms, update_layout {theirs:.1f} ms; update_layout / ours = "
        f"{ratios[0]:.2f} / {statistics.median(ratios):.2f} / {ratios[-1]:.2f} (min / median / max)"
    )


if __name__ == "__main__":
    main()
