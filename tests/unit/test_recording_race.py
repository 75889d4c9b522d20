"""The recorded race: complete, true to the shipped texts, and its beginning made again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from unit.training_factory import tiny_config

from simcse_core.config import RunConfig
from simcse_core.data.datasets import load_dataset_records
from simcse_core.data.records import ScoredPairs
from simcse_core.recording import race
from simcse_core.runtime import assets, cpu_has_bf16
from simcse_core.training.evaluation import CLOSE
from simcse_core.views import views

FILE = assets() / "recorded" / "race.json"
Shipped = dict[str, Any]
BOTH = {"dropout": {"view.name": "dropout"}, "crop": {"view.name": "crop"}}


@pytest.fixture(scope="module")
def shipped() -> Shipped:
    content: Shipped = json.loads(FILE.read_text(encoding="utf-8"))
    return content


def test_it_says_how_it_was_made_and_is_small(shipped: Shipped) -> None:
    made = shipped["made"]
    assert {"command", "config", "seed", "versions", "device", "date", "variants", "sample"} <= set(made)
    assert RunConfig.from_dict(made["config"]) == race.config().check()
    assert made["variants"] == race.VARIANTS and made["every"] == race.EVERY
    assert FILE.stat().st_size < 400_000
    assert len(shipped["cosines"]) == len(shipped["bins"]) - 1


def test_every_seed_in_it_ran_with_every_variant_from_one_start(shipped: Shipped) -> None:
    runs = shipped["runs"]
    seeds = {run["seed"] for run in runs}
    assert seeds and seeds <= set(race.SEEDS)
    assert {(r["variant"], r["seed"]) for r in runs} == {(v, s) for v in race.VARIANTS for s in seeds}
    assert len(runs) == len(race.VARIANTS) * len(seeds)
    last = shipped["made"]["config"]["optim"]["steps"]
    for run in runs:
        assert len(run["losses"]) == last and len(run["cosines"]) == len(shipped["cosines"])
        for name, columns in run["sets"].items():
            assert columns["step"] == list(range(0, last + 1, race.EVERY[name]))
            assert {len(column) for column in columns.values()} == {len(columns["step"])}
            for measure in race.MEASURES:
                assert columns[measure][0] == runs[0]["sets"][name][measure][0]
            assert all(0 <= a <= 4 for a in columns["alignment"])
            assert all(-4 <= u <= 0 for u in columns["uniformity"])


def test_identical_views_have_a_smaller_loss_than_fresh_masks(shipped: Shipped) -> None:
    """With both views one vector the positive's cosine is 1, the most there is; the batch is the same."""
    first = {(run["variant"], run["seed"]): run["losses"][0] for run in shipped["runs"]}
    for seed in {seed for _, seed in first}:
        assert first["no_dropout", seed] < first["dropout", seed] < first["dropout_more", seed]


def test_histograms_are_densities_with_the_means_that_were_measured(shipped: Shipped) -> None:
    edges = np.array(shipped["bins"])
    middles, widths = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    lead = next(iter(shipped["made"]["sample"]))
    for run in shipped["runs"]:
        for density, at in ((shipped["cosines"], 0), (run["cosines"], -1)):
            assert (np.array(density) * widths).sum() == pytest.approx(1, abs=1e-3)
            mean = np.average(middles, weights=density)
            assert mean == pytest.approx(run["sets"][lead]["mean_cosine"][at], abs=0.01)


def test_its_examples_are_what_the_views_do(shipped: Shipped) -> None:
    clips = load_dataset_records("clips")
    for one in shipped["examples"]:
        assert one["sentence"] in clips
        assert set(one["made"]) <= {"delete_word", "crop", "word_deletion", "synonym", "repetition"}
        for name in ("delete_word", "crop", "word_deletion", "synonym"):
            for draw, (before, after) in enumerate(one["made"].get(name, [])):
                roles = views[name]([one["sentence"]], np.random.default_rng(draw))
                assert (before, after) == (roles["anchor"][0], roles["positive"][0])
        for before, after in one["made"]["repetition"]:
            kept = [b for a, b in zip(["", *after.split()], after.split(), strict=False) if a != b]
            assert kept == [b for a, b in zip(["", *before.split()], before.split(), strict=False) if a != b]


def test_the_measured_sets_are_what_the_file_says(shipped: Shipped, sts_folder: Path) -> None:
    sets = race.measured_sets(sts_folder)
    assert list(sets) == [race.LEAD, race.SHIPPED]
    for name, pairs in sets.items():
        told = shipped["made"]["sample"][name]
        assert (told["pairs"], told["sentences"]) == (len(pairs), len({*pairs.first, *pairs.second}))
        assert told["positives"] == sum(score > CLOSE for score in pairs.score)
    assert sets["pairs"].first == race.measured_sets(None)["pairs"].first


