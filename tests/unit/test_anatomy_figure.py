"""Bars of how objectives share the push."""

from __future__ import annotations

import json

import numpy as np
import pytest

from simcse_core.figures.temperature import NAMED, PushShares, shared_push
from simcse_core.figures.theme import DARK, LIGHT, Theme


def option_of(count: int, theme: Theme = LIGHT) -> dict[str, object]:
    cosines = np.linspace(-0.5, 0.9, count)  # the hardest last
    shares = np.exp(cosines) / np.exp(cosines).sum()
    rows = [PushShares("softmax", shares, "a note"), PushShares("silent", np.zeros(count), "nothing")]
    return shared_push(rows, cosines, theme, title="Shares", rest="others")


@pytest.mark.parametrize("count", [1, 3, NAMED + 1, NAMED + 2, 63])
def test_a_bar_holds_all_of_the_push(count: int) -> None:
    series = option_of(count)["series"]
    assert isinstance(series, list)
    assert len(series) == (count if count <= NAMED + 1 else NAMED + 1)
    assert sum(part["data"][0] for part in series) == pytest.approx(1, abs=1e-5)
    assert [part["data"][1] for part in series] == [None] * len(series)
    assert (series[-1]["name"] == "others") == (count > NAMED + 1)


def test_the_hardest_comes_first_whatever_the_order() -> None:
    series = option_of(5)["series"]
    assert isinstance(series, list)
    assert series[0]["name"] == "1. 0.90" and series[-1]["name"] == "5. −0.50"
    heights = [part["data"][0] for part in series]
    assert heights == sorted(heights, reverse=True)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_it_is_plain_json_in_the_colours_of_the_theme(theme: Theme) -> None:
    option = option_of(9, theme)
    assert theme.outline in json.dumps(option)
    axis = option["yAxis"]
    assert isinstance(axis, dict) and axis["data"] == ["softmax: a note", "silent: nothing"]
