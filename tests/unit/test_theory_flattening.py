"""The recorded spectra: complete, telling, and their beginning made again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from simcse_core.evaluation.cone import digest_of_texts, sample_sentences
from simcse_core.metrics.spectrum import effective_rank
from simcse_core.recording.sphere import STEPS, record
from simcse_core.runtime import assets
from simcse_core.theory.flattening import Flatness, flatness


def shipped() -> dict:
    return json.loads((assets() / "recorded" / "sphere.json").read_text(encoding="utf-8"))


def test_flatness_is_that_of_the_unit_rows() -> None:
    x = np.random.default_rng(0).normal(size=(30, 6))
    x[:, 0] += 2
    found = flatness(5 * x)
    units = x / np.linalg.norm(x, axis=1, keepdims=True)
    energy = np.linalg.eigvalsh(units.T @ units)[::-1]
    assert found.spectrum == pytest.approx(np.sqrt(energy / energy[0]))
    assert found.effective_rank == pytest.approx(effective_rank(units))
    assert found.bound.largest == pytest.approx(energy[0])
    again = Flatness.from_dict(json.loads(json.dumps(found.to_dict())))
    assert again.bound == found.bound and again.spectrum == pytest.approx(found.spectrum, rel=1e-6)


def test_a_basis_is_flat_and_a_heap_is_not() -> None:
    flat, heap = flatness(np.eye(5)), flatness(np.ones((5, 4)))
    assert flat.spectrum == pytest.approx(np.ones(5)) and flat.effective_rank == pytest.approx(5)
    assert heap.spectrum[1:] == pytest.approx(np.zeros(3), abs=1e-7)
    assert heap.bound.largest == pytest.approx(5)


def test_training_flattens_the_recorded_spectrum() -> None:
    steps = shipped()["steps"]
    assert shipped()["sentences_sha256"] == digest_of_texts([text for text, _ in sample_sentences()])
    assert tuple(s["step"] for s in steps) == STEPS
    first, last = (Flatness.from_dict(steps[at]) for at in (0, -1))
    for found in (first, last):
        assert len(found.spectrum) == 384 and found.spectrum[0] == 1
        assert (np.diff(found.spectrum) <= 0).all()
    assert (last.spectrum[1:100] > first.spectrum[1:100]).all()
    assert last.uniformity < first.uniformity and last.effective_rank > first.effective_rank
    assert last.bound.largest < first.bound.largest
    # the condition of the proof holds while the cone is narrow, and fails the more the further it opens
    published = Flatness.from_dict(shipped()["published"])
    assert first.bound.applies and not published.bound.applies
    assert first.bound.negative_share <= last.bound.negative_share < published.bound.negative_share
    assert published.bound.negative_share > 0.1 and published.uniformity < last.uniformity


@pytest.mark.slow
def test_its_beginning_can_be_made_again(tmp_path: Path) -> None:
    """Two steps on fewer sentences; other processors round differently, hence the tolerances."""
    again, before = record(tmp_path / "sphere.json", sentences=200, last=2), shipped()
    for part in ("optim", "data", "loss", "seed"):
        assert again["made"]["config"][part] == before["made"]["config"][part], part
    assert [s["step"] for s in again["steps"]] == [0, 2]
    for made, kept in zip(again["steps"], before["steps"], strict=False):
        assert made["alignment"] == pytest.approx(kept["alignment"], rel=0.1)
        assert made["mean_cosine"] == pytest.approx(kept["mean_cosine"], abs=0.05)
