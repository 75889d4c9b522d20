"""Loading and refusing, every family, on tiny random checkpoints."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from unit.encoder_factory import FAMILIES, SENTENCES, load, make_checkpoint, rewrite

from simcse_core.errors import ConfigError, EncoderError

torch.set_num_threads(1)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_first_layers_are_kept(family: str, tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / family, family)
    whole = load(folder, pooling="mean", dropout=0.1)
    cut = load(f"{folder}:2", pooling="mean", dropout=0.1)
    assert (whole.layers, cut.layers) == (3, 2)
    expected = whole.encode_layers(SENTENCES, poolings=["mean"])
    if family != "modernbert":  # its last layer is followed by a norm that inner layers do not pass
        np.testing.assert_allclose(cut.encode(SENTENCES), expected[2, "mean"], atol=1e-5)
    cut.save(tmp_path / "saved")
    np.testing.assert_allclose(load(tmp_path / "saved").encode(SENTENCES), cut.encode(SENTENCES), atol=1e-6)
    assert cut.digest != whole.digest and len(cut.digest) == 16


@pytest.mark.parametrize("layers", [4, 99])
def test_more_layers_than_there_are(bert: Path, layers: int) -> None:
    with pytest.raises(EncoderError, match="1 to 3"):
        load(f"{bert}:{layers}")


@pytest.mark.parametrize("family", FAMILIES)
def test_dropout_is_set_everywhere(family: str, tmp_path: Path) -> None:
    encoder = load(make_checkpoint(tmp_path / family, family), pooling="mean", dropout=0.0).train()
    first, second = (encoder.forward_train(SENTENCES) for _ in range(2))
    torch.testing.assert_close(first, second, atol=0, rtol=0)
    encoder.set_dropout(0.3)
    assert encoder.dropout == 0.3
    assert {m.p for m in encoder.model.modules() if isinstance(m, torch.nn.Dropout)} == {0.3}
    torch.manual_seed(0)
    first, second = (encoder.forward_train(SENTENCES) for _ in range(2))
    assert float((first - second).detach().abs().max()) > 1e-3
    torch.manual_seed(0)
    torch.testing.assert_close(encoder.forward_train(SENTENCES), first, atol=0, rtol=0)
    encoder.eval()
    torch.testing.assert_close(
        encoder.forward_train(SENTENCES), encoder.forward_train(SENTENCES), atol=0, rtol=0
    )


def test_a_checkpoint_without_dropout_is_noted(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "m", "modernbert")
    with pytest.warns(UserWarning, match="dropout 0"):
        encoder = load(folder)
    assert "dropout 0" in encoder.notes[0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load(folder, dropout=0.1).notes == []


@pytest.mark.parametrize("value", [-0.1, 1.0, float("nan")])
def test_dropout_out_of_range(bert: Path, value: float) -> None:
    with pytest.raises(ConfigError, match="Dropout"):
        load(bert, dropout=value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pooling": "average"}, "no pooling called"),
        ({"precision": "fp8"}, "Precision"),
        ({"device": "abacus"}, "device"),
        ({"max_length": 2}, "max_length"),
        ({"max_length": 81}, "3 to 80"),
    ],
)
def test_options_that_do_not_exist(bert: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(bert, **options)


def test_pickled_weights_are_refused_with_the_way_out(copied: Path) -> None:
    (copied / "model.safetensors").rename(copied / "pytorch_model.bin")
    with pytest.raises(EncoderError, match="pickled") as caught:
        load(copied)
    assert "save_pretrained" in caught.value.hint


@pytest.mark.parametrize("keep", [0, 4, 500, -10])
def test_weights_that_are_cut_short(copied: Path, keep: int) -> None:
    file = copied / "model.safetensors"
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(EncoderError, match="damaged"):
        load(copied)


def test_weights_that_are_not_finite(copied: Path) -> None:
    weights = load_file(copied / "model.safetensors")
    next(iter(weights.values())).view(-1)[0] = float("nan")
    save_file(weights, copied / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(EncoderError, match="not finite"):
        load(copied)


def test_weights_that_are_missing_are_counted(copied: Path) -> None:
    weights = load_file(copied / "model.safetensors")
    kept = {key: tensor for key, tensor in weights.items() if "layer.1.output" not in key}
    save_file(kept, copied / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(EncoderError, match=r"lacks 4 weights"):
        load(copied)


def test_a_size_that_does_not_fit_is_named(copied: Path) -> None:
    rewrite(copied / "config.json", intermediate_size=48)
    with pytest.raises(EncoderError, match="shape"):
        load(copied)


def test_a_tokenizer_of_another_checkpoint_is_named(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "small", vocab_size=50)
    with pytest.raises(EncoderError, match="embedding table has 50 rows"):
        load(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"auto_map": {"AutoModel": "x.Y"}}, "code of its own"),
        ({"model_type": "gpt2"}, "'gpt2' is not supported"),
        ({"model_type": None}, "not supported"),
        ({"is_decoder": True}, "decoder"),
        ({"num_hidden_layers": "three"}, "cannot be loaded"),
        ({"hidden_act": "no such thing"}, "cannot be loaded"),
    ],
)
def test_configurations_that_are_refused(copied: Path, changes: dict[str, Any], message: str) -> None:
    rewrite(copied / "config.json", **changes)
    with pytest.raises(EncoderError, match=message):
        load(copied)


def test_a_folder_without_configuration_or_with_a_broken_one(copied: Path) -> None:
    (copied / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(EncoderError, match="JSON"):
        load(copied)
    (copied / "config.json").unlink()
    with pytest.raises(EncoderError, match=r"no config\.json"):
        load(copied)


def test_a_folder_without_tokenizer_or_with_a_broken_one(copied: Path) -> None:
    (copied / "tokenizer.json").write_text("{}", encoding="utf-8")
    with pytest.raises(EncoderError, match="cannot be read"):
        load(copied)
    (copied / "tokenizer.json").unlink()
    with pytest.raises(EncoderError, match="no tokenizer"):
        load(copied)


def test_a_wordpiece_tokenizer_is_built_from_its_vocabulary(bert: Path, copied: Path) -> None:
    vocab = json.loads((copied / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    (copied / "vocab.txt").write_text(
        "\n".join(sorted(vocab, key=lambda t: vocab[t])) + "\n", encoding="utf-8"
    )
    (copied / "tokenizer.json").unlink()
    built = load(copied)
    assert built.tokens("A man, reading [MASK]") == load(bert).tokens("A man, reading [MASK]")
    assert "[UNK]" not in built.tokens("the old man reads a book")
    np.testing.assert_allclose(built.encode(SENTENCES), load(bert).encode(SENTENCES), atol=1e-6)
    built.save(copied / "saved")
    assert load(copied / "saved").tokens("the cat") == ["[CLS]", "the", "cat", "[SEP]"]


def test_a_tokenizer_that_does_not_know_its_words_is_refused(copied: Path) -> None:
    rules = json.loads((copied / "tokenizer.json").read_text(encoding="utf-8"))
    rules["normalizer"] = {"type": "Prepend", "prepend": "¤"}
    (copied / "tokenizer.json").write_text(json.dumps(rules), encoding="utf-8")
    with pytest.raises(EncoderError, match="does not know words"):
        load(copied)


def test_byte_pairs_are_built_from_vocabulary_and_merges(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "r", "roberta")
    (folder / "tokenizer.json").unlink()
    letters = [*"abcdefghijklmnopqrstuvwxyz", "Ġ"]
    words = ["th", "the", "Ġc", "at", "Ġcat", "cat", "man"]
    vocab = {
        token: n for n, token in enumerate(["<s>", "<pad>", "</s>", "<unk>", "<mask>", *letters, *words])
    }
    (folder / "vocab.json").write_text(json.dumps(vocab), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\nt h\nth e\nĠ c\na t\nĠc at\n", encoding="utf-8")
    encoder = load(folder)
    assert encoder.tokens("the cat") == ["<s>", "the", "Ġcat", "</s>"]


def test_checkpoints_in_parts_are_read_and_a_lost_part_is_named(copied: Path, bert: Path) -> None:
    weights = load_file(copied / "model.safetensors")
    (copied / "model.safetensors").unlink()
    where = {}
    for part in (1, 2):
        name = f"model-0000{part}-of-00002.safetensors"
        mine = {key: t for n, (key, t) in enumerate(weights.items()) if n % 2 == part - 1}
        save_file(mine, copied / name, metadata={"format": "pt"})
        where |= dict.fromkeys(mine, name)
    index = {"metadata": {}, "weight_map": where}
    (copied / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    np.testing.assert_allclose(load(copied).encode(SENTENCES), load(bert).encode(SENTENCES), atol=1e-6)
    (copied / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(EncoderError, match="00002-of-00002"):
        load(copied)


def test_no_head_no_cls(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="no trained head"):
        load(make_checkpoint(tmp_path / "d", "distilbert"), pooling="cls")


def test_a_pooler_that_was_never_trained_is_not_read(copied: Path) -> None:
    weights = load_file(copied / "model.safetensors")
    kept = {key: tensor for key, tensor in weights.items() if not key.startswith("pooler.")}
    save_file(kept, copied / "model.safetensors", metadata={"format": "pt"})
    assert load(copied).encode(["the cat"]).shape == (1, 32)
    assert load(copied).digest == load(copied).digest  # nothing is made up anew on every load
    with pytest.raises(EncoderError, match="no trained head"):
        load(copied, pooling="cls")


def test_a_pooling_nobody_states_is_called_an_assumption(bert: Path) -> None:
    encoder = load(bert)
    assert encoder.pooling == "mean" and "assumed" in encoder.pooling_note


@pytest.mark.parametrize(
    "modules", [["Transformer", "Pooling", "LSTM"], ["Transformer"], ["Router", "Pooling"]]
)
def test_chains_of_modules_that_are_not_reproduced(copied: Path, modules: list[str]) -> None:
    chain = [
        {"idx": n, "path": "", "type": f"sentence_transformers.models.{m}"} for n, m in enumerate(modules)
    ]
    (copied / "modules.json").write_text(json.dumps(chain), encoding="utf-8")
    with pytest.raises(EncoderError, match="not reproduced"):
        load(copied)


def test_a_dense_layer_of_sentence_transformers_is_applied(copied: Path) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Dense, Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling

    inner = Transformer(str(copied))
    chain = [inner, Pooling(32, "mean"), Dense(32, 12)]
    model = SentenceTransformer(modules=chain, device="cpu")
    model.save(str(copied / "st"))
    encoder = load(copied / "st")
    assert encoder.dimension == 12
    expected = model.encode(list(SENTENCES), normalize_embeddings=True)
    np.testing.assert_allclose(encoder.encode(SENTENCES), expected, atol=1e-5)
    encoder.save(copied / "again")
    np.testing.assert_allclose(load(copied / "again").encode(SENTENCES), expected, atol=1e-5)
