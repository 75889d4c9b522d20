"""The recorded temperatures: complete, true to the shipped texts, and their beginning made again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from unit.training_factory import tiny_config

from simcse_core.config import RunConfig
from simcse_core.encoders import load_encoder
from simcse_core.evaluation.in_batch import draw_batch, view_cosines
from simcse_core.recording import temperature
from simcse_core.runtime import assets, cpu_has_bf16
from simcse_core.training.evaluation import Starts

FILE = assets() / "recorded" / "temperature.json"
Shipped = dict[str, Any]


@pytest.fixture(scope="module")
def shipped() -> Shipped:
    content: Shipped = json.loads(FILE.read_text(encoding="utf-8"))
    return content


def test_it_says_how_it_was_made_and_is_small(shipped: Shipped) -> None:
    made = shipped["made"]
    assert {"command", "config", "seed", "versions", "device", "date", "precision"} <= set(made)
    assert RunConfig.from_dict(made["config"]) == temperature.config().check()
    assert FILE.stat().st_size < 1_000_000


def test_its_batches_are_drawn_from_the_shipped_texts(shipped: Shipped) -> None:
    settings = [(tuple(one["subjects"]), one["size"]) for one in shipped["batches"]]
    assert settings == [(tuple(subjects), size) for subjects, size in temperature.BATCHES]
    for one in shipped["batches"]:
        drawn = draw_batch(one["subjects"], one["size"], paraphrases=one["paraphrases"], seed=one["seed"])
        assert (list(drawn.texts), list(drawn.groups)) == (one["texts"], one["groups"])
        assert set(one["cosines"]) == set(shipped["encoders"])
        for rates in one["cosines"].values():
            for rate, packed in rates.items():
                cosines = temperature.unpacked(packed, one["size"])
                assert (np.abs(cosines) <= 1).all()
                assert (np.diag(cosines) == 1).all() == (rate == "0")


def test_every_temperature_was_trained_with_every_seed(shipped: Shipped) -> None:
    runs = [(run["temperature"], run["seed"]) for run in shipped["runs"]]
    assert sorted(runs) == sorted(
        (tau, seed) for tau in temperature.TEMPERATURES for seed in temperature.SEEDS
    )
    steps = shipped["made"]["config"]["optim"]["steps"]
    for run in shipped["runs"]:
        assert len(run["losses"]) == steps
        assert run["before"]["sets"] == shipped["runs"][0]["before"]["sets"]  # all start from one encoder
        assert set(run["after"]["sets"]) == {"pairs", "stsb-test"}
        assert 1 <= run["after"]["batch"]["effective"] <= shipped["made"]["observed"] - 1


def test_the_run_of_the_preset_ends_where_the_lab_ends(shipped: Shipped) -> None:
    lab = json.loads((assets() / "recorded" / "lab.json").read_text(encoding="utf-8"))
    assert (
        lab["made"]["config"]["optim"] == shipped["made"]["config"]["optim"]
    )  # else record the older one anew
    run = next(r for r in shipped["runs"] if (r["temperature"], r["seed"]) == (0.05, 42))
    last = lab["evaluations"][-1]
    for name, score in last["sets"].items():
        assert run["after"]["sets"][name]["spearman"] == pytest.approx(score, abs=0.3)
    assert run["after"]["sets"]["pairs"]["uniformity"] == pytest.approx(last["uniformity"], abs=0.02)
    assert run["losses"][0] == pytest.approx(lab["steps"][0]["loss"], abs=0.01)


def test_the_story_of_the_page_holds(shipped: Shipped) -> None:
    by_tau = {
        tau: [r for r in shipped["runs"] if r["temperature"] == tau] for tau in temperature.TEMPERATURES
    }
    for tau, runs in by_tau.items():
        counts = {round(r["before"]["batch"]["effective"], 6) for r in runs}
        assert len(counts) == 1, tau  # the same encoder, batch and masks before training
    rising = [by_tau[tau][0]["before"]["batch"]["effective"] for tau in sorted(by_tau)]
    assert rising == sorted(rising) and rising[0] < 2 and rising[-1] > 60
    judge = shipped["judge"]
    assert 0.4 < judge["threshold"] < 0.8 and judge["precision"] < 0.5 < judge["recall"]


def test_nothing_is_learned_where_the_positive_is_ahead_and_the_temperature_tiny(shipped: Shipped) -> None:
    for run in (r for r in shipped["runs"] if r["temperature"] == 0.001):
        assert max(run["losses"]) < 1e-3
        for name, before in run["before"]["sets"].items():
            assert run["after"]["sets"][name]["spearman"] == pytest.approx(before["spearman"], abs=0.05)


@pytest.mark.slow
def test_its_beginning_can_be_made_again(shipped: Shipped) -> None:
    """The smallest batch under the raw encoder, and two steps; other processors round differently."""
    one = shipped["batches"][0]
    encoder = load_encoder("minilm:4", device="cpu", precision="fp32")
    for rate in temperature.DROPOUTS:
        again = view_cosines(encoder, one["texts"], dropout=rate, seed=one["seed"])
        recorded = temperature.unpacked(one["cosines"]["minilm:4"][f"{rate:g}"], one["size"])
        assert again == pytest.approx(recorded, abs=2e-3)
    two = temperature.config().with_settings({"optim.steps": 2, "loss.temperature": 0.1, "seed": 43}).check()
    told, _ = temperature.run_once(two, {}, {})
    run = next(r for r in shipped["runs"] if (r["temperature"], r["seed"]) == (0.1, 43))
    loose = 1.0 if run["precision"] == ("bfloat16" if cpu_has_bf16() else "float32") else 4.0
    assert told["losses"] == pytest.approx(run["losses"][:2], abs=0.05 * loose)
    for measure, value in told["before"]["batch"].items():
        assert value == pytest.approx(run["before"]["batch"][measure], rel=0.05 * loose, abs=0.005), measure


@pytest.fixture
def tiny(tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunConfig:
    """A configuration of two steps; the judge, the second encoder and the batches are tiny too."""
    monkeypatch.setattr(temperature, "JUDGE", str(tiny_checkpoint))
    monkeypatch.setattr(temperature, "ENCODERS", ("", str(tiny_checkpoint)))
    monkeypatch.setattr(temperature, "BATCHES", ((("video-clips",), 8),))
    monkeypatch.setattr(temperature, "OBSERVED", 8)
    return tiny_config(tmp_path / "data", tiny_checkpoint, optim__steps=2, data__train="clips")


def test_a_broken_recording_goes_on_where_it_stopped(
    tiny: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "temperature.json"
    trained: list[tuple[float, int]] = []
    once = temperature.run_once

    def breaking(run: RunConfig, sets: Any, starts: Starts) -> Any:
        tau = run.loss.parameters["temperature"]
        if run.seed == 43 and len(trained) == 2:
            raise KeyboardInterrupt
        trained.append((tau, run.seed))
        return once(run, sets, starts)

    monkeypatch.setattr(temperature, "run_once", breaking)
    with pytest.raises(KeyboardInterrupt):
        temperature.record(out, base=tiny, temperatures=(0.05, 1.0), seeds=(42, 43))
    assert not out.exists() and out.with_suffix(".partial.json").exists()
    monkeypatch.setattr(temperature, "run_once", once)
    told = temperature.record(out, base=tiny, temperatures=(0.05, 1.0), seeds=(42, 43))
    assert told == json.loads(out.read_text(encoding="utf-8"))
    assert not out.with_suffix(".partial.json").exists()
    assert [(r["temperature"], r["seed"]) for r in told["runs"]] == [
        (0.05, 42),
        (0.05, 43),
        (1.0, 42),
        (1.0, 43),
    ]
    assert trained == [(0.05, 42), (1.0, 42)]
    assert set(told["batches"][0]["cosines"]) == {*told["encoders"]}
    raw, live = (told["batches"][0]["cosines"][n]["0"] for n in (told["encoders"][0], temperature.TRAINED))
    assert raw != live  # training moved it


def test_another_configuration_does_not_go_on_from_what_is_left(tiny: RunConfig, tmp_path: Path) -> None:
    out = tmp_path / "temperature.json"
    told = temperature.record(out, base=tiny, temperatures=(0.1,), seeds=(1,))
    out.with_suffix(".partial.json").write_text(json.dumps(told), encoding="utf-8")
    other = temperature.record(
        out, base=tiny.with_settings({"optim.learning_rate": 1e-4}), temperatures=(0.1,), seeds=(1,)
    )
    assert other["made"]["config"]["optim"]["learning_rate"] == 1e-4
    assert other["runs"][0]["losses"] != told["runs"][0]["losses"]


def test_a_matrix_survives_packing() -> None:
    values = np.random.default_rng(0).uniform(-1, 1, (5, 5))
    assert temperature.unpacked(temperature.packed(values), 5) == pytest.approx(values, abs=1e-7)
