from __future__ import annotations

import json

import numpy as np
import pytest

from simcse_core.figures import pair_matrix, pair_rulers
from simcse_core.figures.pair_rulers import Mark, Ruler
from simcse_core.figures.theme import DARK, LIGHT, Theme
from simcse_core.search.background import Background

BACKGROUND = Background.measure(np.random.default_rng(0).standard_normal((200, 64)) + 0.5)
MARKS = [Mark("same", 0.6, "same 0.60", "positive"), Mark("different", 0.9, "different 0.90", "hard")]


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("count", [1, 4])
def test_one_ruler_a_checkpoint_on_one_axis(theme: Theme, count: int) -> None:
    option = pair_rulers.pair_rulers([Ruler(f"m{i}", BACKGROUND, MARKS) for i in range(count)], theme)
    assert len(option["grid"]) == len(option["xAxis"]) == len(option["title"]) == count
    assert {(axis["min"], axis["max"]) for axis in option["xAxis"]} == {(-0.4, 1.0)}
    ids = [series["id"] for series in option["series"]]
    assert len(ids) == len(set(ids)) == 6 * count  # hump, ticks, and stem and mark of each pair
    bottom = max(grid["top"] + grid["height"] for grid in option["grid"])
    assert bottom < pair_rulers.height(count)
    assert len(json.dumps(option, allow_nan=False)) < 100_000


def test_the_axis_grows_only_where_a_value_needs_it() -> None:
    low = [Mark("same", -0.7, "", "positive")]
    option = pair_rulers.pair_rulers([Ruler("m", BACKGROUND, low)], LIGHT)
    assert option["xAxis"][0]["min"] == -1.0


def test_ticks_are_percentiles_of_the_background() -> None:
    option = pair_rulers.pair_rulers([Ruler("m", BACKGROUND, ())], LIGHT)
    ticks = next(series for series in option["series"] if series["id"] == "ticks-0")["data"]
    assert [tick["label"]["formatter"] for tick in ticks] == ["1 %", "50 %", "99 %"]
    shares = [BACKGROUND.share_below(tick["value"][0]) for tick in ticks]
    assert shares == pytest.approx([0.01, 0.5, 0.99], abs=2e-3)


def test_no_stem_crosses_the_label_of_the_other_mark() -> None:
    option = pair_rulers.pair_rulers([Ruler("m", BACKGROUND, MARKS)], LIGHT)
    level = {s["name"]: s["data"][0]["value"][1] for s in option["series"] if s["id"].startswith("mark-")}
    assert level["different"] > level["same"]  # labels point left, so the right mark is the taller


def test_a_ruler_without_background_shows_its_marks() -> None:
    option = pair_rulers.pair_rulers([Ruler("m", None, MARKS)], LIGHT)
    assert [series["id"].split("-")[0] for series in option["series"]] == ["stem", "mark", "stem", "mark"]


@pytest.mark.parametrize("count", [2, 12, 50])
def test_matrix_has_fixed_colours_and_stays_small(count: int) -> None:
    rows = np.random.default_rng(0).standard_normal((count, 8))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    option = pair_matrix.pair_matrix(rows @ rows.T, ["<b>x</b>"] * count, LIGHT)
    assert (option["visualMap"]["min"], option["visualMap"]["max"]) == (-1, 1)
    assert len(option["series"][0]["data"]) == count**2
    assert option["series"][0]["label"]["show"] is (count <= 12)
    assert "<b>" not in json.dumps(option["tooltip"])
    assert len(json.dumps(option, allow_nan=False)) < 400_000
