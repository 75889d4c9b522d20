"""The recorded file of the page of pairs: complete, and made again in its beginning."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simcse_core.data.datasets import sentence_subjects
from simcse_core.recording import pairs
from simcse_core.runtime import assets
from simcse_core.search.background import Background

RAW = pairs.CHECKPOINTS[0]


@pytest.fixture(scope="module")
def shipped() -> dict:
    return json.loads((assets() / "recorded" / "pairs.json").read_text(encoding="utf-8"))


def test_it_says_how_it_was_made(shipped: dict) -> None:
    made = shipped["made"]
    assert made["command"] == "python -m simcse_core record pairs"
    assert made["seed"] == 0 and made["device"] == "cpu" and made["date"] and made["versions"]["torch"]


def test_it_holds_what_the_page_opens_with(shipped: dict) -> None:
    assert [e["name"] for e in shipped["examples"]] == [name for name, *_ in pairs.EXAMPLES]
    for example in shipped["examples"]:
        assert set(example["scores"]) == set(pairs.CHECKPOINTS)
    assert set(shipped["backgrounds"]) == set(shipped["backgrounds_zh"]) == set(pairs.BACKGROUNDS)
    for plain in shipped["backgrounds"].values():
        assert Background.from_dict(plain).pairs == 20_000
    assert set(shipped["list"]["cosines"]) == set(shipped["search"]["hits"]) == set(pairs.CHECKPOINTS)
    assert (assets() / "recorded" / "pairs.json").stat().st_size < 500_000


def test_it_was_made_with_the_sentences_that_ship(shipped: dict) -> None:
    assert shipped["search"]["sentences"] == len(sentence_subjects())
    known = {text for text, _ in sentence_subjects()}
    for answers in shipped["search"]["hits"].values():
        assert all(hit["text"] in known for hits in answers for hit in hits)


def test_the_opening_shows_what_it_claims(shipped: dict) -> None:
    """A higher cosine under the raw checkpoint is more ordinary than a lower one under the trained."""
    scores = shipped["examples"][0]["scores"]
    first, last = pairs.CHECKPOINTS[0], pairs.CHECKPOINTS[-1]
    raw, trained = (Background.from_dict(shipped["backgrounds"][name]) for name in (first, last))
    assert scores[first]["same"] > scores[last]["same"] + 0.3
    assert raw.share_below(scores[first]["same"]) < 0.995
    assert trained.share_below(scores[last]["same"]) > 0.999


@pytest.mark.slow
def test_its_beginning_is_made_again(shipped: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs, "EXAMPLES", pairs.EXAMPLES[:2])
    monkeypatch.setattr(pairs, "sentence_subjects", lambda: [("A fox is at the door.", "x")])
    again = pairs.record(tmp_path / "pairs.json", checkpoints=pairs.CHECKPOINTS[:1])
    for new, old in zip(again["examples"], shipped["examples"], strict=False):
        assert new["original"] == old["original"]
        assert new["scores"][RAW] == pytest.approx(old["scores"][RAW], abs=2e-3)
    new, old = (Background.from_dict(r["backgrounds"][RAW]) for r in (again, shipped))
    assert new.mean == pytest.approx(old.mean, abs=5e-3)
