"""Training mode, heads, saving, on tiny random checkpoints."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from unit.encoder_factory import SENTENCES, load, make_checkpoint

from simcse_core.encoders.packed import drop
from simcse_core.errors import DataError

torch.set_num_threads(1)


def test_encode_sees_every_update(bert: Path) -> None:
    for options in ({"fused": True}, {"foreach": True}):
        encoder = load(bert)
        before = encoder.encode(SENTENCES)
        optimizer = torch.optim.AdamW(encoder.parameters(), lr=0.01, **options)
        for _ in range(2):
            encoder.train().forward_train(SENTENCES).square().sum().backward()
            stale = encoder.encode(SENTENCES)
            optimizer.step()
            after = encoder.encode(SENTENCES)
            assert np.abs(after - stale).max() > 1e-4
            with torch.no_grad():
                exact = torch.nn.functional.normalize(encoder.eval().forward_train(SENTENCES))
            np.testing.assert_allclose(after, exact, atol=1e-5)
        assert np.abs(after - before).max() > 1e-3


def test_encoding_leaves_the_mode_and_the_random_state_alone(tmp_path: Path) -> None:
    for family in ("bert", "mpnet"):
        encoder = load(make_checkpoint(tmp_path / family, family)).train()
        state = torch.get_rng_state()
        encoder.encode(SENTENCES)
        assert encoder.training and all(module.training for module in encoder.model.modules())
        assert torch.equal(state, torch.get_rng_state())


def test_both_views_of_a_text_draw_their_own_masks(bert: Path) -> None:
    encoder = load(bert).train()
    found = encoder.forward_train(["the cat sleeps"] * 2).detach()
    assert float((found[0] - found[1]).abs().max()) > 1e-4


@pytest.mark.parametrize("family", ["bert", "mpnet"])
def test_bfloat16_training_keeps_float32_weights_and_gradients(family: str, tmp_path: Path) -> None:
    encoder = load(make_checkpoint(tmp_path / family, family), precision="bf16").eval()
    out = encoder.forward_train(SENTENCES)
    assert out.dtype == torch.float32
    out.sum().backward()
    assert {p.grad.dtype for p in encoder.parameters() if p.grad is not None} == {torch.float32}
    exact = load(tmp_path / family).eval().forward_train(SENTENCES)
    assert float(torch.cosine_similarity(out, exact).min().detach()) > 0.999


def test_the_training_head_is_used_in_training_only(bert: Path, tmp_path: Path) -> None:
    encoder = load(bert, pooling="cls_before_pooler").eval()
    before = encoder.encode(SENTENCES)
    encoder.attach_head(generator=torch.Generator().manual_seed(3))
    assert encoder.training_head is not None and len(list(encoder.training_head.parameters())) == 2
    encoder.set_dropout(0.0)
    pooled = encoder.eval().forward_train(SENTENCES)
    through = encoder.train().forward_train(SENTENCES)
    encoder.set_dropout(0.1)
    torch.testing.assert_close(through, encoder.training_head(pooled))
    np.testing.assert_array_equal(encoder.encode(SENTENCES), before)
    encoder.save(tmp_path)
    np.testing.assert_allclose(load(tmp_path).encode(SENTENCES), before, atol=1e-6)


def test_the_head_is_drawn_from_its_generator(bert: Path) -> None:
    weights = []
    for seed in (1, 1, 2):
        encoder = load(bert)
        encoder.attach_head(generator=torch.Generator().manual_seed(seed))
        assert encoder.training_head is not None
        weights.append(encoder.training_head.dense.weight.detach())
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])
    assert float(weights[0].std()) == pytest.approx(0.02, rel=0.1)


def test_an_empty_batch_and_a_badly_padded_one(bert: Path) -> None:
    from simcse_core.encoders import TokenBatch

    encoder = load(bert)
    with pytest.raises(DataError, match="empty batch"):
        encoder.forward_train([])
    ids = torch.tensor([[0, 2, 3]])
    with pytest.raises(DataError, match="padded on the right"):
        encoder.forward_train(TokenBatch(ids, ids != 0))


def test_tokenize_pads_on_the_right(bert: Path) -> None:
    batch = load(bert).tokenize(["the cat", "cat"])
    assert batch.ids.tolist()[1][-1] == 0 and batch.mask.tolist() == [[True] * 4, [True] * 3 + [False]]


def test_the_transformers_tokenizer_agrees(bert: Path) -> None:
    encoder = load(bert)
    assert encoder.tokenizer(list(SENTENCES))["input_ids"] == encoder.text_tokenizer.ids(SENTENCES)
    assert encoder.tokenizer.mask_token_id == encoder.mask_id == 4


def test_an_encoder_can_be_copied(bert: Path) -> None:
    encoder = load(bert)
    encoder.encode(SENTENCES)
    twin = copy.deepcopy(encoder)
    with torch.no_grad():
        encoder.model.encoder.layer[0].output.dense.weight.mul_(2)
    np.testing.assert_allclose(twin.encode(SENTENCES), load(bert).encode(SENTENCES), atol=1e-6)
    assert np.abs(encoder.encode(SENTENCES) - twin.encode(SENTENCES)).max() > 1e-3


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9])
def test_dropout_keeps_its_rate_and_its_mean(probability: float) -> None:
    torch.manual_seed(0)
    found = drop(torch.ones(400_001), probability)
    assert float((found == 0).float().mean()) == pytest.approx(probability, abs=0.005)
    assert float(found.mean()) == pytest.approx(1, abs=0.02)
    assert found.unique().tolist() == pytest.approx([0.0, 1 / (1 - probability)])
    lanes = (found[:400_000].view(-1, 4) == 0).float().mean(0)  # four numbers share a draw
    assert float((lanes - probability).abs().max()) < 0.01


def test_half_precision_for_shipping(bert: Path, tmp_path: Path) -> None:
    encoder = load(bert)
    encoder.save(tmp_path, half=True, extra={"title": "Tiny", "licence": "Apache-2.0"})
    assert {t.dtype for t in load_file(tmp_path / "model.safetensors").values()} == {torch.float16}
    again = load(tmp_path)
    assert {p.dtype for p in again.parameters()} == {torch.float32}
    assert float((again.encode(SENTENCES) * encoder.encode(SENTENCES)).sum(1).min()) > 0.9999
    assert json.loads((tmp_path / "simcse.json").read_text(encoding="utf-8"))["title"] == "Tiny"
    assert {p.dtype for p in encoder.parameters()} == {torch.float32}


def test_digest_follows_weights_layers_and_pooling(bert: Path) -> None:
    encoder = load(bert)
    assert encoder.digest == load(bert).digest != load(bert, pooling="max").digest
    before = encoder.digest
    with torch.no_grad():
        encoder.model.encoder.layer[0].output.dense.bias.add_(1e-3)
    assert encoder.digest != before
