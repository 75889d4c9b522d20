"""Maps of one set of sentences at several steps: what is kept, what survives the file, what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from simcse_core.errors import ConfigError, DataError
from simcse_core.evaluation.atlas import Atlas, atlas_of, layout_of
from simcse_core.evaluation.neighbours import nearest
from simcse_core.projection import project_aligned

N = 30
TEXTS = [f"sentence {i}" for i in range(N)]
SUBJECTS = ["a" if i % 2 else "b" for i in range(N)]


def clouds(width: int = 6) -> dict[int, np.ndarray]:
    rng = np.random.default_rng(0)
    start = rng.standard_normal((N, width))
    return {20: start + rng.standard_normal((N, width)), 0: start, 10: start + 0.1}


@pytest.fixture(scope="module")
def atlas() -> Atlas:
    return atlas_of(clouds(), TEXTS, SUBJECTS, methods=("pca", "pca_rotated"), k=5)


def test_steps_are_in_order_and_neighbours_are_those_of_the_full_space(atlas: Atlas) -> None:
    assert atlas.steps == (0, 10, 20)
    for at, step in enumerate(atlas.steps):
        rows, cosines = nearest(clouds()[step], k=5)
        assert atlas.neighbours[at].tolist() == rows.tolist()
        assert atlas.cosines[at] == pytest.approx(cosines)


def test_a_layout_is_what_the_projection_says(atlas: Atlas) -> None:
    steps = clouds()
    maps = project_aligned([steps[s] for s in (0, 10, 20)], "pca_rotated")
    layout = atlas.layouts["pca_rotated"]
    assert layout.points == pytest.approx(np.stack([m.points for m in maps]), abs=1e-6)
    assert layout.kept == tuple(m.neighbours_kept for m in maps)
    assert layout.trustworthiness == tuple(m.trustworthiness for m in maps)
    assert layout.chance == pytest.approx(10 / (N - 1))


def test_it_survives_the_file_up_to_its_rounding(atlas: Atlas) -> None:
    again = Atlas.from_dict(json.loads(json.dumps(atlas.to_dict(), allow_nan=False)))
    assert (again.texts, again.subjects, again.steps) == (atlas.texts, atlas.subjects, atlas.steps)
    assert again.neighbours.tolist() == atlas.neighbours.tolist()
    assert again.cosines == pytest.approx(atlas.cosines, abs=2e-5)
    for name, layout in atlas.layouts.items():
        assert again.layouts[name].points == pytest.approx(
            layout.points, abs=1e-4 * float(np.ptp(layout.points))
        )
        assert again.layouts[name].kept == pytest.approx(layout.kept, abs=1e-5)


def test_a_file_that_lost_points_is_not_understood(atlas: Atlas) -> None:
    plain = atlas.to_dict()
    plain["layouts"]["pca"]["points"] = plain["layouts"]["pca"]["points"][: 4 * N * 2]
    with pytest.raises(ValueError):
        Atlas.from_dict(plain)


def test_checkpoints_of_different_widths_share_a_map_that_is_turned() -> None:
    both = {0: clouds(6)[0], 1: clouds(9)[20]}
    atlas = atlas_of(both, TEXTS, SUBJECTS, methods=("pca_rotated",))
    assert atlas.layouts["pca_rotated"].points.shape == (2, N, 2)
    with pytest.raises(DataError):
        layout_of(list(both.values()), "pca")


def test_few_sentences_have_fewer_neighbours() -> None:
    few = {0: np.random.default_rng(1).standard_normal((4, 3))}
    assert atlas_of(few, TEXTS[:4], SUBJECTS[:4]).neighbours.shape == (1, 4, 3)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(DataError, match="30 sentences"):
        atlas_of({}, TEXTS, SUBJECTS)
    with pytest.raises(DataError, match="29 sentences"):
        atlas_of(clouds(), TEXTS[:-1], SUBJECTS[:-1])
    with pytest.raises(ConfigError):
        atlas_of(clouds(), TEXTS, SUBJECTS, methods=("no such map",))
