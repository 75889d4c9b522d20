"""Round trips through two tiny translation models made on the spot."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import sentencepiece
import torch
from transformers import MarianConfig, MarianMTModel

from simcse_core.data.datasets import load_dataset_records
from simcse_core.encoders.translator import Translator
from simcse_core.errors import EncoderError, HubError
from simcse_core.views import back_translation as module
from simcse_core.views import views

SENTENCES = [
    f"the {a} {b} near the {c}" for a in ("cat", "dog") for b in ("sits", "runs") for c in ("tree", "river")
]


def make_marian(folder: Path, *, seed: int) -> Path:
    """A random MarianMT model of one layer with a real sentencepiece tokenizer."""
    folder.mkdir(parents=True)
    text = folder / "text.txt"
    text.write_text("\n".join(SENTENCES), encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(text),
        model_prefix=str(folder / "source"),
        vocab_size=40,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    (folder / "source.model").rename(folder / "source.spm")
    (folder / "target.spm").write_bytes((folder / "source.spm").read_bytes())
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(folder / "source.spm"))
    own = [pieces.id_to_piece(i) for i in range(pieces.get_piece_size())]
    names = ["</s>", "<unk>", *(p for p in own if p not in ("</s>", "<unk>", "<s>")), "<pad>"]
    (folder / "vocab.json").write_text(json.dumps({name: i for i, name in enumerate(names)}))
    torch.manual_seed(seed)
    config = MarianConfig(
        vocab_size=len(names), d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=32, decoder_ffn_dim=32, pad_token_id=len(names) - 1,
        decoder_start_token_id=len(names) - 1, eos_token_id=0, forced_eos_token_id=0,
        max_position_embeddings=300,
    )  # fmt: skip
    MarianMTModel(config).save_pretrained(folder)
    settings = {"tokenizer_class": "MarianTokenizer", "source_lang": "en", "target_lang": "de"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return folder


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    root = tmp_path_factory.mktemp("marian")
    return make_marian(root / "there", seed=0), make_marian(root / "back", seed=1)


def trip(models: tuple[Path, Path], sentences: list[str]) -> dict:
    there, back = map(str, models)
    return dict(views["back_translation"](sentences, np.random.default_rng(0), there=there, back=back))


def test_a_round_trip_is_both_directions_one_after_the_other(models: tuple[Path, Path]) -> None:
    found = trip(models, SENTENCES)
    there, back = (Translator(str(folder)) for folder in models)
    expected = [there([text])[0] for text in SENTENCES]
    expected = [back([text])[0].strip() for text in expected]
    assert found["anchor"] == SENTENCES
    assert found["positive"] == [text or own for text, own in zip(expected, SENTENCES, strict=True)]


def test_a_sentence_is_translated_once(models: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    first = trip(models, SENTENCES[:2])
    monkeypatch.setattr(module, "_translator", lambda source: pytest.fail("translated again"))
    assert trip(models, [*SENTENCES[:2], SENTENCES[0]])["positive"][:2] == first["positive"]


def test_models_of_another_kind_are_refused(tiny_checkpoint: Path) -> None:
    with pytest.raises(EncoderError, match="bert"):
        Translator(str(tiny_checkpoint))


def test_pickled_weights_are_refused(models: tuple[Path, Path], tmp_path: Path) -> None:
    folder = make_marian(tmp_path / "pickled", seed=2)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(EncoderError, match="pickle"):
        Translator(str(folder))


def test_a_lost_tokenizer_is_told(tmp_path: Path) -> None:
    folder = make_marian(tmp_path / "lost", seed=3)
    (folder / "source.spm").unlink()
    with pytest.raises(EncoderError) as refused:
        Translator(str(folder))
    assert "source.spm" in refused.value.hint


def test_absent_models_and_no_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    with pytest.raises(HubError, match="cannot be reached"):
        Translator("nobody/opus-mt-en-xx")


def test_the_shipped_sample_is_pairs_to_train_on() -> None:
    pairs = load_dataset_records("round-trips")
    assert len(pairs) >= 120
    assert all(pair.first and pair.second for pair in pairs)
