"""Loading, refusing, encoding, training mode and saving, on tiny random checkpoints of every family."""

from __future__ import annotations

import copy
import json
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from unit.encoder_factory import FAMILIES, SENTENCES, hf_hidden_states, make_checkpoint

from simcse_core.encoders import Encoder, load_encoder
from simcse_core.encoders import reading as reading_module
from simcse_core.encoders.fast import SAFE_SCORE, InferenceForward
from simcse_core.encoders.packed import drop
from simcse_core.errors import ConfigError, DataError, EncoderError

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("bert") / "bert")


@pytest.fixture
def copied(bert: Path, tmp_path: Path) -> Path:
    import shutil

    return Path(shutil.copytree(bert, tmp_path / "copy"))


def load(folder: Path | str, **options: Any) -> Encoder:
    return load_encoder(str(folder), **{"device": "cpu", "precision": "fp32", **options})


def rewrite(file: Path, **changes: Any) -> None:
    content = json.loads(file.read_text(encoding="utf-8"))
    content = {key: value for key, value in {**content, **changes}.items() if value is not None}
    file.write_text(json.dumps(content), encoding="utf-8")


# --- loading --------------------------------------------------------------------------------------


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


# --- encoding -------------------------------------------------------------------------------------


def test_nothing_and_empty_text(bert: Path) -> None:
    encoder = load(bert)
    assert encoder.encode([]).shape == (0, 32) and encoder.encode(iter(())).dtype == np.float32
    assert np.linalg.norm(encoder.encode([""])) == pytest.approx(1, abs=1e-5)
    assert encoder.tokens("") == ["[CLS]", "[SEP]"]
    assert encoder.encode_layers([], poolings=["mean"])[0, "mean"].shape == (0, 32)


@pytest.mark.parametrize("bad", [None, 7, float("nan"), b"bytes", ["the"]])
def test_a_row_that_is_not_a_text_is_named(bert: Path, bad: Any) -> None:
    with pytest.raises(DataError, match="Row 3 is not a text"):
        load(bert).encode(["the", "cat", bad])


def test_rows_are_counted_across_blocks(bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_module.blocks, "__kwdefaults__", {"size": 2, "characters": 10**6})
    with pytest.raises(DataError, match="Row 5 is not a text"):
        load(bert).encode(["the", "cat", "a", "dog", None])


def test_a_lone_surrogate_is_named(bert: Path) -> None:
    with pytest.raises(DataError, match="Row 2 is not valid Unicode"):
        load(bert).encode(["the", "c\ud800at"])


def test_one_string_is_not_a_list(bert: Path) -> None:
    for call in (load(bert).encode, load(bert).forward_train, load(bert).tokenize):
        with pytest.raises(DataError, match="single string"):
            call("the cat")


