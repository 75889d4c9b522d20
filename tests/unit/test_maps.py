"""Maps by registered methods: same seed same map, trust beside each, samples said, refusals clear."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn.manifold
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from simcse_core.errors import ConfigError, DataError
from simcse_core.projection import alignments, maps, project, project_aligned, projections
from simcse_core.projection.base import rotated_backwards, rotated_onto, unit_rows
from simcse_core.projection.faithfulness import neighbours_kept, trustworthiness
from simcse_core.registry import params_of

REPOSITORY = Path(__file__).parents[2]
Rows = NDArray[np.float64]


def groups(n: int = 60, d: int = 12, seed: int = 0) -> Rows:
    """Three tight groups of directions, row i in group i mod 3."""
    rng = np.random.default_rng(seed)
    centres = 3 * np.linalg.qr(rng.normal(size=(d, 3)))[0].T
    return centres[np.arange(n) % 3] + 0.3 * rng.normal(size=(n, d))


def apart(points: Rows) -> bool:
    """Whether every point is closer to the middle of its own group than to the others'."""
    own = np.arange(len(points)) % 3
    middles = np.array([points[own == g].mean(axis=0) for g in range(3)])
    return bool((np.linalg.norm(points[:, None] - middles, axis=2).argmin(axis=1) == own).all())


def rotation(d: int, seed: int) -> Rows:
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(d, d)))[0]


