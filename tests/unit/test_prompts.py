"""Templates: filled, cut, saved, read at the mask token, and denoised."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from unit.encoder_factory import FAMILIES, load, make_checkpoint

from simcse_core.encoders import load_encoder
from simcse_core.encoders.prompts import Template, fill
from simcse_core.encoders.template_bias import template_states
from simcse_core.errors import ConfigError, DataError

TEMPLATE = 'the "[X]" is [MASK].'
TEXTS = ["a man plays the guitar", "the cat sleeps!", "", "not a [MASK] dog"]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_filled_row_is_the_filled_text(family: str, tmp_path: Path) -> None:
    encoder = load(make_checkpoint(tmp_path / family, family), pooling="mask", template=TEMPLATE)
    tokenizer, mask = encoder.text_tokenizer, encoder.special["mask_token"]
    filled = fill(tokenizer, Template(TEMPLATE), TEXTS)
    whole = [f'the "{text}" is {mask}.' for text in ("a man plays the guitar.", "the cat sleeps!", "")]
    assert filled.rows[:3] == tokenizer.plain_ids(whole)
    for row, (first, last), text in zip(filled.rows, filled.spans, TEXTS, strict=True):
        assert row.count(encoder.mask_id) == 1
        if "[MASK]" not in text and text:
            ended = text if text.endswith("!") else f"{text}."
            assert row[first:last] == tokenizer.plain_ids([ended])[0][1:-1]
    assert tokenizer.ids(TEXTS) == filled.rows


def test_a_long_sentence_is_cut_and_the_template_is_not(bert: Path) -> None:
    encoder = load(bert, pooling="mask", template=TEMPLATE, max_length=12)
    (row,) = encoder.text_tokenizer.ids(["red " * 50])
    assert len(row) == 12
    assert row.count(encoder.mask_id) == 1
    assert np.isfinite(encoder.encode(["red " * 50])).all()


def test_embeddings_are_states_at_the_mask(bert: Path) -> None:
    encoder = load(bert, pooling="mask", template=TEMPLATE)
    by_hand = load(bert, pooling="mask").encode(['the "a man plays the guitar." is [MASK].'])
    np.testing.assert_allclose(encoder.encode(TEXTS[:1]), by_hand, atol=1e-6)


def test_a_template_is_saved_and_part_of_the_digest(bert: Path, tmp_path: Path) -> None:
    encoder = load(bert, pooling="mask", template=TEMPLATE)
    encoder.save(tmp_path / "saved")
    again = load_encoder(str(tmp_path / "saved"), device="cpu", precision="fp32")
    assert (again.template, again.pooling) == (TEMPLATE, "mask")
    np.testing.assert_allclose(again.encode(TEXTS), encoder.encode(TEXTS), atol=1e-6)
    assert load(bert, pooling="mask").digest != encoder.digest == again.digest


@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert"])
def test_what_a_template_says_alone_keeps_the_positions(family: str, tmp_path: Path) -> None:
    """Equal to the HF forward over the template's own tokens, where they stand around a sentence."""
    encoder = load(make_checkpoint(tmp_path / family, family), pooling="mask").eval()
    filled = fill(encoder.text_tokenizer, Template(TEMPLATE), TEXTS[:2])
    with torch.no_grad():
        found = template_states(encoder, filled.rows, filled.spans)
        for n, (row, (first, last)) in enumerate(zip(filled.rows, filled.spans, strict=True)):
            offset = encoder.text_tokenizer.padding_id + 1 if family == "roberta" else 0
            kept = [i for i in range(len(row)) if not first <= i < last]
            ids = torch.tensor([[row[i] for i in kept]])
            if family == "distilbert":  # takes no position numbers: hide the sentence by hand instead
                mask = torch.ones(1, len(row), dtype=torch.long)
                mask[0, first:last] = 0
                states = encoder.model(input_ids=torch.tensor([row]), attention_mask=mask).last_hidden_state
                at = row.index(encoder.mask_id)
            else:
                places = torch.tensor([[i + offset for i in kept]])
                states = encoder.model(input_ids=ids, position_ids=places).last_hidden_state
                at = kept.index(row.index(encoder.mask_id))
            torch.testing.assert_close(found[n], states[0, at], atol=1e-5, rtol=1e-5)


def test_the_bias_depends_on_the_length_alone_and_trains(bert: Path) -> None:
    encoder = load(bert, pooling="mask").eval()
    filled = fill(encoder.text_tokenizer, Template(TEMPLATE), ["the cat sleeps", "the dog eats", "bread"])
    states = template_states(encoder, filled.rows, filled.spans)
    torch.testing.assert_close(states[0], states[1], atol=0, rtol=0)
    assert not torch.allclose(states[0], states[2])
    states.sum().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in encoder.parameters())
    assert encoder.model.embeddings.word_embeddings.weight.grad.abs().sum() > 0


@pytest.mark.parametrize("text", ["no place [MASK]", "no mask [X]", "[X] [X] [MASK]", "[X] [MASK] [MASK]"])
def test_templates_that_make_no_sense(text: str) -> None:
    with pytest.raises(ConfigError, match="holds"):
        Template(text)


def test_a_template_that_leaves_no_room(bert: Path) -> None:
    encoder = load(bert, pooling="mask", template=f"{'red ' * 20}[X] [MASK]", max_length=10)
    with pytest.raises(ConfigError, match="takes all"):
        encoder.encode(["a dog"])


def test_a_row_that_is_no_text_is_named_as_ever(bert: Path) -> None:
    with pytest.raises(DataError, match="Row 2"):
        load(bert, pooling="mask", template=TEMPLATE).encode(["a dog", 3])  # type: ignore[list-item]
