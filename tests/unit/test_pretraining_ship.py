"""Shipping a run's encoder, its model card, and the report behind it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from unit.encoder_factory import SENTENCES, make_checkpoint
from unit.pretraining_factory import small_config, write_lines, write_sts

from simcse_core.cards.facts import run_facts
from simcse_core.cli import main
from simcse_core.data.records import ScoredPairs
from simcse_core.encoders import load_encoder
from simcse_core.encoders.catalogue import list_encoders
from simcse_core.errors import EncoderError, RunError
from simcse_core.metrics.sts import cosines, spearman
from simcse_core.pretraining import ship as shipping
from simcse_core.pretraining.report import MASKED, as_markdown, by_layer, guesses, space
from simcse_core.pretraining.run import pretrain
from simcse_core.pretraining.ship import ship

TOLD = {"title": "Tiny", "note": "Made for a test."}
PAIRS = ScoredPairs(
    ("a man plays the guitar", "the cat sleeps", "two dogs run", "bread in the house"),
    ("an old man plays guitar", "the cat eats", "three people read a book", "bread in the old house"),
    np.array([4.5, 3.0, 0.5, 4.8]),
    None,
    "small",
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished masked-LM run."""
    folder = tmp_path_factory.mktemp("ship")
    sts = write_sts(folder / "sts", "no such sentence")
    pretrain(small_config(start="scratch", steps=2), [write_lines(folder)], sts, folder / "run")
    return folder / "run"


