"""A masked-LM run from beginning to end: the same numbers as transformers, resumed bit for bit, shipped."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from unit.encoder_factory import make_checkpoint
from unit.pretraining_factory import small_config, write_lines, write_sts

from simcse_core.encoders import load_encoder
from simcse_core.errors import EncoderError, RunError
from simcse_core.pretraining import run
from simcse_core.pretraining.corpus import TokenRows, pack
from simcse_core.pretraining.folder import has_head, read_model
from simcse_core.pretraining.model import predict, rows_of, warm_model
from simcse_core.pretraining.run import pretrain
from simcse_core.pretraining.trainer import Pretrainer, learning_rate_at
from simcse_core.pretraining.vocabulary import prune, word_counts
from simcse_core.runs.files import read_lines


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Text, evaluation sets and a tiny encoder to start from."""
    folder = tmp_path_factory.mktemp("material")
    encoder = make_checkpoint(folder / "bert", num_hidden_layers=3, hidden_dropout_prob=0.1)
    return write_lines(folder), write_sts(folder / "sts"), encoder


@pytest.fixture(scope="module")
def warm(material, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished warm run of six steps."""
    text, sts, encoder = material
    out = tmp_path_factory.mktemp("warm") / "run"
    pretrain(small_config(start="warm", encoder=str(encoder)), [text], sts, out)
    return out


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model" / "model.safetensors")


def test_the_rate_rises_and_falls_in_straight_lines() -> None:
    config = small_config(learning_rate=2e-3, warmup=0.2)
    found = [learning_rate_at(p, config) for p in (0.1, 0.2, 0.6, 1.0)]
    assert found == pytest.approx([1e-3, 2e-3, 1e-3, 0.0])
    assert learning_rate_at(0.0, config) > 0
    assert learning_rate_at(0.0, small_config(warmup=0.0)) == 3e-3


def test_packed_logits_are_those_of_transformers(warm: Path) -> None:
    model, backend = read_model(warm / "model")
    texts = ["the cat [MASK] near the house.", "two", "a woman reads a [MASK] in the city."]
    flat = [backend.encode(text).ids for text in texts]
    rows = TokenRows(np.concatenate(flat), np.concatenate([[0], np.cumsum([len(r) for r in flat])]))
    batch = pack(rows, np.arange(3), 0, "cpu")
    places = torch.arange(len(batch.ids))[torch.from_numpy(batch.ids) != 0]
    with torch.no_grad():
        ours = predict(
            model, torch.from_numpy(batch.ids), torch.from_numpy(batch.lengths), batch.parts, places,
            dtype=torch.float32, training=False,
        )  # fmt: skip
        theirs = [model.eval()(input_ids=torch.tensor([row])).logits[0] for row in sorted(flat, key=len)]
    assert torch.allclose(ours, torch.cat(theirs), atol=1e-5)


def test_a_warm_start_has_the_layers_and_the_rows_of_the_encoder(material) -> None:
    text, _, folder = material
    encoder = load_encoder(str(folder), device="cpu", precision="fp32", dropout=0.1)
    backend = prune(encoder.backend, word_counts(text.read_text().splitlines()), 205)
    config = small_config(start="warm", layers=2)
    model = warm_model(config, encoder, backend)
    own, theirs = model.bert.state_dict(), encoder.model.state_dict()
    assert len(model.bert.encoder.layer) == 2
    for name, value in own.items():
        if name.startswith(("encoder.", "embeddings.token_type", "embeddings.LayerNorm")):
            assert torch.equal(value, theirs[name]), name
    numbers, full = backend.get_vocab(), encoder.backend.get_vocab()
    table = "embeddings.word_embeddings.weight"
    for piece in ("[MASK]", "the", "##e", "guitar"):
        if piece in numbers:
            assert torch.equal(own[table][numbers[piece]], theirs[table][full[piece]])
    assert torch.equal(own["embeddings.position_embeddings.weight"],
                       theirs["embeddings.position_embeddings.weight"][:40])  # fmt: skip
    with pytest.raises(EncoderError, match="has no piece"):
        rows_of(encoder.backend, backend)
    with pytest.raises(EncoderError, match="3 layers"):
        warm_model(small_config(layers=5), encoder, backend)


def test_the_same_run_twice_is_the_same_and_another_seed_is_not(material, tmp_path: Path) -> None:
    text, sts, _ = material
    config = small_config(start="scratch", steps=3)
    told = [pretrain(config, [text], sts, tmp_path / name)["held_out"] for name in "ab"]
    other = pretrain(config.with_settings({"seed": 7}), [text], sts, tmp_path / "c")["held_out"]
    assert told[0] == told[1] != other
    first, again = weights(tmp_path / "a"), weights(tmp_path / "b")
    assert first.keys() == again.keys() and all(torch.equal(first[k], again[k]) for k in first)


def test_a_broken_run_goes_on_bit_for_bit(material, warm: Path, tmp_path: Path, monkeypatch) -> None:
    text, sts, encoder = material
    config = small_config(start="warm", encoder=str(encoder))
    plain = Pretrainer.advance

    def broken(self: Pretrainer, progress: float):
        if self.step == 5:
            raise KeyboardInterrupt
        return plain(self, progress)

    monkeypatch.setattr(run, "TOLD_EVERY", 1)
    monkeypatch.setattr(Pretrainer, "advance", broken)
    with pytest.raises(KeyboardInterrupt):
        pretrain(config, [text], sts, tmp_path / "run")
    events, kinds = tmp_path / "run" / "events.jsonl", ("started", "step", "evaluated", "saved")
    assert max(e["step"] for e in read_lines(events)) == 5  # two steps beyond the checkpoint
    with events.open("a") as file:
        file.write('{"type": "step", "st')  # torn by the kill
    monkeypatch.setattr(Pretrainer, "advance", plain)
    with pytest.raises(RunError, match="holds a run already"):
        pretrain(config, [text], sts, tmp_path / "run")
    with pytest.raises(RunError, match="another configuration"):
        pretrain(config.with_settings({"seed": 1}), [text], sts, tmp_path / "run", resume=True)
    told = pretrain(config, [text], sts, tmp_path / "run", resume=True)
    whole, mended = weights(warm), weights(tmp_path / "run")
    assert all(torch.equal(whole[k], mended[k]) for k in whole)
    facts = json.loads((warm / "model" / "pretraining.json").read_text())
    assert (told["held_out"], told["tokens"]) == (facts["held_out"], facts["tokens"])
    steps = {kind: [e["step"] for e in read_lines(events) if e["type"] == kind] for kind in kinds}
    assert steps == {"started": [0, 3], "step": [1, 2, 3, 4, 5, 6], "evaluated": [3, 6], "saved": [3, 6]}


def test_nothing_to_resume_is_said(material, tmp_path: Path) -> None:
    text, sts, _ = material
    with pytest.raises(RunError, match="no masked-LM run to resume"):
        pretrain(small_config(start="scratch"), [text], sts, tmp_path / "none", resume=True)


def test_training_learns_the_frequencies_and_more(material, tmp_path: Path) -> None:
    text, sts, _ = material
    config = small_config(start="scratch", steps=60, learning_rate=1e-2, evaluate_every=1000, dropout=0.0)
    pretrain(config, [text], sts, tmp_path / "run")
    events = read_lines(tmp_path / "run" / "events.jsonl")
    losses = [e["loss"] for e in events if e["type"] == "step"]
    uniform = math.log(215)
    assert losses[0] < 0.95 * uniform  # the bias starts at the frequencies
    assert losses[-1] < losses[0]
    finished = events[-1]
    assert finished["type"] == "finished" and finished["step"] == 60 and 0 <= finished["accuracy"] <= 1


def test_a_budget_of_minutes_ends_the_run(material, tmp_path: Path) -> None:
    text, sts, _ = material
    config = small_config(start="scratch", steps=0, minutes=0.01)
    told = pretrain(config, [text], sts, tmp_path / "run")
    assert told["steps"] >= 1 and told["minutes"] >= 0.01


def test_what_is_written_opens_in_plain_transformers_and_here(warm: Path) -> None:
    from transformers import AutoModel, AutoModelForMaskedLM, AutoTokenizer

    folder = warm / "model"
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model, report = AutoModelForMaskedLM.from_pretrained(folder, output_loading_info=True)
    assert not report["missing_keys"] and not report["unexpected_keys"] and not report["mismatched_keys"]
    bare, report = AutoModel.from_pretrained(folder, output_loading_info=True)
    assert all(key.startswith("pooler.") for key in report["missing_keys"])
    texts = ["the cat sleeps near the house", "a dog"]
    encoder = load_encoder(str(folder), pooling="mean", device="cpu", precision="fp32")
    inputs = tokenizer(texts, return_tensors="pt", padding=True)
    with torch.no_grad():
        states = bare.eval()(**inputs).last_hidden_state
        hidden = model.eval()(**inputs, output_hidden_states=True).hidden_states[-1]
    mask = inputs["attention_mask"][:, :, None]
    mean = (states * mask).sum(dim=1) / mask.sum(dim=1)
    assert torch.allclose(states, hidden)
    assert np.allclose(encoder.encode(texts, normalize=False), mean.numpy(), atol=1e-5)
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight
    assert has_head(folder) and not has_head(without_head(warm))


def without_head(warm: Path) -> Path:
    """The same encoder saved without its language-model head."""
    target = warm.parent / "bare"
    load_encoder(str(warm / "model"), device="cpu", precision="fp32").save(target)
    return target
