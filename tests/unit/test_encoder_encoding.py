"""Encoding: any size, any text, any thread, on tiny random checkpoints."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from unit.encoder_factory import SENTENCES, hf_hidden_states, load, make_checkpoint

from simcse_core.encoders import reading as reading_module
from simcse_core.encoders.fast import SAFE_SCORE, InferenceForward
from simcse_core.errors import DataError, EncoderError

torch.set_num_threads(1)


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
