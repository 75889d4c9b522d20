"""The recorded traps: complete, true to the shipped texts, and made again on a tiny encoder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from unit.training_factory import tiny_config

from simcse_core.config import RunConfig
from simcse_core.data.datasets import load_scored_pairs
from simcse_core.encoders import load_encoder
from simcse_core.evaluation.in_batch import draw_batch
from simcse_core.evaluation.length_bias import BINS
from simcse_core.evaluation.length_probe import RANDOM
from simcse_core.recording import traps
from simcse_core.recording.temperature import unpacked
from simcse_core.runtime import assets
from simcse_core.theory.remedies import REMEDIES, remedies
from simcse_core.training.evaluation import scored_sets

FILE = assets() / "recorded" / "traps.json"
Shipped = dict[str, Any]


@pytest.fixture(scope="module")
def shipped() -> Shipped:
    content: Shipped = json.loads(FILE.read_text(encoding="utf-8"))
    return content


def test_it_says_how_it_was_made_and_is_small(shipped: Shipped) -> None:
    made = shipped["made"]
    assert {"command", "config", "seed", "versions", "device", "date", "sample", "random"} <= set(made)
    assert RunConfig.from_dict(made["config"]) == traps.config().check()
    assert made["noise"] == traps.NOISE and FILE.stat().st_size < 1_000_000


def test_every_seed_ran_with_every_rate_and_every_size(shipped: Shipped) -> None:
    seeds = {run["seed"] for run in shipped["runs"]}
    assert seeds and seeds <= set(traps.SEEDS)
    by_rate = {(run["rate"], run["seed"]) for run in shipped["runs"] if run["part"] == "length"}
    assert by_rate == {(rate, seed) for rate in traps.RATES for seed in seeds}
    sized = [run for run in shipped["runs"] if run["part"] == "batch"]
    assert {(r["size"], r["objective"], r["seed"]) for r in sized} == {
        (size, objective, seed) for size in traps.SIZES for objective in traps.OBJECTIVES for seed in seeds
    }
    base = traps.config().check()
    for run in sized:
        assert run["stops"] == list(traps.stops(base, run["size"])) and len(run["sets"]) == len(run["stops"])
        assert len(run["losses"]) == run["stops"][-1]


def test_points_means_and_lines_of_a_run_agree(shipped: Shipped) -> None:
    states = [shipped["before"]["length"]] + [r["length"] for r in shipped["runs"] if r["part"] == "length"]
    for name, told in shipped["probes"].items():
        counts = np.array(told["counts"])
        assert counts.sum() == told["pairs"] and len(counts) == len(BINS)
        for state in states:
            one = state[name]
            means = np.array([0.0 if m is None else m for m in one["means"]])
            centre = counts @ np.array([0.0 if c is None else c for c in told["centres"]]) / counts.sum()
            overall = counts @ means / counts.sum()
            assert overall == pytest.approx(0.0 if told["scored"] else 50.0, abs=0.01)
            assert one["intercept"] + one["slope"] * centre == pytest.approx(overall, abs=0.02)
            assert one["low"] <= one["slope"] <= one["high"]
            assert len(one["points"]) == len(told["difference"])


def test_repeats_add_tokens_and_a_rate_of_zero_adds_none(shipped: Shipped) -> None:
    added = [shipped["added"][f"{rate:g}"] for rate in traps.RATES]
    assert added[0] == 0 and added == sorted(added) and added[-1] > added[1] > 0.5


def test_the_recorded_batch_is_what_the_remedies_make_of_it(shipped: Shipped) -> None:
    one = shipped["batch"]
    drawn = draw_batch(
        one["drawn"]["subjects"], one["drawn"]["size"], paraphrases=one["drawn"]["paraphrases"],
        seed=one["drawn"]["seed"],
    )  # fmt: skip
    assert list(drawn.texts) == one["texts"] and list(drawn.groups) == one["groups"]
    size = len(one["texts"])
    found = remedies(
        unpacked(one["cosines"], size), unpacked(one["judged"], size), threshold=one["judge"]["threshold"],
        **one["settings"],
    )  # fmt: skip
    assert tuple(one["remedies"]) == REMEDIES
    for way, told in one["remedies"].items():
        np.testing.assert_allclose(unpacked(told["gradient"], size), found[way].gradient, atol=1e-4)
        np.testing.assert_allclose(unpacked(told["shares"], size), found[way].shares, atol=1e-4)
        assert told["silent"] == found[way].silent


def test_chinese_was_read_as_the_checkpoint_reads_it(shipped: Shipped) -> None:
    assert list(shipped["chinese"]) == list(traps.ENCODERS)
    pairs = load_scored_pairs("pairs-zh")
    encoder = load_encoder("minilm:4", device="cpu", precision="fp32")
    told = shipped["chinese"]["minilm:4"]
    assert len(told["cosines"]) == len(told["tokens"]) == len(pairs)
    few = pairs[:8]
    known = np.einsum("nd,nd->n", encoder.encode(few.first), encoder.encode(few.second))
    assert told["cosines"][:8] == pytest.approx(known, abs=2e-4)
    assert told["tokens"][0][0] == encoder.tokens(few.first[0])[1:-1]


@pytest.mark.slow
def test_its_beginning_can_be_made_again(shipped: Shipped) -> None:
    """Two steps; other processors round differently, hence the tolerance."""
    two = traps.config().with_settings({"optim.steps": 2})
    seed = shipped["made"]["seed"]
    changed = {"view.name": "repetition", "view.rate": 0.32, "seed": seed}
    few = {"pairs": scored_sets("pairs")["pairs"][:60]}
    told = traps.run_once(two, traps.Task("length", {"rate": 0.32, "seed": seed}, changed, (2,)), few, {}, {})
    run = next(r for r in shipped["runs"] if (r.get("rate"), r["seed"]) == (0.32, seed))
    assert told["losses"] == pytest.approx(run["losses"][:2], abs=0.03)


@pytest.fixture
def tiny(tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunConfig:
    """Four steps of a tiny encoder, measured on a few shipped pairs; what needs no training is left out."""
    few = {"pairs": scored_sets("pairs")["pairs"][:40]}
    monkeypatch.setattr(traps, "measured_sets", lambda sts: few)
    monkeypatch.setattr(traps, "background_sentences", lambda: few["pairs"].sentences())
    monkeypatch.setattr(traps, "negatives", lambda name: {"encoder": name})
    monkeypatch.setattr(traps, "chinese", lambda name: {})
    return tiny_config(
        tmp_path / "data", tiny_checkpoint, optim__steps=4, optim__batch_size=16, data__train="clips",
        optim__schedule="constant",
    )  # fmt: skip


def test_a_broken_recording_goes_on_where_it_stopped(
    tiny: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, trained, once = tmp_path / "traps.json", [], traps.run_once
    less: Any = {"base": tiny, "rates": (0.0, 0.5), "sizes": (16,), "seeds": (1, 2)}

    def breaking(base: RunConfig, task: traps.Task, *more: Any) -> Any:
        if len(trained) == 5:
            raise KeyboardInterrupt
        trained.append(dict(task.name))
        return once(base, task, *more)

    monkeypatch.setattr(traps, "run_once", breaking)
    with pytest.raises(KeyboardInterrupt):
        traps.record(out, **less)
    assert {run["seed"] for run in json.loads(out.read_text(encoding="utf-8"))["runs"]} == {1}
    trained.clear()
    told = traps.record(out, **less)
    assert trained == [
        {"rate": 0.5, "seed": 2}, {"size": 16, "objective": "info_nce", "seed": 2},
        {"size": 16, "objective": "gs_info_nce", "seed": 2},
    ]  # fmt: skip
    assert json.loads(out.read_text(encoding="utf-8")) == json.loads(json.dumps(told))
    assert len(told["runs"]) == 8 and not list(tmp_path.glob("*.partial.json"))
    assert set(told["probes"]) == {RANDOM, "pairs"}
    first, second = (run["length"]["pairs"] for run in told["runs"] if run.get("rate") == 0.5)
    assert first["points"] != second["points"]  # another seed


def test_the_shorter_run_is_the_beginning_of_the_longer_one(tiny: RunConfig) -> None:
    """What lets one training serve equal steps and equal sentences."""
    sets = traps.measured_sets(None)
    changed = {"optim.batch_size": 8, "seed": 3}
    name = {"size": 8, "objective": "info_nce", "seed": 3}
    long = traps.run_once(tiny, traps.Task("batch", name, changed, (4, 8)), sets, {}, {})
    short = traps.run_once(tiny, traps.Task("batch", name, changed, (4,)), sets, {}, {})
    assert long["losses"][:4] == short["losses"] and long["sets"][0] == short["sets"][0]
    assert long["sets"][1] != long["sets"][0]


def test_sizes_are_measured_after_equal_steps_and_after_equal_sentences() -> None:
    base = traps.config()
    assert {size: traps.stops(base, size) for size in (8, 16, 32, 64, 128)} == {
        8: (20,), 16: (20, 80), 32: (20, 40), 64: (20,), 128: (10, 20),
    }  # fmt: skip
    noisy = next(
        t for t in traps.tasks(base, (0.0,), (32,), (1,)) if t.name.get("objective") == "gs_info_nce"
    )
    assert noisy.changed["loss.noise_count"] == 96