@settings(deadline=None, max_examples=25)
@given(st.integers(7, 40), st.integers(2, 6), st.integers(0, 2**32 - 1))
def test_trustworthiness_equals_sklearn(n: int, d: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y, k = rng.normal(size=(n, d)), rng.normal(size=(n, 2)), 1 + seed % ((n - 1) // 2)
    units = x / np.linalg.norm(x, axis=1, keepdims=True)
    assert trustworthiness(x, y, k=k) == pytest.approx(
        sklearn.manifold.trustworthiness(units, y, n_neighbors=k), abs=1e-12
    )


def test_asking_some_rows_averages_to_asking_all(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(90, 8)), rng.normal(size=(90, 2))
    for measure in (trustworthiness, neighbours_kept):
        parts = [measure(x, y, asked=np.arange(start, 90, 3)) for start in range(3)]
        assert np.mean(parts) == pytest.approx(measure(x, y))
        whole = measure(x, y)
        monkeypatch.setattr("simcse_core.projection.faithfulness.BLOCK", 200)  # two rows a block
        assert measure(x, y) == pytest.approx(whole)
    with pytest.raises(DataError, match="numbers from 0 to 89"):
        trustworthiness(x, y, asked=[90])


@pytest.mark.parametrize("method", ["pca", "tsne"])
@pytest.mark.parametrize("dimensions", [2, 3])
def test_groups_are_apart_and_a_seed_decides(method: str, dimensions: int) -> None:
    x = groups()
    few = {"perplexity": 10} if method == "tsne" else {}
    found = project(x, method, dimensions=dimensions, **few)
    assert found.points.shape == (60, dimensions) and apart(found.points)
    assert np.array_equal(project(x, method, dimensions=dimensions, **few).points, found.points)
    assert found.method == method and found.fitted_on == 60 and found.note == ""
    assert np.array_equal(found.rows, np.arange(60)) and found.asked == 60
    assert found.settings == ({"perplexity": 10.0} if few else {})
    assert found.trustworthiness == trustworthiness(x, found.points) > 0.8
    assert found.neighbours_kept == neighbours_kept(x, found.points)
    assert found.by_chance == 10 / 59 < found.neighbours_kept
    assert (found.explained is not None) == (method == "pca")


def test_length_says_nothing() -> None:
    x = groups()
    scaled = x * np.geomspace(1e-200, 1e200, 60)[:, None]
    assert np.allclose(project(scaled).points, project(x).points)
    assert np.linalg.norm(unit_rows(scaled), axis=1) == pytest.approx(np.ones(60))


def test_few_rows_have_fewer_neighbours_and_then_none() -> None:
    x = groups(15)
    assert (project(x).k, project(x, k=3).k, project(x[:7]).k) == (7, 3, 3)
    assert project(x[:3]).trustworthiness is not None and project(x[:3]).k == 1


def test_large_inputs_are_sampled_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    x = groups(300)
    whole = project(x)
    monkeypatch.setattr(maps, "WHOLE", 60)
    monkeypatch.setattr(maps, "ASKED", 50)
    found = project(x, seed=3)
    assert found.note == (
        "Laid out on a sample of 60 of 300 sentences; the others were placed on it. "
        "Trust was measured on 50 of them."
    )
    assert (found.fitted_on, found.asked, len(found.points)) == (60, 50, 300)
    assert apart(found.points) and np.array_equal(found.rows, np.arange(300))
    assert found.trustworthiness == pytest.approx(whole.trustworthiness, abs=0.05)
    assert np.array_equal(project(x, seed=3).points, found.points)
    assert not np.allclose(project(x, seed=4).points, found.points)
    sampled = project(x, "tsne", perplexity=10)  # cannot place the others
    assert sampled.note == "Shown: a sample of 60 of 300 sentences. Trust was measured on 50 of them."
    assert len(sampled.points) == len(set(sampled.rows.tolist())) == 60
    assert sampled.trustworthiness is not None and sampled.trustworthiness > 0.8
    steps = project_aligned([x, x + 0.1], "pca_rotated")
    assert np.array_equal(steps[0].rows, steps[1].rows) and len(steps[0].rows) == 60


def test_rotation_is_undone_and_nothing_is_stretched() -> None:
    y = np.random.default_rng(0).normal(size=(40, 3)) * [3.0, 2.0, 1.0] + 5
    assert np.allclose(rotated_onto(7 + y @ rotation(3, 1), y), y)
    flipped = y * [-1, 1, 1]
    assert np.allclose(rotated_onto(flipped, y), y)  # mirrored too: axes of a PCA have no sign
    half = rotated_onto(0.5 * y @ rotation(3, 2), y)
    assert np.allclose(half - y.mean(axis=0), 0.5 * (y - y.mean(axis=0)))
    frames = rotated_backwards([y @ rotation(3, 3), y @ rotation(3, 4), y])
    assert all(np.allclose(frame, y) for frame in frames)


@pytest.mark.parametrize("method", ["pca", "pca_rotated", "tsne"])
def test_steps_share_a_frame(method: str) -> None:
    """Steps that differ by a rotation of the embeddings, as two runs may, and one of another width."""
    x = unit_rows(groups())
    turned = x @ rotation(12, 5) if method == "pca_rotated" else x + 0.02 * groups(seed=9)
    found = project_aligned([turned, x], method, **({"perplexity": 10} if method == "tsne" else {}))
    assert [f.method for f in found] == [method] * 2 and all(apart(f.points) for f in found)
    spread = np.linalg.norm(found[1].points - found[1].points.mean(axis=0), axis=1).mean()
    moved = np.linalg.norm(found[0].points - found[1].points, axis=1).mean()
    assert moved < 0.35 * spread
    for step, frame in zip((turned, x), found, strict=True):
        assert frame.trustworthiness == pytest.approx(trustworthiness(step, frame.points))
    if method == "pca_rotated":
        assert np.allclose(found[0].points, found[1].points, atol=1e-9)
        wide = np.hstack([x, np.zeros((60, 4))])
        assert np.allclose(project_aligned([wide, x], method)[0].points, found[1].points, atol=1e-9)


def test_axes_of_the_last_step_show_a_collapse() -> None:
    x = groups()
    collapsed = np.ones_like(x)
    found = project_aligned([collapsed, x], "pca")
    assert np.ptp(found[0].points, axis=0).max() < 1e-9
    assert found[0].trustworthiness is None and found[0].k == 0 and found[1].k == 10
    assert np.allclose(found[1].points, project(x).points)
    for method in alignments:
        with pytest.raises(DataError, match=r"Step 1 .* one direction"):
            project_aligned([x, collapsed], method)
    with pytest.raises(DataError, match=r"Step 0 .* one direction"):
        project_aligned([collapsed, x], "tsne")


@pytest.mark.parametrize("method", sorted(projections))
@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (np.ones((1, 8)), "three or more rows.*Give more sentences"),
        (np.ones(8), "three or more rows"),
        (np.ones((50, 1)), "three or more rows"),
        (np.full((50, 8), "a"), "three or more rows"),
        (np.outer(np.arange(1, 51), np.arange(8)), "all 50 rows have one direction"),
        (np.where(np.arange(50)[:, None] == 7, np.nan, groups(50, 8)), "row 7 .*NaN"),
        (np.where(np.arange(50)[:, None] == 7, 0.0, groups(50, 8)), "row 7 .*zeros"),
    ],
)
def test_refusals_of_rows(method: str, rows: Any, told: str) -> None:
    with pytest.raises(DataError, match=told):
        project(rows, method)


