from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from unit.encoder_factory import FAMILIES, SENTENCES, make_checkpoint

from simcse_core import load_encoder
from simcse_core.errors import ConfigError, DataError
from simcse_core.theory.walk import walk
from simcse_core.theory.walk_arrays import unit_rows
from simcse_core.theory.walk_batch import Batch

TEXTS = (SENTENCES[0], SENTENCES[2], SENTENCES[4], SENTENCES[7])
HARD = ("no man plays", "the river sleeps", "not bread", "seven books")


@pytest.fixture(scope="module")
def encoder(bert: Path) -> Any:
    return load_encoder(str(bert), device="cpu", precision="fp32")


@pytest.mark.filterwarnings("ignore:.*ships with dropout 0")
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_can_be_walked(family: str, tmp_path: Path) -> None:
    encoder = load_encoder(str(make_checkpoint(tmp_path / family, family)), device="cpu", precision="fp32")
    found = walk(encoder, TEXTS, dropout=0.5)
    batch = found.batch
    assert batch.zeroed == pytest.approx(np.full(8, 0.5), abs=0.2)
    assert not np.array_equal(batch.after[0], batch.after[4])
    assert np.array_equal(batch.before[0], batch.before[4])
    off = walk(encoder, TEXTS, dropout=0.0).batch
    np.testing.assert_allclose(unit_rows(off.embeddings)[:4], encoder.encode(TEXTS), atol=2e-5)
    assert batch.padding.alone < 1e-5


def test_dropout_zeroes_the_stated_share_and_scales_the_rest(encoder: Any) -> None:
    long = [" ".join(SENTENCES[5].split()[i:]) for i in range(4)]
    for p in (0.1, 0.3):
        batch = walk(encoder, long, dropout=p).batch
        numbers = int(batch.lengths.sum()) * batch.embedding_width
        spread = math.sqrt(p * (1 - p) / numbers)
        mean = float((batch.zeroed * batch.lengths).sum() / batch.lengths.sum())
        assert abs(mean - p) < 5 * spread
        before, after = batch.before.astype(np.float64), batch.after.astype(np.float64)
        kept = after != 0
        np.testing.assert_allclose(after[kept], before[kept] / (1 - p), rtol=2e-3, atol=2e-4)


def test_masks_follow_the_seed_and_may_be_shared(encoder: Any) -> None:
    first = walk(encoder, TEXTS, seed=1).batch
    again, other = walk(encoder, TEXTS, seed=1).batch, walk(encoder, TEXTS, seed=2).batch
    assert np.array_equal(first.embeddings, again.embeddings)
    assert not np.array_equal(first.embeddings, other.embeddings)
    shared = walk(encoder, TEXTS, seed=1, same_mask=True)
    np.testing.assert_array_equal(shared.batch.embeddings[:4], shared.batch.embeddings[4:])
    np.testing.assert_array_equal(shared.batch.after[:4], shared.batch.after[4:])


@pytest.mark.parametrize("how", [{"dropout": 0.0}, {"dropout": 0.3, "same_mask": True}])
def test_equal_views_leave_nothing_to_pull(encoder: Any, how: dict[str, Any]) -> None:
    found = walk(encoder, TEXTS, **how)
    np.testing.assert_allclose(np.diag(found["similarities"]), 1, atol=1e-6)
    if how["dropout"] == 0:
        assert not found.batch.zeroed.any()
    model = encoder.model  # both views the same function of the weights: their cosine has no gradient
    ids = torch.tensor(found.batch.ids[:1])
    states = model(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state.mean(dim=1)
    weight = next(model.parameters())
    cosine = torch.nn.functional.cosine_similarity(states, states).sum()
    (slope,) = torch.autograd.grad(cosine, weight)
    assert float(slope.abs().max()) < 1e-5


def test_the_encoder_and_the_random_state_stay_as_they_are(encoder: Any) -> None:
    vectors, digest, state = encoder.encode(TEXTS), encoder.digest, torch.get_rng_state()
    settings_before = [m.p for m in encoder.modules() if isinstance(m, torch.nn.Dropout)]
    walk(encoder, TEXTS, dropout=0.5)
    assert torch.equal(torch.get_rng_state(), state)
    assert [m.p for m in encoder.modules() if isinstance(m, torch.nn.Dropout)] == settings_before
    assert not any(module.training for module in encoder.modules())
    assert encoder.digest == digest and encoder.dropout == encoder.model.config.hidden_dropout_prob
    assert not any(module._forward_hooks for module in encoder.modules())
    np.testing.assert_array_equal(encoder.encode(TEXTS), vectors)


def test_pieces_kinds_and_padding(encoder: Any) -> None:
    batch = walk(encoder, ["bread", "the cat sleeps zzz ∞"]).batch
    assert batch.pieces[0][:3] == ("[CLS]", "bread", "[SEP]") and batch.kinds[0][:3] == (
        "special",
        "word",
        "special",
    )
    assert set(batch.kinds[0][3:]) == {"padding"} and set(batch.pieces[0][3:]) == {"[PAD]"}
    assert {"inside", "unknown"} <= set(batch.kinds[1])
    assert batch.mask.sum() == batch.lengths.sum() and batch.mask[0].tolist()[:4] == [True] * 3 + [False]
    assert batch.padding.row == 0 and batch.padding.alone < 1e-5 and batch.padding.unmasked < 0.999


def test_a_batch_survives_the_file(encoder: Any) -> None:
    batch = walk(encoder, TEXTS).batch
    again = Batch.from_dict(json.loads(json.dumps(batch.to_dict())))
    for name, value in vars(batch).items():
        kept = getattr(again, name)
        assert np.array_equal(kept, value) if isinstance(value, np.ndarray) else kept == value, name


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ({"texts": ["one"]}, "two or more"),
        ({"texts": []}, "two or more"),
        ({"positives": ["one"]}, "equally many"),
        ({"texts": ["x"] * 30}, "at most"),
        ({"texts": ["x", None]}, "Row 2"),
        ({"layout": "triples"}, "needs 3 texts"),
        ({"negatives": HARD}, "needs 2 texts"),
    ],
)
def test_texts_that_cannot_be_walked(encoder: Any, call: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        walk(encoder, **{"texts": TEXTS, **call})


@pytest.mark.parametrize(
    "wrong",
    [
        {"layout": "ring"},
        {"temperature": 0.0},
        {"temperature": math.nan},
        {"dropout": 1.0},
        {"dropout": -0.1},
    ],
)
def test_settings_out_of_range(encoder: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        walk(encoder, TEXTS, **wrong)
