from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simcse_core.recording import recorders
from simcse_core.recording import walk as recorder
from simcse_core.runtime import assets
from simcse_core.theory.walk import walk_of
from simcse_core.theory.walk_arrays import LAYOUTS
from simcse_core.theory.walk_batch import NUMBERS_KEPT, TEMPERATURES, Batch

FILE = assets() / "recorded" / "walk.json"


@pytest.fixture(scope="module")
def shipped() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return content


@pytest.fixture(scope="module")
def batches(shipped: dict[str, Any]) -> list[Batch]:
    return [Batch.from_dict(plain) for plain in shipped["batches"]]


def test_the_file_is_small_and_says_how_it_was_made(shipped: dict[str, Any]) -> None:
    assert FILE.stat().st_size <= 400_000
    made = shipped["made"]
    assert made["command"] == "python -m simcse_core record walk" and made["seed"] == recorder.SEED
    assert {"device", "date", "versions", "machine", "precision", "config"} <= set(made)
    assert "walk" in recorders()


def test_every_setting_of_the_page_is_there(batches: list[Batch]) -> None:
    found = {(batch.parts, batch.dropout, batch.same_mask) for batch in batches}
    wanted = {(2, p, same) for p in recorder.DROPOUTS for same in ((False, True) if p else (False,))}
    assert found == wanted | {(3, p, False) for p in recorder.DROPOUTS}
    assert len(found) == len(batches)


def test_the_texts_are_the_shipped_ones(batches: list[Batch]) -> None:
    triples = recorder.shown_triples()
    for batch in batches:
        assert batch.texts[:4] == tuple(triple.anchor for triple in triples)
        rest = [t.positive for t in triples] + [t.negative for t in triples]
        assert batch.texts[4:] == (tuple(rest) if batch.parts == 3 else batch.texts[:4])


def test_every_walk_ends_at_the_objective(batches: list[Batch]) -> None:
    for batch in batches:
        for name, layout in LAYOUTS.items():
            for temperature in TEMPERATURES if layout.parts == batch.parts else ():
                found = walk_of(batch, name, temperature).loss
                stated = batch.objectives[layout.objective][f"{temperature:g}"]
                assert found == pytest.approx(stated, abs=1e-6 if temperature >= 0.05 else 1e-6 / temperature)


def test_the_story_of_the_page_holds(batches: list[Batch]) -> None:
    by_key = {(batch.parts, batch.dropout, batch.same_mask): batch for batch in batches}

    def pairs(dropout: float, same: bool) -> Any:
        return np.diag(walk_of(by_key[2, dropout, same], "two_view", 0.05)["similarities"])

    np.testing.assert_allclose(pairs(0.0, False), 1, atol=1e-6)
    np.testing.assert_allclose(pairs(0.1, True), 1, atol=1e-6)
    assert pairs(0.3, False).mean() < pairs(0.1, False).mean() < 0.98
    hard = walk_of(by_key[3, 0.1, False], "triples", 0.05)
    share = hard.probabilities[:, 4:].sum(axis=1)
    assert share.max() > 0.5  # an untrained encoder takes a contradiction for the better match
    for batch in batches:
        assert float(np.abs(batch.zeroed - batch.dropout).max()) < 0.03
        assert batch.padding.alone < 1e-5 and batch.padding.unmasked < 0.999


@pytest.mark.slow
def test_it_is_made_again(shipped: dict[str, Any], batches: list[Batch], tmp_path: Path) -> None:
    made = recorder.record(tmp_path / "walk.json")
    assert json.loads((tmp_path / "walk.json").read_text(encoding="utf-8")) == made
    here, there = (content["made"] for content in (made, shipped))
    same_draws = here["versions"]["torch"] == there["versions"]["torch"] and (
        here["machine"]["processor"] == there["machine"]["processor"]
    )  # another build of torch may draw other masks from the same seed
    for recorded, plain in zip(batches, made["batches"], strict=True):
        again = Batch.from_dict(plain)
        assert recorded.pieces == again.pieces and recorded.after.shape[2] == NUMBERS_KEPT
        np.testing.assert_array_equal(recorded.ids, again.ids)
        np.testing.assert_allclose(recorded.before, again.before, atol=2e-3)
        if same_draws or not recorded.dropout:
            np.testing.assert_array_equal(recorded.after == 0, again.after == 0)
            np.testing.assert_allclose(recorded.embeddings, again.embeddings, atol=1e-4)


def test_without_its_triples_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "ANCHORS", ("Nobody ever wrote this.",))
    with pytest.raises(recorder.DataError, match="no longer hold"):
        recorder.shown_triples()
