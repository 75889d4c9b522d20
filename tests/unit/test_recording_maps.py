"""The recorded map: complete, true to the shipped texts, and made again on a tiny encoder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from unit.training_factory import tiny_config

from simcse_core.config import RunConfig
from simcse_core.evaluation.atlas import Atlas
from simcse_core.evaluation.cone import sample_sentences
from simcse_core.evaluation.neighbours import nearest
from simcse_core.projection import alignments
from simcse_core.recording import maps
from simcse_core.runtime import assets
from simcse_core.training.evaluation import scored_sets

FILE = assets() / "recorded" / "maps.json"
Shipped = dict[str, Any]


@pytest.fixture(scope="module")
def shipped() -> Shipped:
    content: Shipped = json.loads(FILE.read_text(encoding="utf-8"))
    return content


def test_it_says_how_it_was_made_and_is_small(shipped: Shipped) -> None:
    made = shipped["made"]
    assert {"command", "config", "seed", "versions", "device", "date", "sample"} <= set(made)
    assert RunConfig.from_dict(made["config"]) == maps.config().check()
    assert FILE.stat().st_size < 1_200_000


def test_it_holds_every_step_and_every_map_of_the_shipped_sentences(shipped: Shipped) -> None:
    atlas = Atlas.from_dict(shipped["map"])
    assert list(zip(atlas.texts, atlas.subjects, strict=True)) == sample_sentences(maps.SENTENCES)
    last = shipped["made"]["config"]["optim"]["steps"]
    assert atlas.steps == tuple(range(0, last + 1, maps.EVERY))
    assert set(atlas.layouts) == set(alignments)
    assert [row["step"] for row in shipped["scores"]] == list(atlas.steps)
    for layout in atlas.layouts.values():
        assert layout.chance is not None
        for kept, trust in zip(layout.kept, layout.trustworthiness, strict=True):
            assert kept is not None and trust is not None and layout.chance < kept < 1 and 0.5 < trust < 1


def test_neighbours_are_different_rows_in_falling_order_of_cosine(shipped: Shipped) -> None:
    atlas = Atlas.from_dict(shipped["map"])
    own = np.arange(len(atlas.texts))[:, None]
    assert (atlas.neighbours != own).all()
    assert all(len(set(row)) == len(row) for step in atlas.neighbours.tolist() for row in step)
    assert (np.diff(atlas.cosines, axis=2) <= 0).all()


@pytest.fixture
def tiny(tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunConfig:
    few = {"pairs": scored_sets("pairs")["pairs"][:40]}
    monkeypatch.setattr(maps, "measured_sets", lambda sts: few)
    monkeypatch.setattr(maps, "described", lambda name, pairs: {"pairs": len(pairs)})
    return tiny_config(tmp_path / "data", tiny_checkpoint, optim__steps=4, data__train="clips")


def test_a_recording_follows_the_run_from_its_start(tiny: RunConfig, tmp_path: Path) -> None:
    from simcse_core.encoders import load_encoder

    sentences, out = sample_sentences(40), tmp_path / "maps.json"
    told = maps.record(out, base=tiny, sentences=sentences, methods=("pca", "pca_rotated"))
    assert json.loads(out.read_text(encoding="utf-8")) == json.loads(json.dumps(told))
    atlas = Atlas.from_dict(told["map"])
    assert atlas.steps == (0, 2, 4) and [row["step"] for row in told["scores"]] == [0, 2, 4]
    assert {"pairs", "mean_cosine", "uniformity"} < set(told["scores"][0])
    untrained = load_encoder(
        tiny.encoder.name, device="cpu", precision="fp32", pooling=tiny.encoder.pooling,
        max_length=tiny.encoder.max_length,
    ).encode([text for text, _ in sentences])  # fmt: skip
    rows, cosines = nearest(untrained)
    assert atlas.cosines[0] == pytest.approx(cosines, abs=1e-3)
    assert (atlas.neighbours[0] == rows).mean() > 0.95  # float32 decides between nearly equal ones
    assert not np.array_equal(atlas.neighbours[0], atlas.neighbours[-1])
