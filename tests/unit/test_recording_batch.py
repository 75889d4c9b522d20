from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simcse_core import load_encoder
from simcse_core.recording import batch as recorder
from simcse_core.recording import recorders
from simcse_core.runtime import assets
from simcse_core.theory.batch import Views, roles_of
from simcse_core.theory.batch_clouds import Cloud

FILE = assets() / "recorded" / "batch.json"


@pytest.fixture(scope="module")
def shipped() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return content


@pytest.fixture(scope="module")
def views(shipped: dict[str, Any]) -> dict[tuple[int, float, bool], Views]:
    found = [Views.from_dict(plain) for plain in shipped["views"]]
    return {(one.parts, one.dropout, one.same_mask): one for one in found}


def test_the_file_is_small_and_says_how_it_was_made(shipped: dict[str, Any]) -> None:
    assert FILE.stat().st_size <= 400_000 and "batch" in recorders()
    made = shipped["made"]
    assert made["command"] == "python -m simcse_core record batch" and made["seed"] == recorder.SEED
    assert {"device", "date", "versions", "machine", "precision", "config"} <= set(made)
    assert made["config"]["encoder"] == recorder.MODEL


def test_every_setting_of_the_page_is_there(views: dict[tuple[int, float, bool], Views]) -> None:
    wanted = {(2, p, same) for p in recorder.DROPOUTS for same in ((False, True) if p else (False,))}
    assert set(views) == wanted | {(3, p, False) for p in recorder.DROPOUTS}
    triples = recorder.shown_triples()
    for one in views.values():
        assert one.texts[:8] == recorder.ANCHORS
        rest = [t.positive for t in triples] + [t.negative for t in triples]
        assert one.texts[8:] == (tuple(rest) if one.parts == 3 else recorder.ANCHORS)


def test_dropout_is_what_makes_the_views_differ(
    views: dict[tuple[int, float, bool], Views], shipped: dict[str, Any]
) -> None:
    def positives(dropout: float, same: bool) -> Any:
        return np.diag(roles_of(views[2, dropout, same], "two_view", 0.05).anatomy.similarities)

    for equal in ((0.0, False), (0.1, True), (0.3, True)):
        np.testing.assert_allclose(positives(*equal), 1, atol=1e-6)
        assert roles_of(views[2, *equal], "interleaved", 0.05).steepness.max() < 1e-6
    assert positives(0.3, False).max() < positives(0.1, False).min() < 0.98
    clouds = [Cloud.from_dict(plain) for plain in shipped["clouds"]]
    assert [cloud.dropout for cloud in clouds] == list(recorder.DROPOUTS)
    assert clouds[0].degrees.max() < 1e-3 and float(np.ptp(clouds[0].points, axis=1).max()) < 1e-3
    assert (clouds[1].degrees > 5).all() and (clouds[2].degrees > clouds[1].degrees + 5).all()
    assert clouds[1].points.shape == (8, recorder.CLOUD_VIEWS, 2)
    # two different draws of the same thing: one batch, and many views
    assert clouds[1].cosine.mean() == pytest.approx(positives(0.1, False).mean(), abs=0.01)


def test_the_hard_negative_wins_before_training(views: dict[tuple[int, float, bool], Views]) -> None:
    found = roles_of(views[3, 0.1, False].take(4), "triples", 0.05)
    assert found.anatomy.probabilities is not None
    assert found.anatomy.probabilities[0].argmax() == found.columns.index("a⁻")


def test_the_table_of_half_precision_is_torchs(
    shipped: dict[str, Any], views: dict[tuple[int, float, bool], Views]
) -> None:
    table = shipped["half"]
    for name, column in recorder._half(views[2, 0.1, False]).items():
        for case, value in column.items():
            told = table[name][case]
            assert (told is None) == (value is None)
            if value is not None:
                assert float(told) == pytest.approx(float(value), rel=1e-3, nan_ok=True)
    right = roles_of(views[2, 0.1, False].take(recorder.HALF_SIZE), "interleaved", 0.05).loss
    assert table["float32"]["filled"] == pytest.approx(right, rel=1e-5)
    assert table["float16"]["filled"] == pytest.approx(right, abs=0.005)
    assert math.isnan(float(table["float16"]["subtracted"])) and table["float16"]["fill"] is None


def test_it_is_made_on_another_encoder(tiny_checkpoint: Path, tmp_path: Path) -> None:
    encoder = load_encoder(str(tiny_checkpoint), device="cpu", precision="fp32")
    content = recorder.record(tmp_path / "batch.json", encoder=encoder, views=3)
    assert json.loads((tmp_path / "batch.json").read_text(encoding="utf-8")) == content
    assert content["made"]["config"]["cloud_views"] == 3
    found = [Views.from_dict(plain) for plain in content["views"]]
    assert len(found) == 8 and {one.embeddings.shape[1] for one in found} == {encoder.dimension}
    assert Cloud.from_dict(content["clouds"][2]).points.shape == (8, 3, 2)


def test_its_beginning_is_made_again(
    shipped: dict[str, Any], views: dict[tuple[int, float, bool], Views]
) -> None:
    """Without dropout the real encoder must give the recorded vectors on any machine."""
    encoder = load_encoder(recorder.MODEL, pooling=recorder.POOLING, device="cpu", precision="fp32")
    anchors = list(recorder.ANCHORS)
    again = recorder.views_of(encoder, [anchors, anchors], dropout=0.0, same_mask=False, seed=recorder.SEED)
    np.testing.assert_allclose(again.embeddings, views[2, 0.0, False].embeddings, atol=1e-4)


def test_without_its_triples_it_says_so() -> None:
    with pytest.raises(recorder.DataError, match="no longer hold"):
        recorder.shown_triples(("Nobody ever wrote this.",))