@pytest.mark.parametrize(
    ("method", "given", "told"),
    [
        ("map", {}, "no projection called 'map'.*umap"),
        ("umap", {"neighbors": 5}, "no parameter 'neighbors'.*neighbours"),
        ("umap", {"neighbours": 1}, "allowed: 2 to 200"),
        ("umap", {}, "UMAP with neighbours=15 needs more than 15 rows; got 12.*to 11 or less"),
        ("tsne", {}, "perplexity=30 needs more than 30 rows; got 12"),
        ("pca", {"dimensions": 4}, "2 or 3 dimensions; got 4"),
        ("pca", {"seed": -1}, "seed is -1"),
    ],
)
def test_refusals_of_settings(method: str, given: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        project(groups(12), method, **given)


def test_refusals_of_steps() -> None:
    x = groups()
    with pytest.raises(DataError, match=r"same rows; got \[60, 59\]"):
        project_aligned([x, x[:59]])
    with pytest.raises(DataError, match="same rows"):
        project_aligned([])
    with pytest.raises(DataError, match="one shape"):
        project_aligned([x, x[:, :9]], "pca")
    with pytest.raises(ConfigError, match="Aligned UMAP with neighbours=80"):
        project_aligned([x, x], "umap", neighbours=80)
    with pytest.raises(DataError, match="needs 5 or more rows; got 4"):
        project_aligned([x[:4], x[:4]], "umap", neighbours=2, dimensions=3)
    with pytest.raises(DataError, match=r"Step 1 .* row 2 "):
        project_aligned([x, np.where(np.arange(60)[:, None] == 2, np.inf, x)])


def test_settings_are_described_for_forms() -> None:
    assert set(projections) == {"pca", "umap", "tsne"}
    assert set(alignments) == {"pca", "pca_rotated", "umap", "tsne"}
    for registry in (projections, alignments):
        for name in registry:
            assert registry.info(name).source and registry.info(name).summary
            parameters = params_of(registry[name])
            assert all(p.help for p in parameters.values())
            assert not set(parameters) & set(inspect.signature(project).parameters)  # passed on by name


CHILD = """
import json, sys
import numpy as np
sys.path.insert(0, "tests")
from unit.test_maps import apart, groups
from simcse_core.projection import maps, project, project_aligned
maps.WHOLE = 18
x = groups(24)
first, again = (project(x, "umap", neighbours=5) for _ in range(2))
steps = [project_aligned([x[:15] + 0.05, x[:15]], "umap", neighbours=5) for _ in range(2)]
print(json.dumps({
    "same": np.array_equal(first.points, again.points),
    "apart": apart(first.points), "placed": len(first.points), "note": first.note,
    "settings": first.settings, "trust": first.trustworthiness,
    "steps same": all(np.array_equal(a.points, b.points) for a, b in zip(*steps)),
    "steps apart": [apart(s.points) for s in steps[0]],
    "moved": float(np.linalg.norm(steps[0][0].points - steps[0][1].points, axis=1).mean()),
    "spread": float(np.linalg.norm(steps[0][1].points - steps[0][1].points.mean(axis=0), axis=1).mean()),
    "alone": len(project_aligned([x[:15]], "umap", neighbours=5)),
}))
"""


def test_umap_and_aligned_umap() -> None:
    """In a process of its own without numba's compiler, which takes a minute: the code is the same."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD],
        cwd=REPOSITORY,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["same"] and found["apart"] and found["placed"] == 24
    assert found["note"].startswith("Laid out on a sample of 18 of 24 sentences")
    assert found["settings"] == {"neighbours": 5, "min_dist": 0.1} and found["trust"] > 0.7
    assert found["steps same"] and found["steps apart"] == [True, True] and found["alone"] == 1
    assert found["moved"] < 0.5 * found["spread"]


def test_importing_loads_no_slow_library() -> None:
    code = "import sys, simcse_core.projection; print([m for m in ('umap', 'numba', 'sklearn', 'torch') "
    done = subprocess.run(
        [sys.executable, "-c", f"{code}if m in sys.modules])"],
        cwd=REPOSITORY, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "[]"
