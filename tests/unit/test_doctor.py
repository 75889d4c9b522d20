"""The checkpoint doctor on encoders broken on purpose, one fault each, and on one that is well."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from unit.encoder_factory import load

from simcse_core.cli import main
from simcse_core.data.datasets import load_dataset_records
from simcse_core.encoders import Encoder, load_encoder
from simcse_core.errors import DataError
from simcse_core.evaluation.doctor import examine, stated_pooling
from simcse_core.evaluation.patient import FAULT, FINE, WARNING, Finding, Patient, checks

TEXTS = [f"the {a} is near the {b}" for a in ("man", "cat", "dog") for b in ("river", "house", "old tree")]


def check(name: str, encoder: Encoder, texts: Sequence[str] = TEXTS, **known: Any) -> Finding:
    patient = Patient(encoder, texts, load_dataset_records("pairs"), known.pop("stated", None))
    patient.__dict__ |= known  # what a test knows need not be measured
    found = checks[name](patient)
    assert found.check == name and found.told.endswith(".") and bool(found.fix) == (found.state != FINE)
    return found


@pytest.fixture(scope="module")
def minilm() -> Encoder:
    return load_encoder("minilm", device="cpu", precision="fp32")


def test_a_healthy_encoder_has_nothing(minilm: Encoder) -> None:
    found = examine(minilm, stated=stated_pooling("minilm"))
    assert {one.check for one in found} == set(checks) and len(found) == 9
    assert {one.state for one in found} == {FINE}, found


def test_untrained_pooler(bert: Path) -> None:
    encoder = load(bert)
    encoder.attach_head(keep=True, generator=torch.Generator().manual_seed(0))
    found = check("pooler", encoder)
    assert found.state == FAULT and "untrained" in found.told and "cls_before_pooler" in found.fix


def test_wrong_pooler(bert: Path) -> None:
    encoder = load(bert, pooling="cls_before_pooler")
    near = {(3, "mean"): 50.0, (3, "cls_before_pooler"): 48.0}
    far = {(3, "mean"): 50.0, (3, "cls_before_pooler"): 20.0}
    assert check("pooler", encoder, readings=near).state == FINE
    assert check("pooler", encoder, readings=near, stated="mean").state == WARNING
    assert check("pooler", encoder, readings=far).state == WARNING
    found = check("pooler", encoder, readings=far, stated="mean")
    assert found.state == FAULT and "pooling='mean'" in found.fix


def test_stated_pooling(bert: Path, tmp_path: Path) -> None:
    assert stated_pooling(str(bert)) is None  # nothing is stated: mean is assumed
    load(bert, pooling="max").save(tmp_path / "kept")
    assert stated_pooling(str(tmp_path / "kept")) == "max"


def test_dropout_zero(bert: Path) -> None:
    assert check("dropout", load(bert, dropout=0.0)).state == WARNING
    assert check("dropout", load(bert, dropout=0.1)).state == FINE


def test_padding_dependence(bert: Path) -> None:
    encoder = load(bert)
    assert check("padding", encoder).state == FINE

    def unmasked(texts: Sequence[str], **options: Any) -> Any:
        """The mean over the padded length, padding seen by attention."""
        with torch.no_grad():
            states = encoder.model(input_ids=encoder.tokenize(list(texts)).ids).last_hidden_state
        return torch.nn.functional.normalize(states.mean(dim=1), dim=-1).numpy()

    encoder.encode = unmasked  # type: ignore[method-assign]
    found = check("padding", encoder)
    assert found.state == FAULT and "Mask the padded" in found.fix


def test_layer_mix_up() -> None:
    """Layers 1 and 6 change places, as a conversion that sorts names wrongly can do."""
    encoder = load_encoder("minilm", device="cpu", precision="fp32")
    kept = encoder.model.encoder.layer
    with torch.no_grad():
        for one, other in zip(kept[0].parameters(), kept[5].parameters(), strict=True):
            held = one.clone()
            one.copy_(other)
            other.copy_(held)
    found = check("layers", encoder)
    assert found.state == WARNING and "order" in found.fix


def test_collapse(bert: Path) -> None:
    encoder = load(bert)
    with torch.no_grad():
        last = encoder.model.encoder.layer[-1].output.LayerNorm
        last.weight.mul_(1e-3)
        last.bias.fill_(1.0)
    found = check("collapse", encoder)
    assert found.state == FAULT and "mean cosine of 1.000" in found.told
    assert check("collapse", encoder, rows=np.eye(9)).state == FINE
    assert check("collapse", encoder, rows=np.zeros((9, 4))).state == FAULT


def test_missing_normalisation(bert: Path) -> None:
    encoder = load(bert)
    assert check("normalisation", encoder).state == FINE
    raw = encoder.encode(TEXTS, normalize=False)
    assert check("normalisation", encoder, rows=raw).state == FAULT


def test_truncation(bert: Path) -> None:
    found = check("truncation", load(bert, max_length=6))
    assert found.state == WARNING and "100.0%" in found.told and "max_length=80" in found.fix
    assert check("truncation", load(bert)).state == FINE
    assert "Split" in check("truncation", load(bert, max_length=80), [t * 30 for t in TEXTS]).fix


def test_wrong_language(minilm: Encoder) -> None:
    assert check("language", minilm).state == FINE
    german = ["Die Entfernung zum Bahnhof beträgt zweihundert Meter", "Verwaltungsgericht entscheidet gleich"]
    found = check("language", minilm, german)
    assert found.state == WARNING and "language" in found.fix
    found = check("language", minilm, ["他把鑰匙遺失在龜裂的籬笆旁", "請翻譯這篇關於鬱金香的文章"])
    assert found.state == FAULT and "unknown" in found.told


def test_half_precision_overflow(bert: Path) -> None:
    assert check("overflow", load(bert)).state == FINE
    for scale, state in ((2e4, WARNING), (1e6, FAULT), (1e38, FAULT)):
        encoder = load(bert)
        with torch.no_grad():
            encoder.model.encoder.layer[1].output.LayerNorm.weight.fill_(scale)
        found = check("overflow", encoder)
        assert found.state == state and "float16" in found.fix


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
