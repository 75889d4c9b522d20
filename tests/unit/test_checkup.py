"""The check-up: measured, kept as JSON and read back; its recorder."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from unit.encoder_factory import load

from simcse_core.data.datasets import load_dataset_records
from simcse_core.evaluation.broken import breakages
from simcse_core.evaluation.calibration import calibrate
from simcse_core.evaluation.checkup import STAGES, Checkup, check_up
from simcse_core.evaluation.patient import FAULT, FINE, WARNING, Finding, checks
from simcse_core.metrics.anisotropy import mean_cosine
from simcse_core.metrics.sts import spearman
from simcse_core.recording import checkup as recording
from simcse_core.runtime import assets

TEXTS = [f"the {a} is near the {b}" for a in ("man", "cat", "dog") for b in ("river", "house", "old tree")]
FILE = assets() / "recorded" / "checkup.json"


@pytest.fixture(scope="module")
def heard() -> list[tuple[int, int | None]]:
    return []


@pytest.fixture(scope="module")
def checkup(bert: Path, heard: list[tuple[int, int | None]]) -> Checkup:
    return check_up(load(bert), TEXTS, progress=lambda done, total: heard.append((done, total)))


def test_every_stage_is_told(checkup: Checkup, heard: list[tuple[int, int | None]]) -> None:
    assert heard == [(n, STAGES) for n in range(1, STAGES + 1)] and STAGES == len(checks) + 3


def test_numbers_against_the_measures_they_come_from(checkup: Checkup, bert: Path) -> None:
    encoder, pairs = load(bert), load_dataset_records("pairs")
    told = calibrate(encoder, pairs, resamples=1)
    assert checkup.calibration is not None and checkup.spearman is not None
    assert np.array_equal(checkup.calibration.cosine, told.cosine)
    assert checkup.spearman["value"] == pytest.approx(spearman(told.cosine, told.gold))
    assert checkup.spearman["low"] < checkup.spearman["value"] < checkup.spearman["high"]
    assert checkup.space["mean_cosine"] == pytest.approx(mean_cosine(encoder.encode(TEXTS)), abs=1e-6)
    assert checkup.facts["parameters"] == sum(p.numel() for p in encoder.model.parameters())
    assert checkup.facts["digest"] == encoder.digest and checkup.space["rows"] == len(TEXTS)
    assert checkup.speed["per_second"] == pytest.approx(len(TEXTS) / checkup.speed["seconds"], rel=0.5)


def test_it_survives_json(checkup: Checkup) -> None:
    again = Checkup.from_dict(json.loads(json.dumps(checkup.to_dict(), allow_nan=False)))
    assert again.findings == checkup.findings and again.facts == checkup.facts
    assert again.calibration is not None and checkup.calibration is not None
    assert np.allclose(again.calibration.cosine, checkup.calibration.cosine, atol=1e-6)
    assert again.calibration.threshold == checkup.calibration.threshold
    for cosine in (-0.2, 0.5, 0.72, 0.999):
        before, after = checkup.calibration.place(cosine), again.calibration.place(cosine)
        assert after["random"] == pytest.approx(before["random"], abs=0.003)
        assert after["low"] == pytest.approx(before["low"], abs=0.3)


@pytest.mark.parametrize(
    ("states", "verdict"),
    [((FINE, FINE), FINE), ((FINE, WARNING), WARNING), ((WARNING, FAULT), FAULT)],
)
def test_the_verdict_is_the_worst_finding(checkup: Checkup, states: tuple[str, str], verdict: str) -> None:
    found = tuple(Finding(f"check {n}", state, "Told.") for n, state in enumerate(states))
    assert Checkup(checkup.facts, found, None, None, {}, {}).verdict == verdict


@pytest.mark.parametrize("bias", [float("nan"), 0.0])
def test_an_encoder_without_usable_embeddings_is_told_of_all_the_same(bert: Path, bias: float) -> None:
    encoder = load(bert)
    with torch.no_grad():
        last = encoder.model.encoder.layer[-1].output.LayerNorm
        last.weight.zero_()
        last.bias.fill_(bias)
    found = check_up(encoder, TEXTS)
    assert found.verdict == FAULT and found.calibration is None and found.spearman is None
    assert found.space["mean_cosine"] is None
    again = Checkup.from_dict(json.loads(json.dumps(found.to_dict(), allow_nan=False)))
    assert again.calibration is None and again.findings == found.findings


def test_the_recorder_keeps_what_has_not_changed(bert: Path, tmp_path: Path, monkeypatch: Any) -> None:
    few = {name: breakages._entries[name] for name in ("no_dropout", "not_normalised")}
    monkeypatch.setattr(breakages, "_entries", few)
    out = tmp_path / "checkup.json"
    monkeypatch.chdir(bert.parent)
    made = recording.record(out, encoders=("./bert", "lab-not-here"), sentences=12)
    assert list(made["checkups"]) == ["./bert"] and list(made["broken"]) == list(few)
    again = Checkup.from_dict(json.loads(out.read_text(encoding="utf-8"))["checkups"]["./bert"])
    fresh = check_up(load(bert), [text for text, _ in recording_sentences(12)])
    assert again.facts["digest"] == fresh.facts["digest"]
    assert [one.told for one in again.findings] == [one.told for one in fresh.findings]
    assert str(bert.parent) not in json.dumps(made) and "/tmp" not in json.dumps(made["broken"])
    monkeypatch.setattr(recording, "check_up", lambda *a, **k: pytest.fail("made again"))
    assert recording.record(out, encoders=("./bert",), sentences=12)["checkups"] == made["checkups"]


def recording_sentences(count: int) -> list[tuple[str, str]]:
    from simcse_core.evaluation.cone import sample_sentences

    return sample_sentences(count)


@pytest.fixture(scope="module")
def shipped() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return content


def test_the_shipped_file_is_small_and_says_how_it_was_made(shipped: dict[str, Any]) -> None:
    assert FILE.stat().st_size < 700_000
    assert shipped["made"]["command"] == recording.COMMAND
    assert {"seed", "device", "date", "versions", "machine", "precision"} <= set(shipped["made"])
    assert set(shipped["broken"]) == set(breakages) and shipped["sound"] in shipped["checkups"]


def test_in_the_shipped_file_every_fault_is_found_and_the_sound_encoder_is_well(
    shipped: dict[str, Any],
) -> None:
    sound = Checkup.from_dict(shipped["checkups"][shipped["sound"]])
    assert sound.verdict == FINE, [one for one in sound.findings if one.state != FINE]
    for name, plain in shipped["broken"].items():
        found = {one.check: one.state for one in Checkup.from_dict(plain).findings}
        assert found[breakages.info(name).traits["finds"]] != FINE, name


def test_a_recorded_check_up_is_made_again(shipped: dict[str, Any]) -> None:
    """The facts and the cosines of the smallest recorded encoder that is packaged."""
    from simcse_core.encoders import load_encoder

    kept = Checkup.from_dict(shipped["checkups"]["minilm:4"])
    encoder = load_encoder("minilm:4", device="cpu", precision="fp32")
    told = calibrate(encoder, load_dataset_records("pairs"), resamples=0, random_pairs=100)
    assert kept.calibration is not None and kept.facts["digest"] == encoder.digest
    assert np.allclose(kept.calibration.cosine, told.cosine, atol=1e-4)