def test_streams_are_read_in_blocks_with_progress(bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_module.blocks, "__kwdefaults__", {"size": 3, "characters": 10**6})
    encoder, seen, read = load(bert), [], []

    def stream() -> Iterator[str]:
        for text in SENTENCES:
            read.append(len(seen))
            yield text

    found = encoder.encode(stream(), progress=lambda done, total: seen.append((done, total)))
    np.testing.assert_allclose(found, encoder.encode(SENTENCES), atol=1e-6)
    assert seen[-1] == (len(SENTENCES), None) and [d for d, _ in seen] == sorted(d for d, _ in seen)
    assert read[0] == 0 and read[-1] > 0, "later texts are read after earlier ones were computed"
    seen.clear()
    encoder.encode(list(SENTENCES), progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (len(SENTENCES), len(SENTENCES))


def test_long_texts_close_a_block_early(bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = load(bert)
    expected = encoder.encode(SENTENCES)
    monkeypatch.setattr(reading_module.blocks, "__kwdefaults__", {"size": 100, "characters": 30})
    np.testing.assert_allclose(encoder.encode(SENTENCES), expected, atol=1e-6)


def test_equal_texts_are_computed_once(bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder, rows = load(bert), []
    infer = encoder.engine.infer
    monkeypatch.setattr(encoder.engine, "infer", lambda r, w: (rows.extend(r), infer(r, w))[1])
    found = encoder.encode(["the cat", "a dog", "The cat", "the cat"])
    assert len(rows) == 2
    np.testing.assert_array_equal(found[0], found[2])


def test_a_megabyte_on_one_line_is_cut(bert: Path) -> None:
    encoder = load(bert, max_length=16)
    text = "the cat sleeps near the old river " * 30_000
    assert len(encoder.tokens(text)) == 16
    np.testing.assert_allclose(encoder.encode([text]), encoder.encode([text[:200]]), atol=1e-6)


def test_all_lengths_from_none_to_the_limit(bert: Path) -> None:
    encoder = load(bert)
    texts = [" ".join(["cat"] * n) for n in range(0, 90, 3)]
    ids = encoder.text_tokenizer.ids(texts)
    assert max(len(row) for row in ids) == encoder.max_length == 64
    together = encoder.encode(texts)
    np.testing.assert_allclose(together, np.concatenate([encoder.encode([t]) for t in texts]), atol=1e-5)


def test_scores_that_would_overflow_take_the_safe_way(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "loud")
    weights = load_file(folder / "model.safetensors")
    for key in weights:
        if "query.weight" in key or "key.weight" in key:
            weights[key] *= 30
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    encoder = load(folder)
    q = InferenceForward(encoder.model, torch.float32).layers[0].qkv.weight
    assert float(q.abs().max()) * 32 > SAFE_SCORE
    expected = torch.stack([hf_hidden_states(folder, encoder, text)[-1].mean(0) for text in SENTENCES])
    np.testing.assert_allclose(encoder.encode(SENTENCES, normalize=False), expected, atol=2e-4)


@pytest.mark.parametrize("act", ["relu", "gelu_new", "silu"])
def test_other_activations(tmp_path: Path, act: str) -> None:
    folder = make_checkpoint(tmp_path / act, hidden_act=act)
    encoder = load(folder)
    expected = torch.stack([hf_hidden_states(folder, encoder, text)[-1].mean(0) for text in SENTENCES])
    np.testing.assert_allclose(encoder.encode(SENTENCES, normalize=False), expected, atol=1e-5)


def test_without_onednn_the_numbers_are_the_same(bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = load(bert).encode(SENTENCES)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    plain = load(bert)
    np.testing.assert_allclose(plain.encode(SENTENCES), expected, atol=1e-6)
    assert InferenceForward(plain.model, torch.float32).layers[0].up.blocked is None


def test_threads_share_one_encoder(bert: Path) -> None:
    encoder = load(bert)
    expected = encoder.encode(SENTENCES)
    found: dict[int, Any] = {}

    def work(n: int) -> None:
        found[n] = [encoder.encode(SENTENCES) for _ in range(5)]

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(rows, expected) for n in range(4) for rows in found[n])


def test_mask_pooling_without_a_mask_in_the_text(bert: Path) -> None:
    with pytest.raises(DataError, match="mask token"):
        load(bert, pooling="mask").encode(["no mask here"])


def test_layers_are_read_in_one_pass(bert: Path) -> None:
    encoder = load(bert, pooling="cls")
    found = encoder.encode_layers(SENTENCES, poolings=["mean", "cls"])
    assert set(found) == {(layer, "mean") for layer in range(4)} | {(3, "cls")}
    np.testing.assert_allclose(found[3, "cls"], encoder.encode(SENTENCES), atol=1e-6)
    with pytest.raises(EncoderError, match="head"):
        load(bert).encode_layers(SENTENCES, poolings=["cls"])


# --- training -------------------------------------------------------------------------------------


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


# --- saving ---------------------------------------------------------------------------------------


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
