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


def recorded_states(shipped: dict[str, Any]) -> list[tuple[str, Spread]]:
    return [
        (f"{name} {key}", Spread.from_dict(plain))
        for name, encoder in shipped["encoders"].items()
        for key, plain in encoder["states"].items()
    ]


def test_the_file_is_small_and_says_how_it_was_made(shipped: dict[str, Any]) -> None:
    assert FILE.stat().st_size < 700_000
    made = shipped["made"]
    assert made["command"] == "python -m simcse_core record cone"
    assert {"seed", "device", "date", "versions", "machine", "precision", "config"} <= set(made)
    assert made["config"]["sentences"] == SENTENCES
    # the texts of the points on the globe are read from the shipped files: record again if these change
    assert made["config"]["sentences_sha256"] == digest_of_texts([text for text, _ in sample_sentences()])


def test_every_read_out_and_every_repair_of_every_encoder_is_there(shipped: dict[str, Any]) -> None:
    for encoder in shipped["encoders"].values():
        states, curves = encoder["states"], encoder["curves"]
        for layer in encoder["ends"]:
            for pooling in curves:
                assert pooling == "cls" or state_key(layer, pooling) in states
            for repair in cone.REPAIRS:
                assert any(key.startswith(f"{layer}/{cone.REPAIRED}/{repair}") for key in states)
        assert set(poolers) - {"cls"} <= set(curves)
        for pooling in set(poolers) - {"cls"}:
            assert set(curves[pooling]) == {str(layer) for layer in range(encoder["layers"] + 1)}
        for pooling in cone.BETWEEN:
            assert all(state_key(layer, pooling) in states for layer in range(encoder["layers"] + 1))


def test_every_state_agrees_with_itself(shipped: dict[str, Any]) -> None:
    middles = (EDGES[:-1] + EDGES[1:]) / 2
    for key, state in recorded_states(shipped):
        assert state.rows == SENTENCES, key
        assert state.counts.sum() == PAIRS, key
        assert state.counts @ middles / PAIRS == pytest.approx(state.mean_cosine, abs=0.015), key
        assert state.energy[0] == pytest.approx(state.top_share, abs=5e-3), key
        assert np.linalg.norm(state.globe, axis=1) == pytest.approx(np.ones(len(state.globe)), abs=1e-5), key


def test_the_story_of_the_page_holds(shipped: dict[str, Any]) -> None:
    states = shipped["encoders"]["minilm"]["states"]
    numbers = {key: plain["mean_cosine"] for key, plain in states.items()}
    assert numbers["4/mean/none"] > 0.5 and numbers["4/cls_before_pooler/none"] > 0.999
    assert abs(numbers["4/mean/centering"]) < 0.01
    assert numbers["6/mean/none"] < 0.1
    scores = {key: plain["spearman"] for key, plain in states.items()}
    assert scores["4/mean/whitening k=0"] < scores["4/mean/none"] < scores["6/mean/none"]


def test_the_isotropic_samples_are_made_again(shipped: dict[str, Any]) -> None:
    assert set(shipped["isotropic"]) == {str(one["dimension"]) for one in shipped["encoders"].values()}
    for dimension, plain in shipped["isotropic"].items():
        again = isotropic(SENTENCES, int(dimension))
        assert again.effective_rank == pytest.approx(plain["effective_rank"], abs=1e-3)
        assert again.uniformity == pytest.approx(plain["uniformity"], abs=1e-5)


def test_cuts_of_an_encoder_are_read_with_it() -> None:
    assert cone.ends(("a:4", "b", "a", "org/x:y")) == {"a": [4, None], "b": [None], "org/x:y": [None]}


@pytest.fixture
def three_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = ScoredPairs(
        ("One.", "Two cats.", "It rains."), ("1", "A dog.", "It pours."), np.array([4.0, 1.0, 3.0])
    )
    monkeypatch.setattr(cone, "load_dataset_records", lambda name: pairs)


def test_a_broken_recording_goes_on_with_the_next_encoder(
    bert: Path, copied: Path, three_pairs: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    once = cone._encoder

    def breaking(encoder: Any, *more: Any) -> Any:
        if len(read) == 1:
            raise KeyboardInterrupt
        read.append(encoder.name)
        return once(encoder, *more)

    names, out = (f"{bert}:2", str(bert), str(copied)), tmp_path / "cone.json"
    monkeypatch.setattr(cone, "_encoder", breaking)
    with pytest.raises(KeyboardInterrupt):
        cone.record(out, encoders=names, sentences=60)
    monkeypatch.setattr(cone, "_encoder", lambda *a: read.append(a[0].name) or once(*a))
    made = cone.record(out, encoders=names, sentences=60)
    assert read == [str(bert), str(copied)] == list(made["encoders"])
    assert made["encoders"][str(bert)]["ends"] == [2, 3]
    assert json.loads(out.read_text(encoding="utf-8")) == made and not list(tmp_path.glob("*.partial*"))


@pytest.mark.slow
def test_the_beginning_is_made_again(shipped: dict[str, Any], three_pairs: None, tmp_path: Path) -> None:
    made = cone.record(tmp_path / "cone.json", encoders=("minilm",), sentences=cone.BEGINNING)
    recorded, again = shipped["encoders"]["minilm"]["beginning"], made["encoders"]["minilm"]
    assert set(again["beginning"]) <= set(recorded)
    for key, value in again["beginning"].items():
        assert value == pytest.approx(recorded[key], abs=2e-4), key
        layer, pooling = key.split("/")
        assert again["curves"][pooling][layer]["mean_cosine"] == value
