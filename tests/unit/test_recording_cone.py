from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simcse_core.data.records import ScoredPairs
from simcse_core.encoders.poolers import poolers
from simcse_core.evaluation.cone import (
    EDGES,
    PAIRS,
    SENTENCES,
    Spread,
    digest_of_texts,
    isotropic,
    sample_sentences,
    state_key,
)
from simcse_core.recording import cone
from simcse_core.runtime import assets

FILE = assets() / "recorded" / "cone.json"


@pytest.fixture(scope="module")
def shipped() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return content


def test_the_file_is_small_and_says_how_it_was_made(shipped: dict[str, Any]) -> None:
    assert FILE.stat().st_size < 1_500_000
    made = shipped["made"]
    assert made["command"] == "python -m simcse_core record cone"
    assert {"seed", "device", "date", "versions", "machine", "precision", "config"} <= set(made)
    assert made["config"]["sentences"] == SENTENCES
    # the texts of the points on the globe are read from the shipped files: record again if these change
    assert made["config"]["sentences_sha256"] == digest_of_texts([text for text, _ in sample_sentences()])


def test_every_read_out_and_every_repair_of_both_encoders_is_there(shipped: dict[str, Any]) -> None:
    states = shipped["states"]
    for layer in cone.REPAIRED:
        for pooling in poolers:
            assert state_key(layer, pooling) in states
            for repair in cone.REPAIRS:
                assert any(key.startswith(f"{layer}/{pooling}/{repair}") for key in states)
    for pooling in set(poolers) - {"cls"}:
        assert set(shipped["curves"][pooling]) == {str(layer) for layer in range(cone.LAYERS + 1)}


def test_every_state_agrees_with_itself(shipped: dict[str, Any]) -> None:
    middles = (EDGES[:-1] + EDGES[1:]) / 2
    for key, plain in shipped["states"].items():
        state = Spread.from_dict(plain)
        assert state.rows == SENTENCES, key
        assert state.counts.sum() == PAIRS, key
        assert state.counts @ middles / PAIRS == pytest.approx(state.mean_cosine, abs=0.015), key
        assert state.energy[0] == pytest.approx(state.top_share, abs=5e-3), key
        assert np.linalg.norm(state.globe, axis=1) == pytest.approx(np.ones(len(state.globe)), abs=2e-3), key


def test_the_story_of_the_page_holds(shipped: dict[str, Any]) -> None:
    numbers = {key: plain["mean_cosine"] for key, plain in shipped["states"].items()}
    assert numbers["4/mean/none"] > 0.5 and numbers["4/cls_before_pooler/none"] > 0.999
    assert abs(numbers["4/mean/centering"]) < 0.01
    assert numbers["6/mean/none"] < 0.1
    scores = {key: plain["spearman"] for key, plain in shipped["states"].items()}
    assert scores["4/mean/whitening k=0"] < scores["4/mean/none"] < scores["6/mean/none"]


def test_the_isotropic_sample_is_made_again(shipped: dict[str, Any]) -> None:
    plain = shipped["isotropic"]
    again = isotropic(plain["rows"], plain["dimension"])
    assert again.effective_rank == pytest.approx(plain["effective_rank"], abs=1e-3)
    assert again.uniformity == pytest.approx(plain["uniformity"], abs=1e-5)


@pytest.mark.slow
def test_the_beginning_is_made_again(
    shipped: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = ScoredPairs(
        ("One.", "Two cats.", "It rains."), ("1", "A dog.", "It pours."), np.array([4.0, 1.0, 3.0])
    )
    monkeypatch.setattr(cone, "load_dataset_records", lambda name: pairs)
    made = cone.record(tmp_path / "cone.json", sentences=cone.BEGINNING)
    assert json.loads((tmp_path / "cone.json").read_text(encoding="utf-8")) == made
    recorded = shipped["beginning"]["mean_cosine"]
    assert set(recorded) == set(made["beginning"]["mean_cosine"])
    for key, value in made["beginning"]["mean_cosine"].items():
        assert value == pytest.approx(recorded[key], abs=2e-4), key
        layer, pooling = key.split("/")
        assert made["curves"][pooling][layer]["mean_cosine"] == value
