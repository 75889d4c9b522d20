"""The recorded objectives: complete, consistent with themselves, resumable; and what a run folder keeps."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from unit.training_factory import tiny_config

from simcse_core.config import RunConfig
from simcse_core.data.datasets import load_scored_pairs
from simcse_core.errors import TrainingError
from simcse_core.evaluation.compare import (
    PairCosines,
    auc,
    difference_of_means,
    negatives,
    positives,
    resample,
)
from simcse_core.evaluation.packing import unpacked_cosines
from simcse_core.figures.histograms import density
from simcse_core.metrics.sts import spearman
from simcse_core.recording import losses as recorder
from simcse_core.runs.execute import execute
from simcse_core.runs.store import RunStore
from simcse_core.runtime import assets, cpu_has_bf16
from simcse_core.training.comparison import for_loss
from simcse_core.training.fitting import losses_for
from simcse_core.training.trainer import Trainer

FILE = assets() / "recorded" / "losses.json"
Shipped = dict[str, Any]


@pytest.fixture(scope="module")
def shipped() -> Shipped:
    content: Shipped = json.loads(FILE.read_text(encoding="utf-8"))
    return content


def completed(shipped: Shipped) -> list[dict[str, Any]]:
    return [run for run in shipped["runs"] if "failed" not in run]


def test_it_says_how_it_was_made_and_is_small(shipped: Shipped) -> None:
    made = shipped["made"]
    assert RunConfig.from_dict(made["config"]) == recorder.config().check()
    assert FILE.stat().st_size < 2_500_000
    base = recorder.config().check()
    for name, told in made["losses"].items():
        assert told["view"] == for_loss(base, name, "triples").view.name


def test_every_objective_that_fits_ran_with_every_seed(shipped: Shipped) -> None:
    seeds = {run["seed"] for run in shipped["runs"]}
    assert seeds and seeds <= set(recorder.SEEDS)
    names = set(shipped["made"]["losses"])
    assert names <= set(losses_for("triples"))
    assert sorted((r["loss"], r["seed"]) for r in shipped["runs"]) == sorted(
        (n, s) for n in names for s in seeds
    )


def test_columns_are_as_long_as_the_steps(shipped: Shipped) -> None:
    last = shipped["made"]["config"]["optim"]["steps"]
    steps = [s for s in range(1, last + 1) if s % recorder.EVERY == 0 or s == last]
    for run in completed(shipped):
        assert len(run["losses"]) == last and np.isfinite(run["losses"]).all()
        for name, columns in run["sets"].items():
            assert columns["step"] == steps
            assert {len(column) for column in columns.values()} == {len(steps)}
            for shapes in run["densities"][name].values():
                assert np.shape(shapes) == (len(steps), len(shipped["bins"]) - 1)
        pairs = shipped["made"]["sample"]["pairs"]["pairs"]
        assert unpacked_cosines(run["cosines"]).shape == (len(steps), pairs)


def test_scores_areas_and_densities_follow_from_the_cosines(shipped: Shipped) -> None:
    gold = load_scored_pairs("pairs").score
    for run in (shipped["start"], *completed(shipped)):
        told = run["sets"]["pairs"]
        for at, row in enumerate(unpacked_cosines(run["cosines"])):
            high, low = row[positives(gold)], row[negatives(gold)]
            assert told["spearman"][at] == pytest.approx(spearman(row, gold), abs=0.3)  # ties of the rounding
            assert told["auc"][at] == pytest.approx(auc(high, low), abs=0.003)
            shape = run["densities"]["pairs"]["positive"][at]
            moved = np.abs(np.cumsum(shape) - np.cumsum(density(high, shipped["bins"]))).max()
            assert moved * 0.025 < 0.03


def test_differences_are_the_bootstrap_of_the_cosines(shipped: Shipped) -> None:
    gold = load_scored_pairs("pairs").score
    ends = recorder.final_cosines(shipped)
    for one, other in (("cosent", "cosine_squared"), ("info_nce", "triplet")):
        key = f"{one}|{other}" if f"{one}|{other}" in shipped["differences"] else f"{other}|{one}"
        pair = [resample(list(ends[name].values()), gold) for name in key.split("|")]
        told = difference_of_means(*pair)
        assert shipped["differences"][key] == pytest.approx(
            [told.value, told.low, told.high, told.p], abs=1e-3
        )


@pytest.mark.slow
def test_its_beginning_can_be_made_again(shipped: Shipped, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two steps of the objective with the steepest start; other processors round differently."""
    base = recorder.config().with_settings({"optim.steps": 2}).check()
    monkeypatch.setattr(recorder, "EVERY", 2)
    run = dataclasses.replace(for_loss(base, "cosine_squared", "triples"), seed=42)
    few = {"pairs": load_scored_pairs("pairs")[:200]}
    told = recorder.run_once(run, few, {})
    kept = next(r for r in shipped["runs"] if (r["loss"], r["seed"]) == ("cosine_squared", 42))
    loose = 1.0 if kept["precision"] == ("bfloat16" if cpu_has_bf16() else "float32") else 4.0
    assert told["losses"] == pytest.approx(kept["losses"][:2], rel=0.02 * loose)
    assert told["sets"]["pairs"]["step"] == [2]
    assert unpacked_cosines(told["cosines"]).shape == (1, 200)


