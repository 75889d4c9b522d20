from __future__ import annotations

import math

import numpy as np
import pytest

from simcse_core.figures import walk as figures
from simcse_core.figures.theme import DARK, LIGHT, Theme
from simcse_core.figures.walk_bars import Candidate, length_bars, loss_bars, percent, softmax_bars

NAMES = ["a", "a′", "b", "b′"]


def cosines() -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    values = np.array([[1, 0.96, 0.5, 0.4], [0.96, 1, 0.3, -0.2], [0.5, 0.3, 1, 0.9], [0.4, -0.2, 0.9, 1]])
    return np.where(np.eye(4, dtype=bool), -np.inf, values)


def notes(figure: object) -> list[str]:
    return [note["text"] for note in figure.to_plotly_json()["layout"]["annotations"]]  # type: ignore[attr-defined]


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_masked_cells_are_crossed_out_and_say_so(theme: Theme) -> None:
    figure = figures.matrix(
        cosines(), theme, rows=NAMES, columns=NAMES, limit=1.0, unit="cosine", cells=figures.Cells(row=1)
    )
    shapes = figure.to_plotly_json()["layout"]["shapes"]
    assert sum(shape["type"] == "line" for shape in shapes) == 2 * 4
    frames = [shape for shape in shapes if shape["type"] == "rect"]
    assert len(frames) == 1 and frames[0]["y0"] < 1 < frames[0]["y1"] and frames[0]["x1"] == 3.5
    assert notes(figure).count("−∞") == 4 and notes(figure).count("0.96") == 2 and "−0.20" in notes(figure)
    assert np.isnan(figure.data[0].z).sum() == 4
    assert (figure.data[0].zmin, figure.data[0].zmax) == (-1.0, 1.0)


def test_arrows_lead_to_the_positives_and_only_they_keep_their_numbers() -> None:
    figure = figures.matrix(
        cosines() / 0.05, LIGHT, rows=NAMES, columns=NAMES, limit=20, unit="logit",
        cells=figures.Cells(positives=[1, 0, 3, 2], arrows=True),
    )  # fmt: skip
    layout = figure.to_plotly_json()["layout"]
    boxes = [shape for shape in layout["shapes"] if shape["type"] == "rect"]
    assert [(round(box["x0"] + 0.47), round(box["y0"] + 0.47)) for box in boxes] == [
        (1, 0),
        (0, 1),
        (3, 2),
        (2, 3),
    ]
    arrows = [note for note in layout["annotations"] if note["showarrow"]]
    assert [(arrow["y"], arrow["x"] + 0.5) for arrow in arrows] == [
        (0, 1),
        (2, 3),
        (3, 2),
    ]  # column 0 is next door
    assert sorted(text for text in notes(figure) if text) == ["18.0", "18.0", "19.2", "19.2"]


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_numbers_are_readable_on_every_colour(theme: Theme) -> None:
    for place, colour in theme.diverging:
        one, two = sorted((luminance(colour), luminance(figures.ink(2 * place - 1, theme))))
        assert (two + 0.05) / (one + 0.05) >= 4.5, colour
    assert figures.ink(1.0, LIGHT) == "#ffffff" and figures.ink(0.0, LIGHT) == "#000000"
    figure = figures.matrix(
        [[0.9, 0.1]], LIGHT, rows=["a"], columns=["b", "c"], limit=1, unit="cosine", cells=figures.Cells()
    )
    assert [note["font"]["color"] for note in figure.to_plotly_json()["layout"]["annotations"]] == [
        "#ffffff",
        "#000000",
    ]


def test_maps_share_one_scale_and_mark_what_was_zeroed() -> None:
    values = np.array([[0.5, 0.0, -2.0], [1.0, 0.2, 0.0]])
    panels = [
        figures.Panel("first <b>", values, ["[CLS]", "<i>%{z}"], zeroed=values == 0),
        figures.Panel("second", values[:1], ["a very long piece of text"]),
    ]
    figure = figures.number_maps(panels, DARK, limit=1.5, across="numbers")
    assert len(figure.data) == 3  # two maps and the zeros of the first
    assert {(map_.zmin, map_.zmax) for map_ in (figure.data[0], figure.data[2])} == {(-1.5, 1.5)}
    assert np.nansum(figure.data[1].z) == 2 and np.isnan(figure.data[1].z).sum() == 4
    assert sum(bool(map_.showscale) for map_ in figure.data) == 1
    layout = figure.to_plotly_json()["layout"]
    assert layout["yaxis"]["ticktext"] == ["[CLS]", "&lt;i&gt;%\u2060{z}"]
    assert layout["yaxis2"]["ticktext"][0].endswith("…")
    assert "first &lt;b&gt;" in notes(figure)
    upper, lower = layout["yaxis"]["domain"], layout["yaxis2"]["domain"]
    assert 0 <= lower[0] < lower[1] < upper[0] < upper[1] <= 1


def test_softmax_bars_stand_in_the_colours_of_their_roles() -> None:
    candidates = [
        Candidate("a⁺", 0.26, "positive"),
        Candidate("b⁺", 0.05, "negative"),
        Candidate("a⁻", 0.69, "hard"),
    ]
    option = softmax_bars(candidates, LIGHT, names={"positive": "p", "negative": "n", "hard": "h"})
    assert option["xAxis"]["data"] == ["a⁺", "b⁺", "a⁻"] and option["yAxis"]["max"] == 1.0
    found = {one["id"]: one for one in option["series"]}
    assert found["hard"]["color"] == LIGHT.hard and found["positive"]["color"] == LIGHT.positive
    assert found["negative"]["data"][1]["value"] == 0.05 and found["negative"]["data"][0] == "-"
    assert found["negative"]["itemStyle"]["borderColor"] == LIGHT.outline


def test_loss_bars_carry_the_mean_and_the_picked_row() -> None:
    option = loss_bars([1.0, 3.0], ["a", "b"], DARK, row=1)
    bars = option["series"][0]
    assert bars["markLine"]["data"] == [{"yAxis": 2.0}]
    assert bars["data"][1]["itemStyle"]["color"] == DARK.after != bars["data"][0]["itemStyle"]["color"]


def test_length_bars_end_above_the_longest() -> None:
    option = length_bars([7.3, 2.0], [1.0, 1.0], ["a", "b"], LIGHT, words=("before", "after"))
    assert option["yAxis"]["max"] >= 7.3
    assert [bar["label"]["formatter"] for bar in option["series"][0]["data"]] == ["7.30", "2.00"]
    assert [bar["value"] for bar in option["series"][1]["data"]] == [1.0, 1.0]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.958, "0.96"), (-0.004, "0.00"), (-4.0, "−4.00"), (19.16, "19.2"), (958.3, "958"), (-191.96, "−192")],
)
def test_numbers_in_cells_are_short(value: float, text: str) -> None:
    assert figures.short_number(value) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.26, "26 %"), (0.99987, "99.987 %"), (0.00231, "0.231 %"), (1e-9, "< 0.01 %"), (0.0, "0 %")],
)
def test_shares_are_per_cent(share: float, text: str) -> None:
    assert percent(share) == text and not math.isnan(share)
