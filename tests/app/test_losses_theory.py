"""The tabs Curves and Log-sum-exp of the page "Losses side by side"."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pages.losses import logsumexp
from pages.losses.curves_data import OPENING, options
from pages.ui.text import t
from simcse_core.theory.pair_curves import GRID, Context, pair_curve
from tests.app.apptest import (
    OpenPage,
    assets_with_broken,
    captions,
    charts,
    heavy_libraries_of,
    numbers,
    printed,
)


def curves(at: Any) -> dict[str, Any]:
    """Slopes as drawn, by name of the objective."""
    lines = [trace for trace in charts(at)[0]["data"] if trace["mode"] == "lines" and trace["yaxis"] == "y2"]
    return {trace["name"]: numbers(trace["y"]) for trace in lines}


@pytest.mark.parametrize("tab", ["Curves", "Log-sum-exp"])
def test_a_tab_opens_without_a_heavy_library(tab: str) -> None:
    then = "assert len(at.get('plotly_chart')) == 1"
    assert heavy_libraries_of("losses", then, ls_tab=tab) == "[]"


def test_curves_open_on_recorded_slopes(open_page: OpenPage) -> None:
    at = open_page("losses", ls_tab="Curves")
    drawn = curves(at)
    assert set(drawn) == {options()[name] for name in OPENING}
    assert "CoSENT 5 %" in captions(at) and "61 %" in captions(at)
    slope = pair_curve("cosent", "negative", Context()).slope
    assert drawn["CoSENT"] == pytest.approx(slope / slope.max(), abs=1e-4)


def test_another_rest_of_the_batch_is_computed(open_page: OpenPage) -> None:
    at = open_page(
        "losses", ls_tab="Curves", ls_c_scale="As it is", ls_c_pos="0.6", ls_c_set="InfoNCE, two views"
    )
    slope = pair_curve("info_nce", "negative", Context(positive=0.6)).slope
    assert curves(at)["InfoNCE, two views"] == pytest.approx(slope, rel=1e-4)
    told = printed(at.code[-1].value).split()
    assert told[0] == "info_nce" and float(told[2]) == pytest.approx(slope[list(GRID).index(0.6)])


def test_a_parameter_moves_the_curve(open_page: OpenPage) -> None:
    at = open_page("losses", ls_tab="Curves")
    at.toggle(key="ls_c_tune").set_value(True).run()
    at.select_slider(key="ls_c_cosine_margin_margin").set_value(0.3).run()
    name = options()["cosine_margin"]
    below = float(GRID[np.argmax(curves(at)[name] > 0.5)])
    assert below == pytest.approx(0.3, abs=0.021)
    assert "'margin': 0.3" in at.code[-1].value


def test_the_challenge_of_curves_is_solved_where_ranking_lets_go(open_page: OpenPage) -> None:
    at = open_page("losses", ls_tab="Curves")
    assert not at.success
    at.select_slider(key="ls_c_at").set_value(0.5).run()
    assert at.success[0].value == t("objectives.curves.praise")
    assert "losses.order" in at.session_state["solved"]
    other = open_page("losses", ls_tab="Curves", ls_c_at="0.5", ls_c_side="Positive pair")
    assert not other.success


def test_curves_ask_for_an_objective_where_none_is_chosen(open_page: OpenPage) -> None:
    at = open_page("losses", ls_tab="Curves")
    at.pills(key="ls_c_set").set_value([]).run()
    assert at.info[0].value == t("objectives.curves.none")


def test_an_objective_registered_since_is_offered_and_drawn(open_page: OpenPage) -> None:
    from simcse_core.losses import losses
    from simcse_core.losses.distances import pair_cosines

    @losses.register("mine", title="Mine", source="this test", label="binary")
    def mine(first: Any, second: Any, label: Any) -> Any:
        """Three times the cosine of negatives."""
        return (3 * pair_cosines(first, second) * (label == 0)).mean()

    try:
        at = open_page("losses", ls_tab="Curves", ls_c_scale="As it is", ls_c_set="Mine")
        assert curves(at)["Mine"] == pytest.approx(np.full(len(GRID), 3 / 7), abs=1e-6)
    finally:
        del losses._entries["mine"]


@pytest.mark.parametrize("stage", ["The cosines", "InfoNCE", "CoSENT"])
def test_the_smooth_maximum_is_what_its_code_prints(open_page: OpenPage, stage: str) -> None:
    at = open_page("losses", ls_tab="Log-sum-exp", ls_l_stage=stage, ls_l_scale="50")
    smooth, largest, bound = (float(value) for value in printed(at.code[-1].value).split())
    for value in (smooth, largest, bound):
        assert f"{value:.3f}" in captions(at)
    bars = charts(at)[0]["data"][0]
    assert float(numbers(bars["marker"]["color"]).sum()) == pytest.approx(1, abs=1e-5)


def test_equal_cosines_solve_the_challenge_of_the_bound(open_page: OpenPage) -> None:
    keys = {f"ls_l_{side}": "0.30" for side in ("p1", "p2", "n1", "n2", "n3")}
    at = open_page("losses", ls_tab="Log-sum-exp", **keys)
    assert "losses.bound" in at.session_state["solved"]
    assert f"{math.log(5) / 5:.3f}" in captions(at)
    at.select_slider(key="ls_l_p1").set_value(0.9).run()
    gap = math.log(1 + 4 * math.exp(5 * (0.3 - 0.9)))
    assert t("objectives.logsumexp.status", share=f"{100 * gap / math.log(5):.0f}") in captions(at)


def test_the_guess_about_equal_cosines_knows_the_loss() -> None:
    from simcse_core.theory.smooth_maximum import smooth_maximum, terms_of

    _, terms = terms_of("cosent", [0.4] * 10, [0.4] * 10)
    assert f"{20 * smooth_maximum(terms, 20).value:.2f}" == f"{math.log(101):.2f}" == "4.62"
    assert set(logsumexp.CODE) == set(logsumexp.FORMULAS)


def test_without_the_recording_curves_say_what_to_do(
    open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMCSE_ASSETS", str(assets_with_broken("curves", tmp_path)))
    at = open_page("losses", ls_tab="Curves")
    assert any("record curves" in box.value for box in at.error)
