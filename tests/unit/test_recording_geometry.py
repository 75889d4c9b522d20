"""The recorded geometry: complete, in agreement with itself and with the cone, and made again in part."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from simcse_core.data.datasets import load_dataset_records
from simcse_core.data.records import ScoredPairs
from simcse_core.encoders import load_encoder
from simcse_core.errors import ConfigError
from simcse_core.evaluation.cone import digest_of_texts, sample_sentences
from simcse_core.evaluation.geometry import MEASURES, Geometry
from simcse_core.evaluation.geometry_of import geometry_of
from simcse_core.evaluation.static_bias import REMOVALS
from simcse_core.recording import geometry
from simcse_core.recording.checkpoints import ENCODERS, present
from simcse_core.runtime import assets

FILE = assets() / "recorded" / "geometry.json"


@pytest.fixture(scope="module")
def shipped() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return content


def test_the_file_is_small_and_says_how_it_was_made(shipped: dict[str, Any]) -> None:
    assert FILE.stat().st_size < 700_000
    made = shipped["made"]
    assert made["command"] == "python -m simcse_core record geometry"
    assert {"seed", "device", "date", "versions", "machine", "precision", "config"} <= set(made)
    texts = [text for text, _ in sample_sentences(made["config"]["sentences"])]
    assert made["config"]["sentences_sha256"] == digest_of_texts(texts)
    assert set(shipped["encoders"]) <= set(ENCODERS) and shipped["encoders"]


def test_every_encoder_is_whole_and_agrees_with_itself(shipped: dict[str, Any]) -> None:
    for name, plain in shipped["encoders"].items():
        found = Geometry.from_dict(plain)
        assert found.sentences == shipped["made"]["config"]["sentences"]
        assert (
            {layer for layer, _ in found.states}
            == set(range(found.layers + 1))
            == set(range(len(found.tokens)))
        )
        assert {"mean", "cls_before_pooler", "first_last", "last2", "max"} <= set(found.poolings)
        assert set(MEASURES) <= set(found.isotropic)
        assert [one.name for one in found.removals] == list(REMOVALS)
        for key, state in found.states.items():
            dimensions = state.dimensions
            assert len(dimensions.contributions) == found.dimension
            assert dimensions.contributions.sum() == pytest.approx(state.numbers["mean_cosine"], abs=2e-3), (
                key
            )
            assert dimensions.largest[0].mean_cosine == pytest.approx(state.numbers["mean_cosine"], abs=1e-4)
            assert state.numbers["spearman"] == pytest.approx(dimensions.drawn[0].spearman, abs=1e-3), (
                name,
                key,
            )


@pytest.mark.slow
def test_the_embedding_layer_is_made_again(shipped: dict[str, Any]) -> None:
    """MiniLM cut after one layer gives the numbers of the whole one at layers 0 and 1."""
    texts = [text for text, _ in sample_sentences(shipped["made"]["config"]["sentences"])]
    encoder = load_encoder("minilm:1", pooling="mean", device="cpu", precision="fp32")
    rows = encoder.encode_layers(texts, poolings=("mean",), normalize=False)
    recorded = Geometry.from_dict(shipped["encoders"]["minilm"])
    from simcse_core.evaluation.anisotropy import spread_numbers

    for layer in (0, 1):
        again, then = spread_numbers(rows[layer, "mean"]), recorded.states[layer, "mean"].numbers
        for measure in MEASURES:
            assert again[measure] == pytest.approx(then[measure], rel=2e-3, abs=2e-3), measure


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> ScoredPairs:
    every: Any = load_dataset_records("pairs")
    pairs = ScoredPairs(every.first[:30], every.second[:30], every.score[:30])
    monkeypatch.setattr(geometry, "load_dataset_records", lambda name: pairs)
    return pairs


def test_a_recording_is_what_the_measuring_gives(bert: Path, few: ScoredPairs, tmp_path: Path) -> None:
    made = geometry.record(tmp_path / "geometry.json", encoders=(str(bert),), sentences=40, bootstrap=20)
    assert json.loads((tmp_path / "geometry.json").read_text(encoding="utf-8")) == json.loads(
        json.dumps(made)
    )
    assert not list(tmp_path.glob("*.partial*"))
    texts = [text for text, _ in sample_sentences(40)]
    encoder = load_encoder(str(bert), pooling="mean", device="cpu", precision="fp32")
    headed = load_encoder(str(bert), pooling="cls", device="cpu", precision="fp32")
    again = geometry_of(encoder, texts, few, headed=headed, bootstrap=20).to_dict()
    assert json.loads(json.dumps(again)) == {
        k: v for k, v in made["encoders"][str(bert)].items() if k != "digest"
    }


def test_a_broken_recording_goes_on_with_the_next_encoder(
    bert: Path, copied: Path, few: ScoredPairs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[str] = []
    once = geometry.geometry_of

    def breaking(encoder: Any, *more: Any, **named: Any) -> Any:
        if len(measured) == 1:
            raise KeyboardInterrupt
        measured.append(encoder.name)
        return once(encoder, *more, **named)

    monkeypatch.setattr(geometry, "geometry_of", breaking)
    names = (str(bert), str(copied))
    with pytest.raises(KeyboardInterrupt):
        geometry.record(tmp_path / "geometry.json", encoders=names, sentences=20, bootstrap=0)
    assert not (tmp_path / "geometry.json").exists()
    monkeypatch.setattr(geometry, "geometry_of", lambda *a, **k: measured.append(a[0].name) or once(*a, **k))
    made = geometry.record(tmp_path / "geometry.json", encoders=names, sentences=20, bootstrap=0)
    assert list(made["encoders"]) == list(names) == measured


def test_what_is_not_on_this_machine_is_left_out() -> None:
    assert present(("minilm:4", "./folder", "no/such")) == ("minilm:4", "./folder", "no/such")
    absent = next((name for name in ENCODERS if name not in present()), None)
    if absent is not None:
        assert absent not in present((absent, "minilm"))
        with pytest.raises(ConfigError, match=absent):
            present((absent,))
