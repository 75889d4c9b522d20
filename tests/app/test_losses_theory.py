"""The tabs Curves, Log-sum-exp and Towers of the page "Losses side by side"."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pages.losses import logsumexp, towers, towers_scorer
from pages.losses.curves_data import OPENING, options
from pages.ui.text import t
from simcse_core.config import OptimConfig
from simcse_core.encoders.cross import load_cross_encoder
from simcse_core.evaluation.towers import Latency
from simcse_core.recording import towers as recorder
from simcse_core.theory.pair_curves import GRID, Context, pair_curve
from tests.app.apptest import (
    OpenPage,
    assets_with,
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


@pytest.fixture
def few_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shipped pairs in the place of STS-B train."""
    monkeypatch.setattr(towers_scorer, "DATA", "pairs")


@pytest.fixture
def towers_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A recorded file of the right shape, so that these tests do not wait for the real one."""
    from simcse_core.data.datasets import load_scored_pairs

    count = len(load_scored_pairs("pairs"))
    made = {
        "config": recorder.config().to_dict(), "classifier": recorder.classifier_config().to_dict(),
        "sample": {"stsb-test": 460, "pairs": count}, "machine": {"cores": 2}, "threads": 2,
        "precision": "float32", "date": "2026-01-01",
    }  # fmt: skip
    steps = [0, 40, 80]
    runs = [
        {"seed": seed, **{tower: {"sets": {name: {"step": steps, "spearman": [low, 40.0, 60.0 + seed]}
                                           for name in made["sample"]}}
                          for tower, low in (("bi", 50.0), ("cross", 0.0))}}
        for seed in (1, 2)
    ]  # fmt: skip
    column = np.linspace(0, 1, count).round(3).tolist()
    told = {"before": 38.7, "cosine": 26.7, "probability": -5.5, "agreement": -22.5}
    rows = [{"candidates": n, "embed": 2.0 * n, "search": 5.0, "cross": 4.0 * n} for n in (10, 100, 1000)]
    content = {
        "made": made, "runs": runs, "latency": rows,
        "mismatch": {"cosine": column, "probability": column[::-1],
            "spearman": dict.fromkeys(made["sample"], told)},
    }  # fmt: skip
    monkeypatch.setenv("SIMCSE_ASSETS", str(assets_with("towers", json.dumps(content), tmp_path)))
    return content


def test_towers_count_passes_and_show_what_was_recorded(
    open_page: OpenPage, towers_recorded: dict[str, Any]
) -> None:
    at = open_page("losses", ls_tab="Towers", ls_t_q="10", ls_t_n="10,000")
    assert "10,010 passes" in captions(at) and "100,000 with one" in captions(at)
    assert "two towers 61.5, one tower 61.5 after 200 steps" in captions(at) and "2 seeds" in captions(at)
    assert "−22.5" in captions(at) and "2026-01-01" in captions(at)
    assert len(at.get("plotly_chart")) == 2
    points = charts(at)[1]["data"][0]
    assert len(numbers(points["x"])) == len(towers_recorded["mismatch"]["cosine"])


def test_the_code_of_towers_counts_and_measures(
    open_page: OpenPage, towers_recorded: dict[str, Any], tiny_checkpoint: Path
) -> None:
    code = open_page("losses", ls_tab="Towers").code[-1].value
    assert code.count(towers.LIVE_ENCODER) == 2
    told = " ".join(printed(code.replace(towers.LIVE_ENCODER, str(tiny_checkpoint))).split())
    assert "Passes(bi=1100, bi_again=100, cross=100000)" in told
    assert told.count("Latency(candidates=") == 2


def test_towers_open_without_a_heavy_library(towers_recorded: dict[str, Any]) -> None:
    then = "assert len(at.get('plotly_chart')) == 2"
    assert heavy_libraries_of("losses", then, ls_tab="Towers") == "[]"


def test_towers_solve_their_challenge(open_page: OpenPage, towers_recorded: dict[str, Any]) -> None:
    assert not open_page("losses", ls_tab="Towers", ls_t_q="1", ls_t_n="1,000,000").success
    at = open_page("losses", ls_tab="Towers", ls_t_q="2,000", ls_t_n="2,000")
    assert "losses.passes" in at.session_state["solved"]


def test_measuring_here_replaces_the_recorded_times(
    open_page: OpenPage, towers_recorded: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page("losses", ls_tab="Towers")
    monkeypatch.setattr(
        towers, "measure_here", lambda: [Latency(10, 1.0, 2.0, 3.0), Latency(100, 4.0, 5.0, 6.0)]
    )
    at.button(key="ls-t-measure").click().run()
    assert t("objectives.towers.measured") in captions(at)
    times = [trace for trace in charts(at)[0]["data"] if trace["mode"] == "lines+markers"]
    assert [numbers(trace["y"]).tolist() for trace in times] == [[3, 9], [2, 5], [3, 6]]


def test_without_the_recording_towers_say_what_to_do(
    open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMCSE_ASSETS", str(assets_with_broken("towers", tmp_path)))
    at = open_page("losses", ls_tab="Towers")
    assert any("record towers" in box.value for box in at.error)


def test_without_the_recording_curves_say_what_to_do(
    open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMCSE_ASSETS", str(assets_with_broken("curves", tmp_path)))
    at = open_page("losses", ls_tab="Curves")
    assert any("record curves" in box.value for box in at.error)


def test_a_visitor_trains_the_scorer_and_scores_a_pair(
    open_page: OpenPage,
    towers_recorded: dict[str, Any],
    few_pairs: None,
    tiny_checkpoint: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(towers_scorer, "ENCODER", str(tiny_checkpoint))
    monkeypatch.setattr(towers_scorer, "OPTIM", OptimConfig(steps=2, batch_size=4, device="cpu"))
    at = open_page("losses", ls_tab="Towers")
    assert [button.label for button in at.button if button.key == "ls-t-train"] == [
        t("objectives.towers.scorer.train")
    ]
    at.button(key="ls-t-train").click().run()
    thread = towers_scorer.job().thread
    assert thread is not None
    thread.join(timeout=120)
    at.run()
    assert not at.exception and not at.error
    told = [block.value for block in at.markdown if block.value.startswith("One tower:")]
    assert len(told) == 1
    at.text_input(key="ls-t-first").set_value("bread").run()
    again = [block.value for block in at.markdown if block.value.startswith("One tower:")]
    assert len(again) == 1 and again != told


def test_the_scorer_trains_in_a_thread_and_is_kept(
    tmp_path: Path, few_pairs: None, tiny_checkpoint: Path
) -> None:
    job, where = towers_scorer.Job(), tmp_path / "scorers" / "cross-encoder"
    job.start(where, str(tiny_checkpoint), OptimConfig(steps=2, batch_size=4, device="cpu"))
    assert job.thread is not None
    job.thread.join(timeout=120)
    assert (job.step, job.problem, job.running) == (2, "", False)
    assert 0 <= float(load_cross_encoder(where).score([("a cat", "a dog")])[0]) <= 1
    job.start(where, "/no/such/folder", OptimConfig(steps=2))
    job.thread.join(timeout=120)
    assert "folder" in job.problem and (where / "config.json").is_file()  # the old one stays


def test_without_public_pairs_the_scorer_says_what_it_needs(
    open_page: OpenPage, towers_recorded: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(towers_scorer, "available", lambda name: False)
    at = open_page("losses", ls_tab="Towers")
    assert t("objectives.towers.scorer.absent") in [box.value for box in at.info]
    assert "ls-t-train" not in {button.key for button in at.button}
