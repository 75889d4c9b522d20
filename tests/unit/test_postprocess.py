"""Post-processors: what they make of the covariance, what they leave alone, and how they are kept."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from simcse_core.errors import ConfigError, DataError
from simcse_core.metrics.isoscore import isoscore
from simcse_core.metrics.spectrum import effective_rank
from simcse_core.postprocess import fit_parameters, from_dict, load, postprocessors, save, to_dict
from simcse_core.postprocess.centering import Centering
from simcse_core.postprocess.component_removal import ComponentRemoval
from simcse_core.postprocess.standardising import Standardising
from simcse_core.postprocess.whitening import Whitening

ALL = list(postprocessors)


def skewed(n: int = 300, d: int = 8, seed: int = 0) -> NDArray[np.float64]:
    """A cloud with a mean and very unequal directions."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) @ np.diag(np.geomspace(1, 30, d)) @ rng.normal(size=(d, d)) + 5.0


def cosine_matrix(x: NDArray[np.float64]) -> NDArray[np.float64]:
    units = x / np.linalg.norm(x, axis=1, keepdims=True)
    found: NDArray[np.float64] = units @ units.T
    return found


def test_the_registry_holds_the_five() -> None:
    assert set(ALL) == {"centering", "standardising", "component_removal", "whitening", "flow"}
    assert {name: list(fit_parameters(name)) for name in ALL} == {
        "centering": [], "standardising": [], "component_removal": ["k"], "whitening": ["k"],
        "flow": ["epochs"],
    }  # fmt: skip


@pytest.mark.parametrize("name", [name for name in ALL if name != "flow"])  # a likelihood, not a formula
def test_mean_of_the_fitted_rows_becomes_zero(name: str) -> None:
    x = skewed()
    assert np.abs(postprocessors[name].fit(x).transform(x).mean(axis=0)).max() < 1e-9


@pytest.mark.parametrize("name", ALL)
def test_transform_never_refits(name: str) -> None:
    x = skewed()
    fitted = postprocessors[name].fit(x)
    assert np.allclose(fitted.transform(x[:3]), fitted.transform(x)[:3], atol=1e-12)
    with pytest.raises(AttributeError):
        fitted.mean = np.zeros(8)


@pytest.mark.parametrize("name", ALL)
def test_state_survives_safetensors_and_json(name: str, tmp_path: Path) -> None:
    x = skewed()
    fitted = postprocessors[name].fit(x)
    save(fitted, tmp_path / "kept" / "p.safetensors")
    again = [load(tmp_path / "kept" / "p.safetensors"), from_dict(json.loads(json.dumps(to_dict(fitted))))]
    for copy in again:
        assert type(copy) is type(fitted)
        assert np.array_equal(copy.transform(x), fitted.transform(x))


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_bad_rows_are_named(name: str, bad: float) -> None:
    x = skewed()
    fitted = postprocessors[name].fit(x)
    x[4, 2] = bad
    for call in (postprocessors[name].fit, fitted.transform):
        with pytest.raises(DataError, match="row 4"):
            call(x)


@pytest.mark.parametrize("name", ALL)
def test_shapes_are_refused(name: str) -> None:
    for bad in (np.ones(5), np.ones((1, 5)), np.ones((4, 0))):
        with pytest.raises(DataError, match="two or more rows"):
            postprocessors[name].fit(bad)
    with pytest.raises(DataError, match=r"fitted on 8 dimensions; got shape \(3, 7\)"):
        postprocessors[name].fit(skewed()).transform(np.ones((3, 7)))


def test_centering_leaves_distances_alone() -> None:
    x = skewed()
    y = Centering.fit(x).transform(x)
    assert np.allclose(np.linalg.norm(x[0] - x, axis=1), np.linalg.norm(y[0] - y, axis=1))


def test_standardising_gives_unit_deviation() -> None:
    x = skewed()
    x[:, 3] = 0.1
    y = Standardising.fit(x.astype(np.float32)).transform(x.astype(np.float32))
    assert np.allclose(np.delete(y.std(axis=0, ddof=1), 3), 1.0)
    assert (y[:, 3] == 0).all()


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 100), st.floats(-50, 50))
def test_standardising_undoes_scale_and_shift_of_dimensions(seed: int, scale: float, shift: float) -> None:
    x = np.random.default_rng(seed).normal(size=(20, 4))
    moved = x * np.array([scale, 1, 2, 3]) + shift
    assert np.allclose(
        Standardising.fit(moved).transform(moved), Standardising.fit(x).transform(x), atol=1e-8
    )


