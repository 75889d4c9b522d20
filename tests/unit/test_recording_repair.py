"""The recorder of the repairs: resumable, complete, and what it wrote holds together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from simcse_core.data.datasets import load_dataset_records
from simcse_core.data.records import ScoredPairs
from simcse_core.encoders import load_encoder
from simcse_core.evaluation.repairs import ELSEWHERE, TARGET, Effect, default_variant, key_of, variants
from simcse_core.evaluation.sts import Task
from simcse_core.postprocess import postprocessors
from simcse_core.recording import repair
from simcse_core.runtime import assets

FILE = assets() / "recorded" / "repair.json"
Shipped = dict[str, Any]


@pytest.fixture(scope="module")
def shipped() -> Shipped:
    content: Shipped = json.loads(FILE.read_text(encoding="utf-8"))
    return content


@pytest.fixture(scope="module")
def few() -> ScoredPairs:
    return cast(ScoredPairs, load_dataset_records("pairs"))[:80]


@pytest.fixture(scope="module")
def made(tiny_checkpoint: Path, few: ScoredPairs, tmp_path_factory: pytest.TempPathFactory) -> Shipped:
    out = tmp_path_factory.mktemp("recorded") / "repair.json"
    told = repair.record(
        out, encoders=(str(tiny_checkpoint),), poolings=("mean",), counts=(12, 120), pairs=few
    )
    assert json.loads(out.read_text(encoding="utf-8")) == told
    assert not list(out.parent.glob("*.partial.json"))
    return told


def only(content: Shipped) -> Shipped:
    (one,) = content["encoders"].values()
    found: Shipped = one
    return found


def test_every_registered_repair_is_fitted_on_both_corpora(made: Shipped) -> None:
    one = only(made)
    for name in postprocessors:
        for settings in variants(name, 32):
            assert key_of(name, settings, ELSEWHERE, 120) in one["states"]
            assert key_of(name, settings, TARGET, 0) in one["states"]
    assert key_of("centering", {}, ELSEWHERE, 12) in one["states"]
    assert key_of("flow", {}, ELSEWHERE, 12) not in one["states"]  # a flow is learned once elsewhere
    assert set(one["learning"]) == {key_of("flow", {}, ELSEWHERE, 120), key_of("flow", {}, TARGET, 0)}
    for told in one["learning"].values():
        assert len(told["nll"]) == 21 and told["inverse_error"] < 1e-4


def test_fewer_sentences_than_directions_are_told(made: Shipped) -> None:
    states = only(made)["states"]
    few, refused = (states[f"whitening k={k}|elsewhere|12"] for k in (0, 16))
    assert few["width"] == 11  # from n sentences n - 1 directions
    assert "16" in refused["refused"] and refused["hint"]


def test_its_states_are_what_the_core_measures(
    made: Shipped, few: ScoredPairs, tiny_checkpoint: Path
) -> None:
    """Against the formulas, written out once for whitening on the target."""
    encoder = load_encoder(str(tiny_checkpoint), pooling="mean", device="cpu", precision="fp32")
    texts = few.sentences()
    rows = encoder.encode(texts, normalize=False).astype(np.float64)
    values, vectors = np.linalg.eigh(np.cov(rows, rowvar=False))
    rank = int((values > 1e-9 * values[-1]).sum())  # the last layer norm takes one direction away
    white = (rows - rows.mean(axis=0)) @ vectors[:, -rank:] / np.sqrt(values[-rank:])
    unit = white / np.linalg.norm(white, axis=1, keepdims=True)
    place = {text: row for row, text in enumerate(texts)}
    close = [(place[p.first], place[p.second]) for p in few if p.score > 4]
    expected = np.mean([((unit[a] - unit[b]) ** 2).sum() for a, b in close])
    found = Effect.from_dict(only(made)["states"]["whitening k=0|target|0"])
    assert found.alignment == pytest.approx(expected, abs=1e-3)
    assert found.width == rank == 31 and found.gap == pytest.approx(0, abs=1e-3) == found.gap_fitted


def test_a_broken_recording_goes_on_where_it_stopped(
    tiny_checkpoint: Path, few: ScoredPairs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, done, once = tmp_path / "repair.json", [], repair.measured
    monkeypatch.setattr(repair, "plan", lambda width, counts: iter([("centering", {}, ELSEWHERE, 20)]))

    def breaking(encoder: Any, *more: Any) -> Any:
        if len(done) == 1:
            raise KeyboardInterrupt
        done.append(encoder.pooling)
        return once(encoder, *more)

    settings: Any = {"encoders": (str(tiny_checkpoint),), "counts": (20,), "pairs": few}
    monkeypatch.setattr(repair, "measured", breaking)
    with pytest.raises(KeyboardInterrupt):
        repair.record(out, **settings)
    monkeypatch.setattr(repair, "measured", lambda *all: (done.append(all[0].pooling), once(*all))[1])
    told = repair.record(out, **settings)
    assert done == list(repair.POOLINGS) == [one["pooling"] for one in told["encoders"].values()]


def test_public_tasks_are_scored_under_three_aggregations(tiny_checkpoint: Path, few: ScoredPairs) -> None:
    encoder = load_encoder(str(tiny_checkpoint), pooling="mean", device="cpu", precision="fp32")
    task = Task("two", {"one": few[:40], "other": few[40:]})
    other = [f"sentence number {i} of the {'cat' if i % 3 else 'dog'}" for i in range(60)]
    found = repair.measured(encoder, few, other, (60,), (task,))["sts"]["two"]
    assert set(found) >= {"before", "centering|elsewhere|60", "centering|target|0", "flow|elsewhere|60"}
    assert "flow|target|0" not in found
    for overall, mean, weighted in found.values():
        assert mean == pytest.approx(weighted, abs=0.02) and -100 <= overall <= 100  # subsets of one size


def test_only_encoders_that_are_here_are_recorded() -> None:
    assert repair.available(("minilm:4", "minilm", "some/folder")) == ["minilm:4", "minilm", "some/folder"]
    assert set(repair.available(repair.ENCODERS)) <= set(repair.ENCODERS)


def test_the_file_says_how_it_was_made_and_is_small(shipped: Shipped) -> None:
    how = shipped["made"]
    assert {"command", "seed", "device", "date", "versions", "machine", "precision", "config"} <= set(how)
    assert FILE.stat().st_size < 700_000
    assert set(how["config"]["repairs"]) == set(postprocessors)
    counts = how["config"]["counts"]
    for entry in shipped["encoders"].values():
        for name in postprocessors:
            assert key_of(name, default_variant(name), ELSEWHERE, counts[-1]) in entry["states"]
        for state in (entry["before"], *entry["states"].values()):
            if "refused" not in state:
                found = Effect.from_dict(state)
                assert found.counts.max() == 255 and 0 < found.shares.sum() <= 1.01
                assert -100 <= found.spearman <= 100 and -4 <= found.uniformity <= 0


def test_whitening_whitens_what_it_was_fitted_on(shipped: Shipped) -> None:
    for entry in shipped["encoders"].values():
        white = Effect.from_dict(entry["states"]["whitening k=0|target|0"])
        assert white.gap == pytest.approx(0, abs=1e-3)
        raw = Effect.from_dict(entry["before"])
        centred = Effect.from_dict(entry["states"][key_of("centering", {}, TARGET, 0)])
        assert abs(centred.mean_cosine) < max(0.02, raw.mean_cosine)


@pytest.mark.slow
def test_its_beginning_is_made_again(shipped: Shipped) -> None:
    entry = shipped["encoders"]["minilm:4/mean"]
    pairs = cast(ScoredPairs, load_dataset_records("pairs"))[: repair.BEGINNING]
    encoder = load_encoder("minilm:4", pooling="mean", device="cpu", precision="fp32")
    first, second = encoder.encode(pairs.first), encoder.encode(pairs.second)
    assert (first * second).sum(axis=1) == pytest.approx(np.array(entry["beginning"]), abs=2e-3)
