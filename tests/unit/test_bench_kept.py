"""Scores that are known without measuring: what the bench kept, and what was recorded."""

from __future__ import annotations

from pathlib import Path

import pytest
from unit.bench_factory import FakeEncoder, noise, write_sts

from simcse_core.bench import run_bench
from simcse_core.bench.kept import kept_tasks
from simcse_core.encoders import load_encoder


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SIMCSE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_kept_scores_are_known_by_the_digest_alone(home: Path, tmp_path: Path) -> None:
    sts = write_sts(tmp_path / "sts", ("STS16", "STS-B"))
    encoder = FakeEncoder(noise(0))
    result = run_bench(encoder, sts=sts, tasks=("STS-B", "STS16"), bootstrap=20)
    kept = kept_tasks(encoder.digest)
    assert list(kept) == ["STS16", "STS-B"]
    for name, task in kept.items():
        assert task.spearman == result.tasks[name].spearman
        assert task.intervals == result.tasks[name].intervals
    assert kept_tasks("another") == {}
    next((home / "bench").rglob("STS16-*")).write_text("{", encoding="utf-8")
    assert list(kept_tasks(encoder.digest)) == ["STS-B"]


def test_recorded_scores_are_known_too() -> None:
    digest = load_encoder("minilm", precision="fp32").digest
    scores = {name: task.spearman["all"] for name, task in kept_tasks(digest).items()}
    published = (72.37, 80.60, 75.60, 85.39, 78.99, 82.03, 77.15)
    assert list(scores.values()) == pytest.approx(published, abs=0.02)


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"checkpoints": {"minilm": {}}}', '{"checkpoints": 3}'])
def test_a_damaged_recording_is_as_if_it_were_not_there(
    content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "assets" / "recorded").mkdir(parents=True)
    (tmp_path / "assets" / "recorded" / "bench.json").write_text(content, encoding="utf-8")
    monkeypatch.setenv("SIMCSE_ASSETS", str(tmp_path / "assets"))
    assert kept_tasks("f15ee1302044f3fe") == {}