@pytest.fixture
def tiny(tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunConfig:
    """Three steps of a tiny encoder on triples, measured on a few shipped pairs."""
    few = {"pairs": load_scored_pairs("pairs")[:60]}
    monkeypatch.setattr(recorder, "measured_sets", lambda sts: few)
    monkeypatch.setattr(recorder, "EVERY", 2)
    monkeypatch.setattr(recorder, "RESAMPLES", 20)
    return tiny_config(tmp_path / "data", tiny_checkpoint, optim__steps=3, data__train="triples",
                       view__name="records")  # fmt: skip


def test_a_broken_recording_goes_on_where_it_stopped(
    tiny: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, trained, once = tmp_path / "losses.json", [], recorder.run_once

    def breaking(run: RunConfig, *more: Any) -> Any:
        if len(trained) == 3:
            raise KeyboardInterrupt
        trained.append((run.loss.name, run.seed))
        return once(run, *more)

    monkeypatch.setattr(recorder, "run_once", breaking)
    with pytest.raises(KeyboardInterrupt):
        recorder.record(out, base=tiny, names=("info_nce", "cosent"), seeds=(1, 2))
    assert not out.exists()
    monkeypatch.setattr(recorder, "run_once", once)
    told = recorder.record(out, base=tiny, names=("info_nce", "cosent"), seeds=(1, 2))
    order = [("info_nce", 1), ("cosent", 1), ("info_nce", 2), ("cosent", 2)]
    assert [(r["loss"], r["seed"]) for r in told["runs"]] == order and trained == order[:3]
    assert json.loads(out.read_text(encoding="utf-8")) == json.loads(json.dumps(told))
    assert not list(tmp_path.glob("*.partial.json"))
    assert all(run["sets"]["pairs"]["step"] == [2, 3] for run in told["runs"])  # and always after the last
    assert set(told["differences"]) == {"info_nce|cosent"}
    assert told["start"]["sets"]["pairs"]["step"] == [0]


def test_an_objective_that_breaks_off_is_recorded_with_its_message(
    tiny: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Trainer.advance

    def breaking(self: Trainer) -> Any:
        if self.config.loss.name == "cosent" and self.step == 2:
            raise TrainingError("The loss became nan at step 3.")
        return plain(self)

    monkeypatch.setattr(Trainer, "advance", breaking)
    told = recorder.record(tmp_path / "losses.json", base=tiny, names=("info_nce", "cosent"), seeds=(1,))
    broken = told["runs"][1]
    assert broken["failed"] == {"step": 2, "message": "The loss became nan at step 3."}
    assert broken["sets"]["pairs"]["step"] == [2] and len(broken["losses"]) == 2
    assert told["differences"] == {} and list(recorder.final_cosines(told)) == ["info_nce"]


def test_a_run_folder_keeps_the_cosines_of_its_pairs(tiny: RunConfig, tmp_path: Path) -> None:
    run = RunStore(tmp_path / "runs").create(tiny.with_settings({"evaluation.sets": "pairs"}).check())
    assert run.pairs(0) is None
    assert execute(run) == "finished"
    gold = load_scored_pairs("pairs").score
    for event in run.snapshot().evaluations:
        found = run.pairs(int(event["step"]))
        assert found is not None and found.scored.shape == gold.shape and len(found.random) == 20_000
        assert spearman(found.scored, gold) == pytest.approx(event["spearman"], abs=1e-3)
    (run.folder / "probe" / "pairs-000000.npz").write_bytes(b"PK broken")
    assert run.pairs(0) is None


def test_pairs_survive_the_disk(tmp_path: Path, tiny: RunConfig) -> None:
    run = RunStore(tmp_path / "runs").create(tiny.check())
    kept = PairCosines(np.linspace(-1, 1, 7), np.linspace(-1, 1, 5))
    run.save_pairs(12, kept)
    found = run.pairs(12)
    assert found is not None
    assert found.scored == pytest.approx(kept.scored, abs=1e-7)
    assert found.random == pytest.approx(kept.random, abs=1e-3)
