"""The recorded towers: complete and true where they are recorded, and a tiny recording made on the spot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from unit.training_factory import SENTENCES, tiny_config

from simcse_core.config import RunConfig
from simcse_core.data.records import ScoredPairs
from simcse_core.encoders import load_encoder
from simcse_core.encoders.cross import CrossEncoder
from simcse_core.errors import ConfigError
from simcse_core.evaluation.towers import forward_passes, measure_latency
from simcse_core.metrics.sts import spearman
from simcse_core.recording import towers
from simcse_core.runtime import assets
from simcse_core.training.evaluation import scored_sets

FILE = assets() / "recorded" / "towers.json"


@pytest.fixture(scope="module")
def shipped() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return content


def test_the_recorded_file_says_how_it_was_made_and_its_scores_give_its_numbers(
    shipped: dict[str, Any],
) -> None:
    made = shipped["made"]
    assert RunConfig.from_dict(made["config"]) == towers.config().check()
    assert RunConfig.from_dict(made["classifier"]) == towers.classifier_config().check()
    assert {run["seed"] for run in shipped["runs"]} <= set(towers.SEEDS)
    gold = scored_sets("pairs")["pairs"].score
    for run in shipped["runs"]:
        for tower in ("bi", "cross"):
            told = run[tower]
            assert len(told["losses"]) == towers.STEPS and len(told["scores"]) == len(gold)
            for columns in told["sets"].values():
                assert columns["step"] == list(range(0, towers.STEPS + 1, towers.EVERY))
            last = told["sets"]["pairs"]["spearman"][-1]
            assert spearman(told["scores"], gold) == pytest.approx(last, abs=0.2)  # rounded to three digits
    read = shipped["mismatch"]
    for name in ("cosine", "probability"):
        assert spearman(read[name], gold) == pytest.approx(read["spearman"]["pairs"][name], abs=0.2)
    assert [row["candidates"] for row in shipped["latency"]] == list(towers.COUNTS)
    assert FILE.stat().st_size < 200_000


def few() -> dict[str, ScoredPairs]:
    return {"pairs": scored_sets("pairs")["pairs"][:30]}


@pytest.fixture
def tiny(tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, RunConfig]:
    """Four steps of both towers and of the classifier, on a few pairs."""
    pairs = [SENTENCES[i % 24] for i in range(24)], [SENTENCES[(7 * i + 3) % 24] for i in range(24)]
    scores = np.array([i % 6 for i in range(24)], dtype=np.float64)
    held_out = few()
    monkeypatch.setattr(towers, "training_pairs", lambda sts: ScoredPairs(*map(tuple, pairs), scores))
    monkeypatch.setattr(towers, "measured_sets", lambda sts: held_out)
    monkeypatch.setattr(towers, "EVERY", 2)
    common = {"optim__steps": 4}
    base = tiny_config(
        tmp_path / "a", tiny_checkpoint, **common, view__name="scored", loss__name="cosine_squared"
    )
    head = tiny_config(
        tmp_path / "b", tiny_checkpoint, **common, view__name="scored", loss__name="sbert_softmax",
        loss__classes=2,
    )  # fmt: skip
    return {"base": base, "classifier": head}


def test_a_recording_holds_both_towers_and_goes_on_where_it_stopped(
    tiny: dict[str, RunConfig], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, once, trained = tmp_path / "towers.json", towers.one_seed, []

    def breaking(run: RunConfig, *more: Any) -> Any:
        if trained:
            raise KeyboardInterrupt
        trained.append(run.seed)
        return once(run, *more)

    monkeypatch.setattr(towers, "one_seed", breaking)
    with pytest.raises(KeyboardInterrupt):
        towers.record(out, tmp_path, **tiny, seeds=(1, 2), counts=(2,))
    monkeypatch.setattr(towers, "one_seed", once)
    told = towers.record(out, tmp_path, **tiny, seeds=(1, 2), counts=(2, 3))
    assert [run["seed"] for run in told["runs"]] == [1, 2] and trained == [1]
    assert json.loads(out.read_text(encoding="utf-8")) == json.loads(json.dumps(told))
    assert not list(tmp_path.glob("*.partial.json"))
    one, other = told["runs"]
    for tower in ("bi", "cross"):
        assert one[tower]["sets"]["pairs"]["step"] == [0, 2, 4]
        assert one[tower]["losses"] != other[tower]["losses"] and len(one[tower]["losses"]) == 4
    # two towers start from the same checkpoint whatever the seed; one tower has a new classifier each time
    assert one["bi"]["sets"]["pairs"]["spearman"][0] == other["bi"]["sets"]["pairs"]["spearman"][0]
    assert one["cross"]["sets"]["pairs"]["spearman"][0] != other["cross"]["sets"]["pairs"]["spearman"][0]
    assert [row["candidates"] for row in told["latency"]] == [2, 3]
    assert all(0 <= p <= 1 for p in told["mismatch"]["probability"])


def test_a_run_is_that_of_the_trainer(tiny: dict[str, RunConfig]) -> None:
    """The losses of the two towers are those of the ordinary training loop."""
    from simcse_core.training.trainer import Trainer

    run = tiny["base"].with_settings({"seed": 7}).check()
    pairs = towers.training_pairs(Path())
    told = towers.one_seed(run, pairs, few())
    trainer = Trainer(run, load_encoder(run.encoder.name, device="cpu", precision="fp32", dropout=0.1,
                                        pooling=run.encoder.pooling, max_length=run.encoder.max_length),
                      pairs)  # fmt: skip
    assert told["bi"]["losses"] == pytest.approx([trainer.advance().loss for _ in range(4)], abs=1e-4)


def test_without_public_pairs_it_says_what_is_needed(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="STS-B train"):
        towers.record(tmp_path / "towers.json")


def test_passes_are_counted() -> None:
    for queries, candidates in ((1, 1), (3, 10), (1000, 1000)):
        texts = {("query", i) for i in range(queries)} | {("candidate", j) for j in range(candidates)}
        pairs = (
            {(i, j) for i in range(queries) for j in range(candidates)} if queries < 1000 else range(10**6)
        )
        found = forward_passes(queries, candidates)
        assert (found.bi, found.bi_again, found.cross) == (len(texts), queries, len(pairs))


def test_each_tower_reads_what_is_counted(tiny_checkpoint: Path) -> None:
    """The timed work is one text a candidate on one side, one pair a candidate on the other."""

    def load() -> Any:
        return load_encoder(str(tiny_checkpoint), device="cpu", precision="fp32")

    encoder, cross, seen = load(), CrossEncoder(load()), {"texts": 0, "pairs": 0}
    encode, score = encoder.encode, cross.score

    def encoding(texts: list[str], **more: Any) -> Any:
        seen["texts"] += len(texts)
        return encode(texts, **more)

    def scoring(pairs: list[tuple[str, str]]) -> Any:
        seen["pairs"] += len(pairs)
        return score(pairs)

    encoder.encode, cross.score = encoding, scoring
    rows = list(measure_latency(encoder, cross, "the cat", SENTENCES, (4, 9), repeats=2))
    assert [row.candidates for row in rows] == [4, 9]
    assert seen["pairs"] == 2 + 2 * (4 + 9)
    assert seen["texts"] == 3 + 2 * (2 * 4 + 1) + 2 * (2 * 9 + 1)
    assert all(value > 0 for row in rows for value in (row.embed, row.search, row.cross))
