"""Projections: deterministic signs, one set of axes for all steps, and what a picture keeps."""

import numpy as np
import pytest
import sklearn.decomposition
from numpy.typing import NDArray

from simcse_core.errors import DataError
from simcse_core.projection.faithfulness import neighbours_kept, trustworthiness
from simcse_core.projection.pca import PCA, pca, project_steps
from simcse_core.projection.sphere import principal_sphere, sphere_steps


def cloud(n: int = 200, d: int = 12, seed: int = 0) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) * np.geomspace(5, 0.5, d) + 1.0


def test_equals_sklearn_up_to_sign() -> None:
    x = cloud()
    peer = sklearn.decomposition.PCA(n_components=3, svd_solver="full")
    assert np.allclose(np.abs(pca(x, k=3)), np.abs(peer.fit_transform(x)), atol=1e-9)
    assert np.allclose(PCA.fit(x, k=3).explained, peer.explained_variance_ratio_)


def test_signs_do_not_depend_on_the_order_of_rows() -> None:
    x, order = cloud(), np.random.default_rng(1).permutation(200)
    assert np.allclose(pca(x)[order], pca(x[order]), atol=1e-9)
    axes = PCA.fit(x, k=4).components
    assert all(row[np.abs(row).argmax()] > 0 for row in axes)
    assert np.allclose(axes @ axes.T, np.eye(4), atol=1e-12)


def test_few_rows_and_collapse_give_zeros_not_noise() -> None:
    assert np.array_equal(pca(np.tile([0.1, 0.2, 0.3], (6, 1))), np.zeros((6, 2)))
    line = PCA.fit(np.outer([1.0, 2.0, 4.0], [3.0, 4.0, 0.0]), k=3)
    assert line.explained.tolist() == pytest.approx([1.0, 0.0, 0.0])
    assert np.array_equal(line.components[1:], np.zeros((2, 3)))
    assert pca(np.ones((1, 5))).shape == (1, 2)


def test_steps_share_the_axes_of_the_last() -> None:
    last = cloud()
    steps = [last + 3.0, 0.5 * last, last]
    frames, axes = project_steps(steps)
    assert np.allclose(frames[2], pca(last))
    assert np.allclose(frames[0] - frames[2], (3.0 * axes.components.sum(axis=1)), atol=1e-9)  # a shift shows
    assert np.allclose(axes.transform(steps[1]), frames[1])
    with pytest.raises(DataError, match="one shape"):
        project_steps([last, last[:5]])
    with pytest.raises(DataError, match="one shape"):
        project_steps([])


def test_sphere_shows_a_cone_as_a_spot_and_evenness_as_a_ball() -> None:
    rng = np.random.default_rng(0)
    cone = principal_sphere(rng.normal(size=(300, 20)) * 0.01 + 1.0)
    ball = principal_sphere(rng.normal(size=(300, 20)))
    for points in (cone, ball):
        assert points.shape == (300, 3)
        assert np.allclose(np.linalg.norm(points, axis=1), 1.0)
    assert cone[:, 0].min() > 0.99
    assert np.linalg.norm(ball.mean(axis=0)) < 0.5
    assert (ball @ np.array([1.0, 0, 0])).min() < -0.5


def test_sphere_faces_the_mean_and_ignores_length() -> None:
    x = cloud() - 4.0
    points = principal_sphere(x)
    assert points[:, 0].mean() > 0
    assert np.allclose(principal_sphere(x * np.geomspace(1e-3, 1e3, 200)[:, None]), points)


def test_sphere_steps_share_axes() -> None:
    last = cloud()
    frames = sphere_steps([np.ones_like(last), last])
    assert np.allclose(frames[1], principal_sphere(last))
    assert np.ptp(frames[0], axis=0).max() == 0.0
    orthogonal = np.zeros((4, 5))
    orthogonal[:, 4] = 1.0
    flat = np.zeros((4, 5))
    flat[:, :3] = np.random.default_rng(0).normal(size=(4, 3))
    assert np.array_equal(sphere_steps([orthogonal, flat])[0], np.tile([1.0, 0.0, 0.0], (4, 1)))


@pytest.mark.parametrize("bad", [np.zeros(4), np.ones((3, 2)), np.zeros((3, 4)), np.full((3, 4), np.nan)])
def test_sphere_refusals(bad: NDArray[np.float64]) -> None:
    with pytest.raises(DataError):
        principal_sphere(bad)


def test_pca_refusals() -> None:
    with pytest.raises(DataError, match="rows of embeddings"):
        pca(np.zeros(4))
    with pytest.raises(DataError, match="rows of 2 or more; got 1"):
        pca(np.ones((3, 1)))
    with pytest.raises(DataError, match="row 1 "):
        pca(np.array([[1.0, 2.0], [np.nan, 1.0]]))
    with pytest.raises(DataError, match="fitted on 12 dimensions; got 3"):
        PCA.fit(cloud()).transform(np.ones((2, 3)))


def test_faithful_picture_keeps_every_neighbour() -> None:
    angle = np.sort(np.random.default_rng(0).uniform(0, 2, size=120))
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    wide = circle @ np.linalg.qr(np.random.default_rng(1).normal(size=(9, 9)))[0][:2]
    assert neighbours_kept(wide, circle, k=8) == 1.0
    assert trustworthiness(wide, circle, k=8) == 1.0


def test_random_picture_keeps_what_chance_keeps() -> None:
    rng = np.random.default_rng(0)
    x, picture = rng.normal(size=(400, 20)), rng.normal(size=(400, 2))
    assert neighbours_kept(x, picture, k=10) == pytest.approx(10 / 399, abs=0.01)
    assert trustworthiness(x, picture, k=10) == pytest.approx(0.5, abs=0.05)


def test_faithfulness_counts_by_loops() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(30, 6)), rng.normal(size=(30, 2))
    units = x / np.linalg.norm(x, axis=1, keepdims=True)
    kept = 0
    for i in range(30):
        near = sorted((j for j in range(30) if j != i), key=lambda j: -units[i] @ units[j])[:4]
        shown = sorted((j for j in range(30) if j != i), key=lambda j: np.linalg.norm(y[i] - y[j]))[:4]
        kept += len(set(near) & set(shown))
    assert neighbours_kept(x, y, k=4) == pytest.approx(kept / 120)


def test_faithfulness_refusals() -> None:
    with pytest.raises(DataError, match="same rows"):
        neighbours_kept(np.ones((5, 3)), np.ones((4, 2)))
    with pytest.raises(DataError, match="allowed: 1 to 4"):
        neighbours_kept(np.ones((5, 3)), np.ones((5, 2)), k=5)
    with pytest.raises(DataError, match="more than 6 rows"):
        trustworthiness(np.ones((5, 3)), np.ones((5, 2)), k=3)
    with pytest.raises(DataError, match="only zeros"):
        neighbours_kept(np.zeros((5, 3)), np.ones((5, 2)), k=2)
