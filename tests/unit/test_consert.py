"""ConSERT's augmentations against the plain transformer with its embedding layer's output changed by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModel
from unit.encoder_factory import SENTENCES as TEXTS
from unit.encoder_factory import load, make_checkpoint
from unit.training_factory import SENTENCES, tiny_config

from simcse_core.encoders import Encoder
from simcse_core.encoders.cutoff import Kept
from simcse_core.errors import EncoderError
from simcse_core.runs.execute import encoder_to_train
from simcse_core.training.embedding import embed
from simcse_core.training.trainer import Trainer
from simcse_core.views import FEATURES_KEPT, TOKENS_KEPT, views

WIDTH = 32


def made(encoder: Encoder, seed: int = 0, **parameters: Any) -> dict[str, Any]:
    rows = views["consert"](
        TEXTS, np.random.default_rng(seed), tokenizer=encoder.text_tokenizer, width=WIDTH, **parameters
    )
    return dict(rows)


def by_hand(folder: Path, rows: list[list[int]], scale: list[torch.Tensor]) -> tuple[torch.Tensor, Any]:
    """Mean-pooled embeddings (B, h) of the plain transformer, one text at a time, and the transformer."""
    model = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
    model.requires_grad_(True)
    pooled = []
    for row, factor in zip(rows, scale, strict=True):
        embedded = model.embeddings(input_ids=torch.tensor([row])) * factor
        if hasattr(model, "embeddings_project"):
            embedded = model.embeddings_project(embedded)
        mask = torch.zeros(1, 1, len(row), len(row))
        pooled.append(model.encoder(embedded, attention_mask=mask)[0].mean(dim=1))
    return torch.cat(pooled), model


@pytest.mark.parametrize("chunk", [0, 3])
@pytest.mark.parametrize("way", ["feature_cutoff", "token_cutoff"])
def test_a_cut_off_zeroes_the_embedding_layer_values_and_gradients(bert: Path, way: str, chunk: int) -> None:
    encoder = load(bert, pooling="mean")
    roles = made(encoder, first=way, second="none")
    rows = roles["anchor"]
    scale = [
        torch.tensor(tokens)[:, None] * torch.tensor(features)
        for tokens, features in zip(
            roles["anchor" + TOKENS_KEPT], roles["anchor" + FEATURES_KEPT], strict=True
        )
    ]
    whole = [torch.ones(len(row), WIDTH) for row in rows]
    (anchor, cut_model), (positive, whole_model) = (by_hand(bert, rows, x) for x in (scale, whole))
    weights = torch.randn(len(rows), WIDTH, generator=torch.Generator().manual_seed(1))
    ((anchor - 2 * positive) * weights).sum().backward()
    found = embed(encoder, roles, masks="fresh", dropout=0.0, chunk=chunk)
    torch.testing.assert_close(found["anchor"], anchor.detach(), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(found["positive"], positive.detach(), rtol=1e-4, atol=1e-5)
    ((found["anchor"] - 2 * found["positive"]) * weights).sum().backward()
    theirs = {
        name: [p for p in (a.grad, dict(whole_model.named_parameters())[name].grad) if p is not None]
        for name, a in cut_model.named_parameters()
    }
    for name, parameter in encoder.model.named_parameters():
        if theirs[name]:
            torch.testing.assert_close(parameter.grad, sum(theirs[name]), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert", "electra"])
def test_moving_tokens_is_moving_positions(tmp_path: Path, family: str) -> None:
    """The states of shuffled tokens are those of shuffled position numbers, in another order."""
    folder = make_checkpoint(tmp_path / family, family)
    encoder = load(folder, pooling="mean")
    roles = made(encoder, first="none", second="shuffle")
    model = AutoModel.from_pretrained(folder).eval()
    first = 0 if family in ("bert", "electra", "distilbert") else 2  # number of the first position
    for row, moved in zip(roles["anchor"], roles["positive"], strict=True):
        assert sorted(row) == sorted(moved) and (row[0], row[-1]) == (moved[0], moved[-1])
        left = list(enumerate(moved))
        place = []
        for token in row:
            at = next(i for i, (_, other) in enumerate(left) if other == token)
            place.append(left.pop(at)[0] + first)
        if family == "distilbert":  # takes no positions: its table is looked up in another order instead
            table = model.embeddings.position_embeddings.weight.data
            before = table.clone()
            table[: len(place)] = before[place]
            with torch.no_grad():
                states = model(input_ids=torch.tensor([row])).last_hidden_state
            table.copy_(before)
        else:
            with torch.no_grad():
                states = model(
                    input_ids=torch.tensor([row]), position_ids=torch.tensor([place])
                ).last_hidden_state
        own = encoder.forward_train([moved]).detach()
        torch.testing.assert_close(own, states.mean(dim=1), rtol=1e-4, atol=1e-5)


def test_how_much_is_cut_off(bert: Path) -> None:
    """int(rate x count), of features and of tokens, other ones for each sentence."""
    encoder = load(bert)
    roles = made(encoder, first="feature_cutoff", second="token_cutoff", feature_rate=0.2, token_rate=0.3)
    assert (np.asarray(roles["anchor" + FEATURES_KEPT]).sum(axis=1) == WIDTH - int(0.2 * WIDTH)).all()
    assert all(all(row) for row in roles["anchor" + TOKENS_KEPT])
    assert len({tuple(row) for row in roles["anchor" + FEATURES_KEPT].tolist()}) > 1
    for row, kept in zip(roles["positive"], roles["positive" + TOKENS_KEPT], strict=True):
        assert len(kept) == len(row) and sum(kept) == len(row) - int(0.3 * len(row))
    assert roles["positive" + FEATURES_KEPT].all()
    nothing = made(encoder, first="feature_cutoff", second="token_cutoff", feature_rate=0.0, token_rate=0.0)
    assert nothing["positive" + FEATURES_KEPT].all() and nothing["anchor"] == nothing["positive"]


@pytest.mark.parametrize("second", ["shuffle", "token_cutoff", "none"])
def test_a_run_trains_with_any_two(tmp_path: Path, tiny_checkpoint: Path, second: str) -> None:
    config = tiny_config(tmp_path, tiny_checkpoint, view__name="consert", view__second=second).check()
    trainer = Trainer(config, encoder_to_train(config), SENTENCES)
    assert trainer.advance().grad_norm > 0


def test_families_that_are_not_packed_are_refused(tmp_path: Path) -> None:
    encoder = load(make_checkpoint(tmp_path / "mpnet", "mpnet"))
    kept = Kept([[1, 0, 1]], np.ones((1, WIDTH), dtype=np.float32))
    with pytest.raises(EncoderError, match="mpnet") as refused:
        encoder.forward_train([[5, 6, 7]], kept=kept)
    assert "bert" in refused.value.hint