def finished_training(folder: Path, encoder: str, data: str = "/home/someone/texts/mine.txt") -> Path:
    """What `train` leaves behind, as far as shipping reads it."""
    target = folder / "trained"
    load_encoder(encoder, pooling="mean", device="cpu", precision="fp32", dropout=0.1).save(
        target / "checkpoints" / "step-000020"
    )
    from simcse_core.presets import preset

    config = preset("live").config.to_dict()
    config["encoder"]["name"] = encoder
    config["data"]["train"] = data
    scores = {"sets": {"stsb-dev": 61.25}}
    summary = {"config": config, "steps": 20, "seconds": 3.0, "before": scores, "after": scores, "id": "x"}
    (target / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    events = [{"type": "step", "step": 1}, {"type": "evaluated", "step": 10, "probe": "x", **scores}]
    lines = "".join(f"{json.dumps(event)}\n" for event in events)
    (target / "events.jsonl").write_text(lines, encoding="utf-8")
    return target


def test_a_shipped_language_model_keeps_its_head_and_its_numbers(
    run: Path, tmp_path: Path, monkeypatch
) -> None:
    from transformers import AutoModelForMaskedLM

    monkeypatch.setenv("SIMCSE_ASSETS", str(tmp_path))
    target = tmp_path / "encoders" / "tiny-base"
    size = ship(str(run), target, **TOLD)
    assert size == sum(f.stat().st_size for f in target.rglob("*") if f.is_file())
    stored = load_file(target / "model.safetensors")
    assert {t.dtype for t in stored.values()} == {torch.float16}
    assert "cls.predictions.decoder.weight" not in stored  # tied to the embeddings: stored once
    assert sum(t.numel() for t in stored.values()) * 2 < (target / "model.safetensors").stat().st_size
    whole = load_file(run / "model" / "model.safetensors")
    assert stored.keys() == whole.keys()
    assert all(torch.equal(stored[key], whole[key].half()) for key in whole)
    _, report = AutoModelForMaskedLM.from_pretrained(target, output_loading_info=True)
    assert not report["missing_keys"] and not report["unexpected_keys"]
    entry = next(e for e in list_encoders() if e.name == "tiny-base")
    assert (entry.title, entry.note, entry.licence) == ("Tiny", "Made for a test.", "CC-BY-SA-4.0")
    assert entry.available and entry.layers == 2 and "from scratch" in entry.source
    before = load_encoder(str(run / "model"), pooling="mean", device="cpu", precision="fp32")
    after = load_encoder("tiny-base", device="cpu", precision="fp32")
    assert after.pooling == "mean"
    assert np.allclose(before.encode(SENTENCES), after.encode(SENTENCES), atol=5e-3)


def test_a_card_tells_data_licence_and_training_in_the_run_s_own_numbers(run: Path, tmp_path: Path) -> None:
    ship(str(run), tmp_path / "tiny", **TOLD)
    card = (tmp_path / "tiny" / "README.md").read_text(encoding="utf-8")
    facts = run_facts(run)["pretrained"]
    assert card.startswith("---\n") and "\n# tiny: Tiny\n" in card
    for told in ("made for a test | public domain", "CC-BY-SA-4.0", "2 steps of 200 tokens", "## Limits"):
        assert told in card
    assert f"{facts['parameters']:,} parameters" in card
    assert "No sentence of an STS" in card and "## Scores" not in card and str(tmp_path) not in card


def test_a_training_run_is_shipped_without_paths(run: Path, tmp_path: Path) -> None:
    trained = finished_training(tmp_path, str(run / "model"))
    ship(str(trained), tmp_path / "enc" / "tiny-sup", **TOLD, licence="Apache-2.0")
    folder = tmp_path / "enc" / "tiny-sup"
    facts = json.loads((folder / "training.json").read_text(encoding="utf-8"))["trained"][0]
    assert facts["trajectory"] == [{"step": 10, "sets": {"stsb-dev": 61.25}}]
    assert facts["config"]["data"]["train"] == "mine.txt" and facts["config"]["encoder"]["name"] == "model"
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "20 steps of 64" in card and "stsb-dev 61.25 → 61.25" in card and "/home" not in card
    assert load_encoder(str(folder), device="cpu").layers == 2
    with pytest.raises(EncoderError, match="no language-model head"):
        guesses(folder, MASKED[:1])


def test_a_run_that_started_from_a_run_tells_both_stages(run: Path, tmp_path: Path) -> None:
    first = finished_training(tmp_path / "one", str(run / "model"))
    second = finished_training(tmp_path / "two", str(first), "stsb-train")
    stages = run_facts(second)["trained"]
    assert [stage["config"]["encoder"]["name"] for stage in stages] == ["model", "trained"]
    ship(str(second), tmp_path / "tiny", **TOLD, data="Lines made for a test, public domain.")
    card = (tmp_path / "tiny" / "README.md").read_text(encoding="utf-8")
    assert "From `model`" in card and "From `trained`" in card and "Lines made for a test" in card
    assert "shares pairs with them" in card and "No sentence of an STS" not in card
    assert "trained from model" in (tmp_path / "tiny" / "simcse.json").read_text(encoding="utf-8")


def test_what_cannot_be_shipped_is_refused_and_leaves_nothing(run: Path, tmp_path: Path, monkeypatch) -> None:
    with pytest.raises(RunError, match="no finished run"):
        ship(str(tmp_path), tmp_path / "x", **TOLD)
    monkeypatch.setattr(shipping, "LARGEST", 1000)
    with pytest.raises(RunError, match="may be shipped"):
        ship(str(run), tmp_path / "x", **TOLD)
    assert list(tmp_path.iterdir()) == []


def test_layers_and_poolers_against_reading_each_alone(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "bert", num_hidden_layers=2)
    encoder = load_encoder(str(folder), pooling="mean", device="cpu", precision="fp32", dropout=0.1)
    found = by_layer(encoder, PAIRS)
    assert list(found) == ["0", "1", "2"] and set(found["0"]) == {"mean", "max"}
    for pooling in ("mean", "last2", "cls_before_pooler"):
        alone = load_encoder(
            f"{folder}:1", pooling=pooling, device="cpu", precision="fp32", dropout=0.1
        ).encode
        expected = spearman(cosines(alone(PAIRS.first), alone(PAIRS.second)), PAIRS.score)
        assert found["1"][pooling] == pytest.approx(expected)
    about = space(encoder, PAIRS)
    assert about["alignment"] >= 0 >= about["uniformity"] and -1 <= about["mean_cosine"] <= 1


def test_guesses_are_the_likeliest_pieces(run: Path) -> None:
    text = "the cat sleeps near the [MASK]"
    found = guesses(run / "model", [text], top=215)[text]
    assert len(set(found)) == 215
    from simcse_core.pretraining.folder import read_model

    model, backend = read_model(run / "model")
    ids = backend.encode(text).ids
    scores = model.eval()(input_ids=torch.tensor([ids])).logits[0, ids.index(backend.token_to_id("[MASK]"))]
    in_order = scores[[backend.token_to_id(piece) for piece in found]].tolist()
    assert in_order == sorted(in_order, reverse=True)
    assert len(MASKED) == len(set(MASKED)) == 20 and all(one.count("[MASK]") == 1 for one in MASKED)


def test_a_report_as_markdown() -> None:
    told = {
        "held_out": {"loss": 4.2, "accuracy": 0.31, "predicted": 1200},
        "pooling": "mean",
        "space": {"alignment": 0.1, "uniformity": -1.5, "mean_cosine": 0.6},
        "tasks": {"STS12": 40.0, "STS13": 60.0},
        "average": 50.0,
        "layers": {"dev": {"0": {"mean": 55.5}}},
        "guesses": {"a [MASK]": ["cat", "dog"]},
    }
    text = as_markdown(told)
    assert "accuracy 31.0 % (1,200 hidden pieces)" in text
    assert "| 40.00 | 60.00 | 50.00 |" in text and "| 0 | – | 55.50 | – | – | – |" in text
    assert "| a [MASK] | cat, dog |" in text


def test_the_commands(tmp_path: Path, capsys) -> None:
    text, sts = write_lines(tmp_path), write_sts(tmp_path / "sts")
    config = small_config(start="scratch", steps=2)
    lines = [f"{k} = {json.dumps(v)}" for k, v in config.to_dict().items() if k != "sources"]
    source = '\n[[sources]]\nname = "lines"\nshare = 1.0\nlicence = "public domain"\norigin = "a test"\n'
    (tmp_path / "own.toml").write_text("\n".join(lines) + source, encoding="utf-8")
    given = ["--text", str(text), "--sts", str(sts), "--out", str(tmp_path / "run")]
    assert (
        main(["pretrain", "--config", str(tmp_path / "own.toml"), *given, "--set", "evaluate_every=1"]) == 0
    )
    told = capsys.readouterr().out
    assert "parameters" in told and "step      1  held-out loss" in told and "accuracy" in told
    named = ["--name", "tiny", "--title", "T", "--note", "N.", "--no-scores", "--into", str(tmp_path / "to")]
    assert main(["ship", str(tmp_path / "run"), *named]) == 0
    assert "tiny: 0.0 MB" in capsys.readouterr().out
    assert main(["pretrain", "--config", "none", *given]) == 2
    assert "There are: scratch, warm" in capsys.readouterr().err
    assert main(["pretrain-report", str(tmp_path / "run"), "--sts", str(tmp_path / "nowhere")]) == 2
    assert "--sts DIR" in capsys.readouterr().err