@pytest.mark.parametrize("k", [1, 3, 7])
def test_component_removal_takes_the_strongest_out(k: int) -> None:
    x = skewed()
    fitted = ComponentRemoval.fit(x, k=k)
    y = fitted.transform(x)
    assert fitted.components.shape == (k, 8)
    assert np.abs(y @ fitted.components.T).max() < 1e-9
    before = np.sort(np.linalg.eigvalsh(np.cov(x.T)))[::-1]
    after = np.sort(np.linalg.eigvalsh(np.cov(y.T)))[::-1]
    assert np.allclose(after[: 8 - k], before[k:])
    assert np.allclose(fitted.transform(y + fitted.mean), y)  # a projection: a second time changes nothing


def test_component_removal_equals_pca_of_sklearn() -> None:
    x = skewed()
    peer = PCA(n_components=2).fit(x)
    expected = x - peer.mean_ - peer.transform(x) @ peer.components_
    assert np.allclose(ComponentRemoval.fit(x, k=2).transform(x), expected, atol=1e-9)


def test_removing_everything_is_refused() -> None:
    with pytest.raises(DataError, match="vary in 8"):
        ComponentRemoval.fit(skewed(), k=8)


@pytest.mark.parametrize("k", [0, 8, 3])
def test_whitening_gives_identity_covariance(k: int) -> None:
    x = skewed()
    y = Whitening.fit(x, k=k).transform(x)
    assert y.shape == (300, k or 8)
    assert np.allclose(np.cov(y, rowvar=False), np.eye(k or 8), atol=1e-9)
    if k != 3:
        assert isoscore(y) == pytest.approx(1.0) and effective_rank(y) == pytest.approx(8.0)


@pytest.mark.parametrize("k", [8, 3])
def test_whitening_equals_sklearn_up_to_sign(k: int) -> None:
    x = skewed()
    peer = PCA(n_components=k, whiten=True, svd_solver="full").fit_transform(x)
    y = Whitening.fit(x, k=k).transform(x)
    assert np.allclose(np.abs(y), np.abs(peer), atol=1e-8)
    assert np.allclose(cosine_matrix(y), cosine_matrix(peer), atol=1e-6)


@given(st.integers(0, 2**32 - 1))
def test_whitened_cosines_ignore_invertible_affine_maps(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(40, 5))
    moved = x @ (rng.normal(size=(5, 5)) + 4 * np.eye(5)) + rng.normal(size=5)
    one, other = (cosine_matrix(Whitening.fit(rows).transform(rows)) for rows in (x, moved))
    assert np.allclose(one, other, atol=1e-6)


def test_whitening_of_fewer_rows_than_dimensions() -> None:
    x = skewed(n=6, d=20)
    y = Whitening.fit(x).transform(x)
    assert y.shape == (6, 5)  # n - 1 directions
    assert np.allclose(np.cov(y, rowvar=False), np.eye(5), atol=1e-8)
    with pytest.raises(DataError, match="6 rows of 20 vary in 5"):
        Whitening.fit(x, k=6)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_directions_that_are_rounding_are_dropped(kind: type) -> None:
    """A column that repeats another adds no direction, in either number format."""
    x = skewed().astype(kind)
    doubled = np.concatenate([x, x[:, :3] + x[:, 3:6], np.full((300, 1), 0.1, kind)], axis=1)
    y = Whitening.fit(doubled).transform(doubled)
    assert y.shape == (300, 8)
    assert np.isfinite(y).all() and np.abs(y).max() < 20


def test_equal_rows_cannot_be_whitened() -> None:
    with pytest.raises(DataError, match="all rows are equal"):
        Whitening.fit(np.tile([0.1, 0.2, 0.3], (9, 1)))


def test_broken_state_is_refused(tmp_path: Path) -> None:
    state = to_dict(Centering.fit(skewed()))
    with pytest.raises(ConfigError, match="no postprocessor called 'squaring'"):
        from_dict({**state, "postprocessor": "squaring"})
    with pytest.raises(DataError, match="needs the arrays mean, kernel; got mean"):
        from_dict({**state, "postprocessor": "whitening"})
    with pytest.raises(DataError, match="centering: "):
        from_dict({**state, "mean": ["one"]})
    with pytest.raises(DataError, match="cannot be read"):
        load(tmp_path / "none.safetensors")
    (tmp_path / "bad.safetensors").write_bytes(b"not one")
    with pytest.raises(DataError, match="cannot be read"):
        load(tmp_path / "bad.safetensors")
