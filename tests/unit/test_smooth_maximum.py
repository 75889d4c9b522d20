"""The smooth maximum: its bounds, its limits, and the registered objectives it turns into."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logsumexp, softmax

from simcse_core.errors import DataError
from simcse_core.losses import losses
from simcse_core.theory.smooth_maximum import STAGES, over_scales, smooth_maximum, terms_of

COSINES = st.floats(-1, 1)
SCALES = st.floats(0.01, 1000)


@given(st.lists(COSINES, min_size=1, max_size=12), SCALES)
def test_it_lies_between_the_maximum_and_its_bound(x: list[float], scale: float) -> None:
    found = smooth_maximum(x, scale)
    assert found.value == pytest.approx(logsumexp(scale * np.array(x)) / scale, rel=1e-9, abs=1e-9)
    assert -1e-12 <= found.gap <= found.bound + 1e-12
    assert found.weights == pytest.approx(softmax(scale * np.array(x)), abs=1e-12)
    shifted = smooth_maximum(np.array(x) + 0.5, scale)
    assert shifted.value == pytest.approx(found.value + 0.5, abs=1e-9)
    assert found.largest == max(x)


@given(st.lists(COSINES, min_size=2, max_size=6), st.floats(1, 50))
def test_it_falls_with_the_scale_and_its_weights_are_its_slopes(x: list[float], scale: float) -> None:
    low, high = over_scales(x, [scale, 1.5 * scale])
    assert high <= low + 1e-12
    step, found = 1e-6, smooth_maximum(x, scale)
    for k in range(len(x)):
        more = np.array(x)
        more[k] += step
        assert (smooth_maximum(more, scale).value - found.value) / step == pytest.approx(
            float(found.weights[k]), abs=1e-4
        )


@pytest.mark.parametrize("n", [1, 2, 7])
def test_equal_terms_reach_the_bound(n: int) -> None:
    found = smooth_maximum([0.3] * n, 20)
    assert found.gap == pytest.approx(math.log(n) / 20) == pytest.approx(found.bound)


def test_no_scale_overflows() -> None:
    assert smooth_maximum([1.0, -1.0], 1e6).value == 1.0
    assert smooth_maximum([-1.0, -1.0], 1e6).value == pytest.approx(-1 + math.log(2) / 1e6)


def pairs_at(cosines: list[float]) -> tuple[torch.Tensor, torch.Tensor]:
    c = torch.tensor(cosines, dtype=torch.float64)
    second = torch.stack([c, (1 - c * c).sqrt()], dim=1)
    return torch.tensor([[1.0, 0.0]], dtype=torch.float64).expand(len(cosines), 2), second


@pytest.mark.parametrize("scale", [1.0, 20.0, 200.0])
def test_two_stages_are_registered_objectives(scale: float) -> None:
    positives, negatives = [0.8, 0.55], [0.6, 0.1, -0.3]
    first, second = pairs_at([*positives, *negatives])
    score = torch.tensor([1.0, 1.0, 0.0, 0.0, 0.0])
    ranked = losses["cosent"](first, second, score, temperature=1 / scale)
    _, terms = terms_of("cosent", positives, negatives)
    assert scale * smooth_maximum(terms, scale).value == pytest.approx(float(ranked), rel=1e-9)
    form = losses.info("info_nce").traits["on_similarities"]
    row = torch.tensor([[positives[0], *negatives]], dtype=torch.float64)
    entropy = form(row, torch.zeros(1, dtype=torch.int64), temperature=1 / scale)
    _, terms = terms_of("softmax", positives, negatives)
    assert scale * smooth_maximum(terms, scale).value == pytest.approx(float(entropy), rel=1e-9)


def test_a_growing_scale_gives_the_hinge() -> None:
    for positives, negatives in (([0.8, 0.55], [0.6, 0.1]), ([0.8, 0.7], [0.6, 0.1])):
        _, terms = terms_of("cosent", positives, negatives)
        hinge = max(0.0, max(negatives) - min(positives))
        assert smooth_maximum(terms, 1e5).value == pytest.approx(hinge, abs=1e-4)


def test_terms_are_named_in_the_order_of_their_values() -> None:
    for stage in STAGES:
        names, terms = terms_of(stage, [0.9, 0.5], [0.4, 0.2, 0.0])
        assert len(names) == len(terms)
    assert names == ["0", "n1 − p1", "n2 − p1", "n3 − p1", "n1 − p2", "n2 − p2", "n3 − p2"]
    assert terms == pytest.approx([0, -0.5, -0.7, -0.9, -0.1, -0.3, -0.5])
    names, terms = terms_of("softmax", [0.9, 0.5], [0.4])
    assert names == ["0", "n1 − p1"] and terms == pytest.approx([0, -0.5])


def test_all_cosines_equal_cost_the_log_of_the_number_of_pairs_of_pairs() -> None:
    _, terms = terms_of("cosent", [0.4] * 10, [0.4] * 10)
    assert 20 * smooth_maximum(terms, 20).value == pytest.approx(math.log(101))


def test_what_cannot_be_computed_is_refused() -> None:
    for terms, scale in (([], 1.0), ([math.nan], 1.0), ([1.0], 0.0), ([1.0], math.inf)):
        with pytest.raises(DataError):
            smooth_maximum(terms, scale)
    for stage, positives, negatives in (("other", [1.0], [0.0]), ("max", [], [0.0]), ("max", [1.0], [])):
        with pytest.raises(DataError):
            terms_of(stage, positives, negatives)
