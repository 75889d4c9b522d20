"""Model cards: the head that the Hub reads, numbers as measured, and code that gives the same embeddings."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from unit.bench_factory import write_sts
from unit.encoder_factory import load

from simcse_core.bench import run_bench
from simcse_core.cards.card import Card, line, model_card
from simcse_core.cards.facts import base_of, language_of, licence_of, training_of
from simcse_core.cards.front import front_matter
from simcse_core.cards.package import card_of, export, zip_folder
from simcse_core.cards.scores import Score
from simcse_core.cards.usage import not_carried, snippets
from simcse_core.cli import main
from simcse_core.data.sts_sets import TASKS
from simcse_core.encoders.repairs import fit_repair
from simcse_core.errors import RunError
from simcse_core.evaluation.checkup import Checkup, check_up

TEXTS = [f"the {a} is near the {b}" for a in ("man", "cat", "dog") for b in ("river", "house", "old tree")]
CORPUS = [f"{text} {more}" for text in TEXTS for more in ("today", "at night", "and sleeps", "with a book")]


@pytest.fixture(scope="module")
def checkup(bert: Path) -> Checkup:
    return check_up(load(bert), TEXTS)


def head_of(card: str) -> dict[str, Any]:
    """As the Hub's own library reads it."""
    from huggingface_hub import ModelCard

    return dict(ModelCard(card).data.to_dict())


def test_the_head_is_what_the_hub_reads(checkup: Checkup) -> None:
    card = Card(
        "org/mine", scores={"STS-B": Score(76.5)}, licence="apache-2.0", language="en", base="org/base"
    )
    head = head_of(model_card(card, checkup))
    assert head["license"] == "apache-2.0" and head["language"] == "en" and head["base_model"] == "org/base"
    assert head["pipeline_tag"] == "sentence-similarity" and head["library_name"] == "sentence-transformers"
    assert "sentence-transformers" in head["tags"]
    result = head["model-index"][0]["results"][0]
    assert result["dataset"]["name"] == "STS-B" and result["metrics"][0]["value"] == 0.765


def test_what_is_not_known_is_left_out_of_the_head(checkup: Checkup) -> None:
    head = head_of(model_card(Card("mine", base="folder"), checkup))
    assert not {"language", "base_model", "model-index"} & set(head) and head["license"] == "other"
    assert (
        head_of(front_matter(language=None, licence="mit", task="fill-mask"))["pipeline_tag"] == "fill-mask"
    )


def test_the_card_holds_what_was_measured(checkup: Checkup) -> None:
    card = model_card(Card("mine"), checkup)
    assert checkup.calibration is not None and checkup.spearman is not None
    assert checkup.calibration.threshold is not None
    assert f"from a cosine of {checkup.calibration.threshold.value:.3f}" in card
    assert f"| {checkup.spearman['value']:.2f} |" in card and checkup.calibration.sentence(0.72) in card
    assert f"{checkup.space['mean_cosine']:.3f}" in card and checkup.facts["digest"] in card
    assert all(one.check in card and one.state in card for one in checkup.findings)
    assert "The checkpoint does not say." in card and "STS-B" not in card  # nothing that was not measured


def test_scores_come_with_their_intervals_and_their_average(checkup: Checkup) -> None:
    scores = {name: Score(70.0 + place, 68.0, 73.5) for place, name in enumerate(TASKS)}
    card = model_card(Card("mine", scores=scores), checkup)
    assert "| STS12 | 70.00 | 68.00 to 73.50 |" in card and "| average of the seven | 73.00 | – |" in card
    few = model_card(Card("mine", scores={"STS-B": Score(70.0)}), checkup)
    assert "| STS-B | 70.00 | – |" in few and "average of the seven" not in few


