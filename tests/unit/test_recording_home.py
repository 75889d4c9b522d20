"""The home page's recorded run: complete, and its beginning made again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from simcse_core.recording import recorders
from simcse_core.recording.home import record
from simcse_core.runtime import assets


def shipped() -> dict:
    return json.loads((assets() / "recorded" / "home.json").read_text(encoding="utf-8"))


def card_score(encoder: str) -> float:
    """STS-B test of the seven tasks' row in a shipped encoder's model card."""
    lines = (assets() / "encoders" / encoder / "README.md").read_text(encoding="utf-8").splitlines()
    names, _, values = lines[(at := next(i for i, x in enumerate(lines) if x.startswith("| STS12"))) : at + 3]
    row = dict(zip(names.split("|"), values.split("|"), strict=True))
    return float(row[" STS-B "])


def test_every_recorder_has_its_file() -> None:
    assert set(recorders()) >= {"home", "pairs", "cone", "lab"}
    for name in recorders():
        made = json.loads((assets() / "recorded" / f"{name}.json").read_text(encoding="utf-8"))["made"]
        assert "simcse_core record" in made["command"] and made["versions"]["torch"] and "seed" in made


def test_it_tells_the_story() -> None:
    steps = shipped()["steps"]
    assert [s["step"] for s in steps] == list(range(21))
    first, last = steps[0], steps[-1]
    assert first["mean_cosine_lead"] > 0.7 and last["mean_cosine_lead"] < 0.25
    edges = np.array(shipped()["bins"])
    for step in (first, last):  # the mean that is written is the mean of what is drawn
        density = np.array(step["cosine_hist"])
        drawn = np.average((edges[1:] + edges[:-1]) / 2, weights=density)
        assert step["mean_cosine"] == pytest.approx(drawn, abs=0.01)
    assert first["spearman"]["stsb-test"] == pytest.approx(card_score("lab-base"), abs=0.1)
    assert last["spearman"]["stsb-test"] > first["spearman"]["stsb-test"] + 8
    assert last["uniformity"] < first["uniformity"]


@pytest.mark.slow
def test_its_beginning_can_be_made_again(tmp_path: Path) -> None:
    """Two steps of the recorded run; other processors round differently, hence the tolerances."""
    again, before = record(tmp_path / "home.json", steps=2), shipped()
    assert again["made"]["config"]["optim"] == before["made"]["config"]["optim"]
    for made, kept in zip(again["steps"], before["steps"][:3], strict=True):
        assert made["spearman"]["pairs"] == pytest.approx(kept["spearman"]["pairs"], abs=0.5)
        assert np.abs(np.subtract(made["cosine_hist"], kept["cosine_hist"])).max() < 0.35
        if made["loss"] is not None:
            assert made["loss"] == pytest.approx(kept["loss"], rel=0.1)
    for made, kept in zip(again["examples"], before["examples"], strict=True):
        assert np.allclose(made["cosines"], kept["cosines"][:3], atol=0.02)
