from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simcse_core.linalg import singular_values_of, svd


def gives_up(*_: Any, **__: Any) -> None:
    raise np.linalg.LinAlgError("SVD did not converge")


@pytest.mark.parametrize("broken", [False, True])
def test_it_decomposes_whether_or_not_the_fast_routine_does(
    monkeypatch: pytest.MonkeyPatch, broken: bool
) -> None:
    few = np.random.default_rng(0).normal(size=(3, 8))
    x = few[np.random.default_rng(1).integers(0, 3, 40)]
    if broken:
        monkeypatch.setattr(np.linalg, "svd", gives_up)
    u, values, directions = svd(x)
    np.testing.assert_allclose(u * values @ directions, x, atol=1e-12)
    np.testing.assert_allclose(u.T @ u, np.eye(8), atol=1e-12)
    assert (values > 1e-9).sum() == 3
    np.testing.assert_allclose(singular_values_of(x), values, atol=1e-12)
    assert values[0] ** 2 == pytest.approx(np.linalg.eigvalsh(x.T @ x)[-1])


def test_what_is_not_finite_is_not_made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(np.linalg, "svd", gives_up)
    with pytest.raises(np.linalg.LinAlgError):
        svd(np.array([[np.nan, 1.0], [0.0, 1.0]]))
