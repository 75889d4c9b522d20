"""The tab Towers of the page "Losses side by side"."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pages.losses import towers, towers_scorer
from pages.ui.text import t
from simcse_core.config import OptimConfig
from simcse_core.encoders.cross import load_cross_encoder
from simcse_core.evaluation.towers import Latency
from simcse_core.recording import towers as recorder
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
