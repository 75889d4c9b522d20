"""Figures of the geometry show what they are given, and disarm what a learner typed."""

from __future__ import annotations

import json

import numpy as np
import pytest
from plotly.colors import sample_colorscale

from simcse_core.figures.geometry import Grid, Scale, dimension_bars, layer_grid
from simcse_core.figures.geometry_curves import Line, curves
from simcse_core.figures.theme import DARK, LIGHT, Theme
from simcse_core.figures.vocabulary import (
    APART,
    WRITTEN,
    Kind,
    Lengths,
    Removals,
    Tokens,
    norm_against_frequency,
    removal_rows,
    token_map,
)

BAD = "<b>%{x}"
themes = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])


@themes
def test_the_grid_writes_every_number_and_outlines_one(theme: Theme) -> None:
    values = np.array([[0.5, np.nan], [-0.001, 1.0]])
    figure = layer_grid(Grid(BAD, values, ["Mean", "Max"], (1, 0)), theme, Scale(-1, 1, cosine=True))
    heat, written = figure.data
    assert [list(row) for row in heat.text] == [["0.50", ""], ["0.00", "1.00"]]
    assert list(zip(written.y, written.x, written.text, strict=True)) == [
        (0, 0, "0.50"),
        (1, 0, "0.00"),
        (1, 1, "1.00"),
    ]
    assert (heat.zmin, heat.zmax) == (-1, 1)
    (cell,) = figure.layout.shapes
    assert (cell.x0, cell.y0) == (-0.5, 0.5)
    assert BAD not in figure.to_json()
    assert not layer_grid(Grid("A", values, ["Mean", "Max"]), theme, Scale(0, 1)).layout.shapes


@themes
@pytest.mark.parametrize("cosine", [True, False])
def test_numbers_stand_out_on_every_colour(theme: Theme, cosine: bool) -> None:
    """Contrast of 4.5 or more by WCAG 2, all along the scale."""
    low, values = (-1.0 if cosine else 0.0), np.linspace(-1 if cosine else 0, 1, 41)[None]
    figure = layer_grid(Grid("A", values, [str(i) for i in range(41)]), theme, Scale(low, 1, cosine=cosine))
    heat, written = figure.data
    stops = [list(stop) for stop in heat.colorscale]
    cells = sample_colorscale(stops, ((values[0] - low) / (1 - low)).tolist(), colortype="tuple")
    for cell, ink in zip(cells, written.textfont.color, strict=True):
        paper, text = luminance(cell), luminance((0, 0, 0) if ink == "#000000" else (1, 1, 1))
        assert (max(paper, text) + 0.05) / (min(paper, text) + 0.05) >= 4.5


def luminance(colour: tuple[float, float, float]) -> float:
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return float(np.dot(parts, (0.2126, 0.7152, 0.0722)))


def test_bars_left_out_are_the_largest_and_coloured() -> None:
    added = np.array([0.1, -0.02, 0.3, 0.05])
    figure = dimension_bars("A", added, 2, LIGHT, role="before", limits=(-0.1, 0.4))
    kept, out = figure.data
    assert list(kept.x) == [1, 3] and list(out.x) == [0, 2]
    assert list(out.y) == [0.1, 0.3] and out.marker.color == LIGHT.hard != kept.marker.color
    assert [note.text for note in figure.layout.annotations] == ["2", "0", "3"]
    assert tuple(figure.layout.yaxis.range) == (-0.1, 0.4)


def test_curves_over_counts_are_evenly_spaced_with_a_cursor() -> None:
    line = Line("A", [(0.0, 0.5), (128.0, None)], "before", "dashed")
    words = {"title": "t", "x_label": "x", "y_label": "y", "limits": (0, 1)}
    option = curves([line], LIGHT, **words, categories=["0", "128"], cursor="128")
    assert option["xAxis"]["type"] == "category"
    assert option["series"][0]["data"] == [["0", 0.5], ["128", None]]
    assert option["series"][0]["markLine"]["data"] == [{"xAxis": "128"}]
    scale = curves([line], LIGHT, **words)
    assert (scale["xAxis"]["min"], scale["xAxis"]["max"]) == (0.0, 128.0)
    assert "markLine" not in scale["series"][0]
    json.dumps(option, allow_nan=False)


@themes
def test_the_map_shows_every_token_once(theme: Theme) -> None:
    texts = [BAD, *(f"t{i}" for i in range(29))]
    left_out = np.arange(30) < 5
    tokens = Tokens(texts, np.random.default_rng(0).normal(size=(30, 2)), left_out)
    yes = np.arange(30) % 3 == 0
    by_kind = token_map(tokens, Kind(yes, yes="piece", no="rest"), theme, labels=("a", "b"), title="t")
    assert [len(trace.x) for trace in by_kind.data] == [20, 10]
    assert len({trace.marker.symbol for trace in by_kind.data}) == 2
    assert [float(o) < 0.5 for o in by_kind.data[1].marker.opacity] == list(left_out[yes])
    by_number = token_map(tokens, Kind(np.arange(30.0), scale="log"), theme, labels=("a", "b"), title="t")
    (trace,) = by_number.data
    assert len(trace.x) == 30 and trace.marker.colorscale is not None
    written = [(note.x, note.y) for note in by_number.layout.annotations]
    assert written[0] == tuple(tokens.points[0]) and len(written) == WRITTEN
    width = np.ptp(np.asarray(tokens.points)[:, 0])
    for place, one in enumerate(written):
        assert all(np.abs(np.subtract(one, other)).max() >= APART * width for other in written[:place])
    assert BAD not in by_number.to_json() and BAD not in by_kind.to_json()


def test_rows_of_removals_have_their_intervals() -> None:
    one = Removals(BAD, [30.0, None, 36.0], [(25.0, 35.0), (None, None), (31.0, 40.0)], "before", "circle")
    figure = removal_rows([one], ["none", "case", "every"], LIGHT, title="t", chosen=2)
    (trace,) = figure.data
    assert list(trace.x) == [30.0, 36.0] and list(trace.y) == [0, 2]
    assert list(trace.error_x.array) == [5.0, 4.0] and list(trace.error_x.arrayminus) == [5.0, 5.0]
    assert (figure.layout.shapes[0].y0, figure.layout.shapes[0].y1) == (1.5, 2.5)
    assert BAD not in figure.to_json()


def test_lengths_stand_against_frequency() -> None:
    one = Lengths("A", [1.0, 2.0], [3.0, 2.5], [BAD, "b"], "before", "circle")
    figure = norm_against_frequency([one, one], LIGHT, title="t", labels=("x", "y"))
    assert len(figure.data) == 2 and list(figure.data[0].y) == [3.0, 2.5]
    assert BAD not in figure.to_json()
