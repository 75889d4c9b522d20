"""The checkpoint doctor on encoders broken on purpose, saved and opened again, and on one that is well."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from unit.encoder_factory import load, rewrite

from simcse_core.cli import main
from simcse_core.encoders import Encoder, load_encoder
from simcse_core.encoders.poolers import poolers
from simcse_core.errors import DataError
from simcse_core.evaluation.broken import breakages, opened_broken
from simcse_core.evaluation.doctor import examine, patient_of
from simcse_core.evaluation.patient import FAULT, FINE, WARNING, Finding, Stated, checks, stated_use

TEXTS = [f"the {a} is near the {b}" for a in ("man", "cat", "dog") for b in ("river", "house", "old tree")]
CPU = {"device": "cpu", "precision": "fp32"}


def check(
    name: str, encoder: Encoder, texts: Sequence[str] | None = TEXTS, stated: Stated | None = None
) -> Finding:
    found = checks[name](patient_of(encoder, texts, stated=stated))
    assert found.check == name and found.told.endswith(".") and bool(found.fix) == (found.state != FINE)
    return found


def broken(source: Path | str, name: str, texts: Sequence[str] | None = TEXTS) -> Finding:
    """What the check that a breakage is made for says of it, measured on the encoder opened from disk."""
    encoder, stated = opened_broken(str(source), name, **CPU)
    return check(breakages.info(name).traits["finds"], encoder, texts, stated)


@pytest.fixture(scope="module")
def minilm() -> Encoder:
    return load_encoder("minilm", **CPU)


def test_a_healthy_encoder_has_nothing(minilm: Encoder) -> None:
    found = examine(minilm, stated=stated_use("minilm"))
    assert {one.check for one in found} == set(checks) and len(found) == 9
    assert {one.state for one in found} == {FINE}, found


def test_every_check_has_an_encoder_that_it_finds() -> None:
    finds = {breakages.info(name).traits["finds"] for name in breakages}
    assert finds | {"padding"} == set(checks)  # no folder of the shipped poolings depends on padding


@pytest.mark.parametrize(
    ("name", "state", "told", "fix"),
    [
        ("untrained_head", FAULT, "untrained", "cls_before_pooler"),
        ("no_dropout", WARNING, "identical", "dropout=0.1"),
        ("not_normalised", FAULT, "no Normalize", "normalize_embeddings"),
        ("cut_short", WARNING, "8 tokens", "max_length=80"),
        ("too_large", FAULT, "float16", "bfloat16"),
    ],
)
def test_a_broken_folder_is_found_and_mended_by_the_fix(
    bert: Path, name: str, state: str, told: str, fix: str
) -> None:
    found = broken(bert, name)
    assert found.state == state and told in found.told and fix in found.fix
    sound = check(found.check, load(bert, dropout=0.1, max_length=64), stated=stated_use(str(bert)))
    assert sound.state == FINE, sound


def test_a_collapsed_space() -> None:
    found = broken("minilm:4", "collapsed")
    assert found.state == FAULT and "mean cosine of 1.000" in found.told and "earlier" in found.fix


def test_a_wrong_pooling_is_measured() -> None:
    found = broken("minilm:4", "wrong_pooling")
    assert found.state == WARNING and "pooling='mean'" in found.fix and "better by" in found.told


def test_a_pooling_other_than_the_stated_one() -> None:
    encoder = load_encoder("minilm:4", pooling="cls_before_pooler", **CPU)
    found = check("pooler", encoder, stated=stated_use("minilm:4"))
    assert found.state == FAULT and "states mean" in found.told and "pooling='mean'" in found.fix


def test_what_files_state(bert: Path, tmp_path: Path) -> None:
    assert stated_use(str(bert)) == Stated()  # nothing is stated: mean is assumed
    load(bert, pooling="max").save(tmp_path / "kept")
    assert stated_use(str(tmp_path / "kept")) == Stated("max", True, "cosine")
    rewrite(tmp_path / "kept" / "config_sentence_transformers.json", similarity_fn_name="dot")
    assert stated_use(str(tmp_path / "kept")).similarity == "dot"


def test_layers_that_changed_places() -> None:
    found = broken("minilm", "swapped_layers")
    assert found.state == WARNING and "order" in found.fix and "layer 1" in found.told


def test_letters_that_are_no_longer_lowered() -> None:
    found = broken("minilm:4", "foreign_tokenizer", None)
    assert found.state == FAULT and "unknown" in found.told and "tokenizer" in found.fix


def test_wrong_language(minilm: Encoder) -> None:
    assert check("language", minilm).state == FINE
    german = ["Die Entfernung zum Bahnhof beträgt zweihundert Meter", "Verwaltungsgericht entscheidet gleich"]
    found = check("language", minilm, german)
    assert found.state == WARNING and "language" in found.fix
    found = check("language", minilm, ["他把鑰匙遺失在龜裂的籬笆旁", "請翻譯這篇關於鬱金香的文章"])
    assert found.state == FAULT and "unknown" in found.told


@pytest.fixture
def unmasked() -> Iterator[str]:
    """A pooling that forgets the mask, as one of a contributor may."""

    @poolers.register("unmasked_max", title="Max over padding too", source="broken on purpose", layers=(-1,))
    def unmasked_max(hidden_states: Any, mask: torch.Tensor) -> torch.Tensor:
        return hidden_states[-1].max(dim=1).values

    yield "unmasked_max"
    del poolers._entries["unmasked_max"]


def test_padding_dependence(bert: Path, tmp_path: Path, unmasked: str) -> None:
    assert check("padding", load(bert)).state == FINE
    load(bert, pooling=unmasked).save(tmp_path / "kept")
    opened = load(tmp_path / "kept")
    assert opened.pooling == unmasked
    found = check("padding", opened)
    assert found.state == FAULT and "Mask the padded" in found.fix


def test_rows_that_encode_does_not_normalise(bert: Path) -> None:
    """By an encoder whose `encode` leaves lengths as they are."""

    class Raw(Encoder):
        def encode(self, texts: Any, **options: Any) -> Any:
            return super().encode(texts, **{**options, "normalize": False})

    encoder = load(bert)
    encoder.__class__ = Raw
    found = check("normalisation", encoder)
    assert found.state == FAULT and "normalize=True" in found.fix and "not 1" in found.told


def test_a_chain_without_normalisation_compared_by_cosine_is_a_warning(bert: Path, tmp_path: Path) -> None:
    breakages["not_normalised"](load(bert), tmp_path)
    rewrite(tmp_path / "config_sentence_transformers.json", similarity_fn_name="cosine")
    assert check("normalisation", load(tmp_path), stated=stated_use(str(tmp_path))).state == WARNING


def test_share_of_moved_neighbours_against_a_loop(bert: Path) -> None:
    encoder = load(bert)
    raw = encoder.encode(TEXTS, normalize=False).astype(np.float64)
    moved = 0
    for i, row in enumerate(raw):
        others = [j for j in range(len(raw)) if j != i]
        by_dot = max(others, key=lambda j: float(raw[j] @ row))
        by_cosine = max(others, key=lambda j: float(raw[j] @ row / np.linalg.norm(raw[j])))
        moved += by_dot != by_cosine
    assert f"{100 * moved / len(raw):.0f}\u00a0% of the sentences" in check("normalisation", encoder).told


def test_truncation_says_what_can_be_done(bert: Path) -> None:
    assert "Split" in check("truncation", load(bert, max_length=80), [t * 30 for t in TEXTS]).fix


def test_half_precision_overflow_by_degree(bert: Path) -> None:
    for scale, state in ((2e4, WARNING), (1e38, FAULT)):
        encoder = load(bert)
        with torch.no_grad():
            encoder.model.encoder.layer[1].output.LayerNorm.weight.fill_(scale)
        assert check("overflow", encoder).state == state


def test_the_doctor_leaves_the_encoder_as_it_was(bert: Path) -> None:
    encoder = load(bert, dropout=0.1)
    before, state = encoder.encode(TEXTS), torch.get_rng_state()
    check("dropout", encoder)
    assert not encoder.training and torch.equal(state, torch.get_rng_state())
    assert np.array_equal(before, encoder.encode(TEXTS))


def test_command(bert: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "in.txt"
    file.write_text("\n".join(TEXTS))
    command = ["doctor", "--model", str(bert), "--input", str(file)]
    assert main([*command, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["findings"]
    assert len(found) == 9 and [one["state"] for one in found] == sorted(
        (one["state"] for one in found), key=["fault", "warning", "fine"].index
    )
    assert main(command) == 0
    assert "padding" in capsys.readouterr().out
    assert main(["doctor", "--model", "./nowhere"]) == 2
    with pytest.raises(DataError, match="two or more"):
        examine(load(bert), ["one"])