@pytest.mark.slow
def test_its_beginning_can_be_made_again(shipped: Shipped) -> None:
    """Two steps; other processors round differently, hence the tolerances."""
    two = race.config().with_settings({"optim.steps": 2, "seed": 42, "view.name": "delete_word"}).check()
    few = {"pairs": race.measured_sets(None)["pairs"][:60]}
    told, encoder = race.run_once(two, few, {}, every={"pairs": 2})
    run = next(r for r in shipped["runs"] if (r["variant"], r["seed"]) == ("delete_word", 42))
    loose = 1.0 if run["precision"] == ("bfloat16" if cpu_has_bf16() else "float32") else 4.0
    assert told["losses"] == pytest.approx(run["losses"][:2], abs=0.03 * loose)
    assert told["sets"]["pairs"]["step"] == [0, 2] and encoder.dropout == 0.1


@pytest.fixture
def tiny(tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunConfig:
    """Two steps of a tiny encoder, measured on a few shipped pairs."""
    from simcse_core.training.evaluation import scored_sets

    few: dict[str, ScoredPairs] = {"pairs": scored_sets("pairs")["pairs"][:40]}
    monkeypatch.setattr(race, "measured_sets", lambda sts: few)
    return tiny_config(tmp_path / "data", tiny_checkpoint, optim__steps=3, data__train="clips")


def test_a_broken_recording_goes_on_where_it_stopped(
    tiny: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, trained, once = tmp_path / "race.json", [], race.run_once

    def breaking(run: RunConfig, *more: Any, **named: Any) -> Any:
        if len(trained) == 3:
            raise KeyboardInterrupt
        trained.append((run.view.name, run.seed))
        return once(run, *more, **named)

    monkeypatch.setattr(race, "run_once", breaking)
    with pytest.raises(KeyboardInterrupt):
        race.record(out, base=tiny, variants=BOTH, seeds=(1, 2), every={"pairs": 2})
    after_one_seed = json.loads(out.read_text(encoding="utf-8"))
    assert [(r["variant"], r["seed"]) for r in after_one_seed["runs"]] == [("dropout", 1), ("crop", 1)]
    monkeypatch.setattr(race, "run_once", once)
    told = race.record(out, base=tiny, variants=BOTH, seeds=(1, 2), every={"pairs": 2})
    assert [(r["variant"], r["seed"]) for r in told["runs"]] == [
        ("dropout", 1), ("crop", 1), ("dropout", 2), ("crop", 2),
    ]  # fmt: skip
    assert trained == [("dropout", 1), ("crop", 1), ("dropout", 2)]
    assert json.loads(out.read_text(encoding="utf-8")) == json.loads(json.dumps(told))
    assert not list(tmp_path.glob("*.partial.json"))
    for run in told["runs"]:
        assert run["sets"]["pairs"]["step"] == [0, 2, 3]  # and always after the last


def test_only_runs_made_in_the_same_way_are_kept(tiny: RunConfig, tmp_path: Path) -> None:
    out = tmp_path / "race.json"
    first = race.record(out, base=tiny, variants=BOTH, seeds=(1,), every={"pairs": 3})
    more = {**BOTH, "crop": {"view.name": "crop", "view.rate": 0.5}}
    again = race.record(out, base=tiny, variants=more, seeds=(1,), every={"pairs": 3})
    kept, remade = (next(r for r in again["runs"] if r["variant"] == name) for name in ("dropout", "crop"))
    assert kept == next(r for r in first["runs"] if r["variant"] == "dropout")
    assert remade["losses"] != next(r for r in first["runs"] if r["variant"] == "crop")["losses"]
    other = race.record(
        out, base=tiny.with_settings({"optim.learning_rate": 1e-4}), variants=BOTH, seeds=(1,),
        every={"pairs": 3},
    )  # fmt: skip
    fresh = next(r for r in other["runs"] if r["variant"] == "dropout")
    assert fresh["losses"][0] == kept["losses"][0] and fresh["losses"][1:] != kept["losses"][1:]


def test_a_run_is_measured_as_the_loop_measures_it(tiny: RunConfig) -> None:
    """Columns against the loop's own events."""
    from simcse_core.encoders import load_encoder
    from simcse_core.training.evaluation import Evaluator
    from simcse_core.training.events import Evaluated
    from simcse_core.training.loop import train
    from simcse_core.training.trainer import Trainer

    run = tiny.with_settings({"evaluation.every": 1}).check()
    sets = race.measured_sets(None)
    told, _ = race.run_once(run, sets, {}, every={"pairs": 1})
    encoder = load_encoder(run.encoder.name, device="cpu", precision="fp32", dropout=run.encoder.dropout,
                           pooling=run.encoder.pooling, max_length=run.encoder.max_length)  # fmt: skip
    trainer = Trainer(run, encoder, load_dataset_records(run.data.train))
    events = [e for e in train(trainer, Evaluator(sets)) if isinstance(e, Evaluated)]
    columns = told["sets"]["pairs"]
    assert columns["step"] == [e.step for e in events]
    assert columns["uniformity"] == pytest.approx([e.uniformity for e in events], abs=1e-4)
    assert columns["spearman"] == pytest.approx([e.spearman for e in events], abs=1e-3)