def test_a_card_tells_what_the_bench_has_kept(
    bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SIMCSE_HOME", str(tmp_path / "home"))
    encoder = load(bert)
    own = check_up(encoder, TEXTS)
    assert "| STS16 |" not in card_of(str(bert), own)
    sts = write_sts(tmp_path / "sts", ("STS16",))
    task = run_bench(encoder, sts=sts, tasks=("STS16",), bootstrap=20).tasks["STS16"]
    low, high = task.intervals["all"]
    assert f"| STS16 | {task.spearman['all']:.2f} | {low:.2f} to {high:.2f} |" in card_of(str(bert), own)
    again = load(bert, pooling="max")  # another reading is another encoder
    assert "| STS16 |" not in card_of(str(bert), check_up(again, TEXTS))
    assert main(["export", str(bert), "--to", str(tmp_path / "out")]) == 0
    assert "| STS16 |" in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")


def test_a_name_cannot_break_the_card(checkup: Checkup) -> None:
    card = model_card(Card("a|b\n# <script>`x`[y](z)"), checkup)
    body = card.split("---", 2)[2]
    assert "<script>" not in body.split("## Use")[0].replace("\\<script\\>", "") and "\n# \\<" not in body
    assert line("a|b\n<c>") == "a\\|b \\<c\\>"
    assert head_of(card)["license"] == "other"


@pytest.mark.parametrize("pooling", ["mean", "max", "cls_before_pooler"])
def test_the_code_gives_the_same_embeddings(bert: Path, pooling: str, tmp_path: Path) -> None:
    encoder = load(bert, pooling=pooling)
    encoder.save(tmp_path / "kept")
    facts = {"pooling": pooling, "repairs": [], "max_length": encoder.max_length}
    expected = encoder.encode(["A first sentence.", "A second one."])
    found = snippets(str(tmp_path / "kept"), facts, carried=True)
    assert list(found) == ["simcse_core", "sentence-transformers", "transformers"]
    for code in found.values():
        names: dict[str, Any] = {}
        exec(compile(code, "card", "exec"), names)
        np.testing.assert_allclose(np.asarray(names["embeddings"]), expected, atol=2e-5)


def test_a_library_that_gives_others_has_no_code() -> None:
    facts = {"pooling": "first_last", "repairs": [], "max_length": 64}
    assert list(snippets("x", facts, carried=True)) == ["simcse_core"]
    assert "no pooling first_last" in not_carried(facts, carried=True)[0]
    repaired = {"pooling": "mean", "repairs": [{"name": "flow"}], "max_length": 64}
    assert list(snippets("x", repaired, carried=False)) == ["simcse_core"]
    assert "flow" in not_carried(repaired, carried=False)[0]
    assert list(snippets("x", repaired, carried=True)) == ["simcse_core", "sentence-transformers"]
    assert not not_carried({"pooling": "mean", "repairs": []}, carried=True)


def test_an_export_has_its_card_and_says_what_lacks(bert: Path, checkup: Checkup, tmp_path: Path) -> None:
    encoder = load(bert)
    encoder.repairs = (fit_repair(encoder, CORPUS, "centering", fitted_on="my|corpus"),)
    encoder.save(tmp_path / "centred")
    made = export(str(tmp_path / "centred"), tmp_path / "out", checkup=checkup)
    assert made.missing == ("transformers opens the folder without its repairs (centering); "
                            "sentence-transformers applies them as dense layers.",)  # fmt: skip
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert 'load_encoder("out", precision="fp32")' in card
    assert np.array_equal(load(tmp_path / "out").encode(TEXTS), encoder.encode(TEXTS))
    plain = export(str(tmp_path / "centred"), tmp_path / "plain", repaired=False, card=False)
    assert plain.missing == () and not (tmp_path / "plain" / "README.md").exists()
    assert np.array_equal(load(tmp_path / "plain").encode(TEXTS), load(bert).encode(TEXTS))
    with pytest.raises(RunError, match="not an empty folder"):
        export(str(bert), tmp_path / "out")
    assert zip_folder(tmp_path / "out", tmp_path / "out.zip").stat().st_size > 10_000


def test_commands(bert: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "in.txt"
    file.write_text("\n".join(TEXTS))
    command = ["card", "--model", str(bert), "--input", str(file), "--licence", "MIT", "--language", "en"]
    assert main([*command, "--out", str(tmp_path / "card.md")]) == 0
    card = (tmp_path / "card.md").read_text(encoding="utf-8")
    assert head_of(card)["license"] == "mit" and str(tmp_path) not in card
    assert main(["card", "--model", "./nowhere", "--out", "-"]) == 2
    assert main(["export", str(bert), "--to", str(tmp_path / "out"), "--no-card"]) == 0
    assert main(["export", str(bert), "--to", str(tmp_path / "out")]) == 2
    assert "3 layers" in capsys.readouterr().out


def test_where_a_checkpoint_comes_from(bert: Path, tmp_path: Path) -> None:
    assert training_of(str(bert)) is None and licence_of(str(bert), None) == "other"
    assert licence_of("minilm:4", None) == "apache-2.0" and language_of("minilm", None) == "en"
    stage = {"config": {"encoder": {"name": "minilm"}, "data": {"train": "sentences-zh"}}, "steps": 3}
    training = {"trained": [stage]}
    assert base_of(training) == "minilm" and licence_of("a-run", training) == "apache-2.0"
    assert language_of("a-run", training) == "zh"
    load(bert).save(tmp_path / "kept")
    (tmp_path / "kept" / "training.json").write_text(json.dumps(training))
    assert training_of(str(tmp_path / "kept")) == training
