"""Words filled by tiny masked language models made on the spot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForMaskedLM, AutoTokenizer, pipeline
from unit.encoder_factory import WORDS, make_config, make_tokenizer
from unit.training_factory import SENTENCES, tiny_config

from simcse_core.encoders.filler import MaskFiller
from simcse_core.errors import EncoderError, HubError
from simcse_core.runs.execute import encoder_to_train
from simcse_core.training.trainer import Trainer
from simcse_core.views import views

MASKED = ["a man plays the [MASK]", "the [MASK] sleeps near [MASK] river", "two dogs run", "[MASK]"]


def make_language_model(folder: Path, family: str = "bert", seed: int = 3) -> Path:
    """A random masked language model of two layers, wide enough apart that places differ."""
    folder.mkdir(parents=True)
    torch.manual_seed(seed)
    layers = {"n_layers": 2} if family == "distilbert" else {"num_hidden_layers": 2}
    model = AutoModelForMaskedLM.from_config(make_config(family, **layers))
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 2:
                parameter.normal_(std=0.3)
    model.save_pretrained(folder)
    make_tokenizer(folder, family)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_language_model(tmp_path_factory.mktemp("filler") / "bert")


@pytest.fixture(scope="module")
def filler(folder: Path) -> MaskFiller:
    return MaskFiller(str(folder))


def made(folder: Path, records: list[str], seed: int = 0, **parameters: object) -> list[str]:
    found = views["masked_lm"](records, np.random.default_rng(seed), source=str(folder), **parameters)
    assert found["anchor"] == records
    return list(found["positive"])


def test_the_likeliest_whole_word_is_that_of_transformers(folder: Path, filler: MaskFiller) -> None:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    oracle = pipeline(
        "fill-mask", model=AutoModelForMaskedLM.from_pretrained(folder), tokenizer=tokenizer, device="cpu"
    )
    found = filler(MASKED, np.random.default_rng(0))
    assert [len(words) for words in found] == [1, 2, 0, 1]
    for text, words in zip(MASKED, found, strict=True):
        told = oracle(text, top_k=len(tokenizer)) if words else []
        for place, word in zip(told if len(words) > 1 else [told], words, strict=False):
            assert word == next(one["token_str"] for one in place if one["token"] in filler.texts)


def test_words_are_drawn_in_proportion_to_their_probability(filler: MaskFiller) -> None:
    """Among the three likeliest, 3,000 draws meet the softmax of the whole words to four deviations."""
    many, top = 3000, 3
    batch = filler.tokenizer.batch([MASKED[0]])
    with torch.inference_mode():
        logits = filler.model(input_ids=batch.ids, attention_mask=batch.mask.long()).logits
    at = batch.ids[0].tolist().index(filler.tokenizer.mask_id)
    scores = {word: float(logits[0, at, number]) for number, word in filler.texts.items()}
    best = sorted(scores, key=scores.__getitem__, reverse=True)[:top]
    shares = np.exp([scores[word] for word in best])
    shares /= shares.sum()
    drawn = filler._draw(logits[0, at].expand(many, -1), np.random.default_rng(1), top)
    counts = np.array([drawn.count(word) for word in best])
    assert counts.sum() == many
    assert (abs(counts - many * shares) <= 4 * np.sqrt(many * shares * (1 - shares)) + 1).all()


@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert", "electra", "mpnet", "modernbert"])
def test_only_whole_words_are_proposed(tmp_path: Path, family: str) -> None:
    texts = MaskFiller(str(make_language_model(tmp_path / family, family))).texts
    assert set(WORDS) <= set(texts.values())
    assert not {"##a", "[PAD]", "<pad>", "", ",", "a b"} & set(texts.values())


def test_a_share_of_the_words_changes_and_the_rest_stays(folder: Path) -> None:
    sentence = "the old man plays a guitar near the red house at night"
    counts = set()
    for seed in range(20):
        (after,) = made(folder, [sentence], seed, rate=0.3, top=10)
        pairs = list(zip(sentence.split(), after.split(), strict=True))
        counts.add(sum(old != new for old, new in pairs))
    assert 0 < max(counts) <= round(0.3 * 12)
    assert made(folder, [sentence], rate=0.0) == [sentence]
    assert made(folder, [sentence], 5) == made(folder, [sentence], 5)
    assert len({made(folder, [sentence], seed, rate=0.3)[0] for seed in range(5)}) > 1


def test_punctuation_and_capitals_stay(folder: Path) -> None:
    for seed in range(10):
        (after,) = made(folder, ["Dog, “cat” — house!"], seed, rate=0.9)
        words = after.split()
        assert words[0][0].isupper() and words[0].endswith(",")
        assert words[2] == "—" and words[3].endswith("!")


def test_a_sentence_with_a_mask_token_stays_and_a_long_one_keeps_its_end(folder: Path) -> None:
    long = " ".join(["cat"] * 200)
    after = made(folder, [MASKED[0], long, "bread"], rate=0.9, top=1)
    assert after[0] == MASKED[0] and after[2] == "bread"  # one word alone is never masked
    assert after[1] != long and after[1].split()[100:] == long.split()[100:]


def test_a_run_fills_with_the_untrained_encoder_it_starts_from(folder: Path, tmp_path: Path) -> None:
    config = tiny_config(tmp_path, folder, view__name="masked_lm", view__rate=0.5).check()
    trainer = Trainer(config, encoder_to_train(config), SENTENCES)
    assert all(trainer.advance().grad_norm > 0 for _ in range(2))
    roles = trainer._roles()
    again = views["masked_lm"](
        trainer.batches.at(2), np.random.default_rng([config.seed, 1, 2]), source=str(folder), rate=0.5
    )
    assert roles == again and roles["positive"] != roles["anchor"]


def test_an_encoder_without_the_head_is_refused_with_what_has_one(tiny_checkpoint: Path) -> None:
    with pytest.raises(EncoderError, match="no language-model head") as refused:
        MaskFiller(str(tiny_checkpoint))
    assert "bert-base-uncased" in refused.value.hint and "view.filler" in refused.value.hint
    with pytest.raises(EncoderError, match="no language-model head"):
        made(tiny_checkpoint, ["the cat sleeps"], filler="own")


def test_pickled_weights_and_an_absent_model_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pickled = make_language_model(tmp_path / "pickled")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    with pytest.raises(EncoderError, match="pickle"):
        MaskFiller(str(pickled))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    with pytest.raises(HubError, match="cannot be reached"):
        made(pickled, ["the cat"], filler="nobody/masked-xx")
