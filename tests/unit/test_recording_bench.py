"""The recorded bench: complete, true to the shipped texts, and made again on a tiny encoder."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simcse_core.bench import AGGREGATIONS, BenchResult, shipped_pairs
from simcse_core.data.sts_sets import TASKS
from simcse_core.encoders import load_encoder
from simcse_core.evaluation.cone import digest_of_texts
from simcse_core.metrics.sts import cosines, spearman
from simcse_core.recording import bench
from simcse_core.runtime import assets

FILE = assets() / "recorded" / "bench.json"
Shipped = dict[str, Any]


@pytest.fixture(scope="module")
def shipped() -> Shipped:
    content: Shipped = json.loads(FILE.read_text(encoding="utf-8"))
    return content


def test_it_says_how_it_was_made_is_small_and_holds_no_public_column(shipped: Shipped) -> None:
    made = shipped["made"]
    assert {"command", "seed", "device", "precision", "versions", "date", "checkpoints", "pairs"} <= set(made)
    pairs = shipped_pairs()
    assert made["pairs"] == {
        "count": len(pairs),
        "sha256": digest_of_texts([*pairs.first, *pairs.second]),
    }
    assert FILE.stat().st_size < 700_000
    for one in shipped["checkpoints"].values():
        assert not {"cosine", "gold"} & {key for task in one["result"]["tasks"].values() for key in task}


def test_every_checkpoint_has_every_task_and_every_pair(shipped: Shipped) -> None:
    gold = shipped_pairs().score
    for name, one in shipped["checkpoints"].items():
        result = BenchResult.from_json(one["result"])
        assert result.model == name and list(result.tasks) == list(TASKS)
        for task in result.every_task().values():
            for how in AGGREGATIONS:
                low, high = task.intervals[how]
                assert low is not None and high is not None
                assert low < (task.spearman[how] or 0) < high
        assert result.sick_all is not None and result.sick_all.n == 9927
        cosine = np.array(one["cosines"]) / bench.SCALE
        assert np.abs(cosine).max() <= 1
        assert spearman(cosine, gold) == pytest.approx(result.pairs.spearman["all"], abs=0.02)
        low, high = one["averages"]["all"]
        assert low < (result.average() or 0) < high


def test_every_two_are_compared_and_the_differences_are_those_of_the_scores(shipped: Shipped) -> None:
    results = {n: BenchResult.from_json(one["result"]) for n, one in shipped["checkpoints"].items()}
    couples = [(one["first"], one["second"]) for one in shipped["differences"]]
    assert couples == list(itertools.combinations(results, 2))
    for one in shipped["differences"]:
        first, second = results[one["first"]], results[one["second"]]
        for how in AGGREGATIONS:
            told = one["by"][how]
            assert set(TASKS) | {"average", "pairs", "retrieval"} <= set(told)
            value, low, high, p = told["average"]
            assert value == pytest.approx((first.average(how) or 0) - (second.average(how) or 0), abs=1e-3)
            assert low <= value <= high and 0 < p <= 1
            gap = (first.pairs.spearman[how] or 0) - (second.pairs.spearman[how] or 0)
            assert told["pairs"][0] == pytest.approx(gap, abs=1e-3)


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SIMCSE_HOME", str(tmp_path / "home"))
    return tmp_path


def test_it_is_made_again_on_a_tiny_encoder_without_public_sets(
    tiny_checkpoint: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = str(tiny_checkpoint)
    out = own_home / "bench.json"
    told = bench.record(out, encoders=(name, f"{name}:1"), resamples=20)
    assert json.loads(out.read_text(encoding="utf-8")) == json.loads(json.dumps(told))
    assert list(told["checkpoints"]) == [name, f"{name}:1"] and len(told["differences"]) == 1
    one = told["checkpoints"][name]
    assert one["result"]["tasks"] == {} and one["averages"] == {name: [None, None] for name in AGGREGATIONS}
    pairs = shipped_pairs()
    encoder = load_encoder(name, device="cpu", precision="fp32")
    expected = cosines(encoder.encode(pairs.first), encoder.encode(pairs.second))
    assert np.array(one["cosines"]) / bench.SCALE == pytest.approx(expected, abs=1e-4)
    assert one["result"]["pairs"]["spearman"]["all"] == pytest.approx(
        spearman(expected, pairs.score), abs=0.01
    )

    def encoded_again(*given: Any, **named: Any) -> Any:
        raise AssertionError("a second recording reads what the bench kept")

    monkeypatch.setattr(type(encoder), "encode", encoded_again)
    again = bench.record(out, encoders=(name, f"{name}:1"), resamples=20)
    assert again["checkpoints"] == told["checkpoints"] and again["differences"] == told["differences"]
