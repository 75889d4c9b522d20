from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simcse_core.errors import DataError
from simcse_core.evaluation.space import NEIGHBOURS, Space, space_of
from simcse_core.figures.histograms import EDGES
from simcse_core.recording import lab
from simcse_core.runs.store import Run
from simcse_core.runtime import assets, cpu_has_bf16
from simcse_core.training.evaluation import probe_sentences

FILE = assets() / "recorded" / "lab.json"


@pytest.fixture(scope="module")
def recorded() -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return plain


def test_it_says_how_it_was_made_and_is_small(recorded: dict[str, Any]) -> None:
    made = recorded["made"]
    assert {"command", "config", "seed", "versions", "device", "date", "precision"} <= set(made)
    assert lab.RunConfig.from_dict(made["config"]) == lab.config(sts=True).check()
    assert FILE.stat().st_size < 1_500_000


def test_it_tells_the_story_of_the_page(recorded: dict[str, Any]) -> None:
    first, last = recorded["evaluations"][0], recorded["evaluations"][-1]
    steps = recorded["made"]["config"]["optim"]["steps"]
    assert [e["step"] for e in recorded["evaluations"]] == list(range(0, steps + 1, lab.EVERY))
    assert [s["step"] for s in recorded["steps"]] == list(range(1, steps + 1))
    assert set(first["sets"]) == {"pairs", "stsb-test"}
    assert last["mean_cosine"] < first["mean_cosine"] - 0.1
    assert last["uniformity"] < first["uniformity"] - 0.5
    assert all(last["sets"][name] > first["sets"][name] + 2 for name in first["sets"])


def test_its_space_belongs_to_its_texts(recorded: dict[str, Any]) -> None:
    space = Space.from_dict(recorded["space"])
    assert list(zip(space.texts, space.subjects, strict=True)) == probe_sentences()
    assert space.points.shape == (len(space.steps), len(space.texts), 3)
    np.testing.assert_allclose(np.linalg.norm(space.points, axis=-1), 1, atol=2e-3)
    assert space.neighbours.shape == (len(space.steps), len(space.texts), NEIGHBOURS)
    assert space.means[-1] < space.means[0] - 0.1


@pytest.mark.slow
def test_its_beginning_can_be_made_again(recorded: dict[str, Any], tmp_path: Path) -> None:
    from simcse_core.runs.execute import execute

    config = lab.config(sts=False)
    run = lab.RunStore(tmp_path).create(config)
    ended = execute(run, interrupted=lambda: bool(run.snapshot().step >= lab.EVERY))
    assert ended == "stopped"
    again = run.snapshot()
    same = recorded["made"]["precision"] == ("bfloat16" if cpu_has_bf16() else "float32")
    loose = 1.0 if same else 4.0
    for here, there in zip(again.evaluations, recorded["evaluations"], strict=False):
        assert here["step"] == there["step"]
        assert here["spearman"] == pytest.approx(there["spearman"], abs=0.25 * loose)
        assert here["mean_cosine"] == pytest.approx(there["mean_cosine"], abs=0.005 * loose)
    for done, step in zip(again.steps, recorded["steps"], strict=False):
        assert done["loss"] == pytest.approx(step["loss"], abs=0.05 * loose)


def test_recording_goes_by_way_of_a_run(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = lab.config(sts=False).with_settings(
        {"encoder.name": str(tiny_checkpoint), "optim.steps": 2, "optim.batch_size": 8, "data.limit": 16}
    )
    monkeypatch.setattr(lab, "config", lambda *, sts: small)
    told = lab.record(tmp_path / "lab.json", None)
    assert told == json.loads((tmp_path / "lab.json").read_text(encoding="utf-8"))
    assert [e["step"] for e in told["evaluations"]] == [0, 2]
    assert told["made"]["sentences"] == 16


def rows(seed: int = 0, n: int = 12) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).normal(size=(n, 8))


def test_space_finds_true_neighbours() -> None:
    cloud = rows()
    cloud[3] = cloud[7] * 2.5  # the same direction, another length
    space = space_of({0: cloud, 4: rows(1)}, [str(i) for i in range(12)], ["a"] * 12, edges=EDGES)
    assert space.steps == (0, 4)
    assert space.neighbours[0, 3, 0] == 7 and space.cosines[0, 3, 0] == pytest.approx(1)
    unit = cloud / np.linalg.norm(cloud, axis=1, keepdims=True)
    cosines = (unit @ unit.T)[np.triu_indices(12, 1)]
    assert space.means[0] == pytest.approx(cosines.mean())
    assert (space.density[0] * np.diff(EDGES)).sum() == pytest.approx(1)
    assert all(row not in space.neighbours[0, row] for row in range(12))


def test_space_survives_writing() -> None:
    space = space_of({0: rows()}, [str(i) for i in range(12)], ["a"] * 12, edges=EDGES)
    back = Space.from_dict(json.loads(json.dumps(space.to_dict())))
    np.testing.assert_allclose(back.points, space.points, atol=6e-4)
    np.testing.assert_array_equal(back.neighbours, space.neighbours)


@pytest.mark.parametrize("steps", [{}, {0: rows(n=5)}])
def test_space_refuses_what_does_not_fit(steps: dict[int, Any]) -> None:
    with pytest.raises(DataError):
        space_of(steps, [str(i) for i in range(12)], ["a"] * 12, edges=EDGES)


def test_space_of_a_run_without_embeddings_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(lab.config(sts=False).to_dict()), encoding="utf-8")
    with pytest.raises(DataError):
        lab.space(Run(tmp_path))
