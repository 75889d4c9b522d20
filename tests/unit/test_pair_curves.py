"""Curves of one pair's cosine: closed forms of loss and slope, finite differences, and the recorded file."""

from __future__ import annotations

import json
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcse_core.errors import ConfigError
from simcse_core.losses import losses
from simcse_core.recording import curves
from simcse_core.runtime import assets
from simcse_core.theory.pair_curves import GRID, SIDES, Context, drawable, kind_of, pair_curve

FILE = assets() / "recorded" / "curves.json"
P, N, K = 0.8, 0.2, 3  # the default context
B = 2 * K + 1  # labelled pairs in it
DETACHED = {"circle", "circle_labelled"}  # their weights pass no gradient: the slope is not that of the value
Form = Callable[[float], float]


def exp(difference: float, tau: float = 0.05) -> float:
    return math.exp(difference / tau)


def euclid(c: float) -> float:
    return math.sqrt(2 - 2 * c)


SQUARED = K * (1 - P) ** 2 + K * N**2
CLOSED: dict[tuple[str, str], Form] = {
    ("info_nce", "positive"): lambda s: math.log(1 + K * exp(N - s)),
    ("info_nce", "negative"): lambda s: math.log(1 + K * exp(N - P) + exp(s - P)),
    ("cosine_squared", "positive"): lambda s: ((1 - s) ** 2 + SQUARED) / B,
    ("cosine_squared", "negative"): lambda s: (s**2 + SQUARED) / B,
    ("cosine_signed", "positive"): lambda s: (1 - s + K * (1 - P) + K * (1 + N)) / B,
    ("cosine_signed", "negative"): lambda s: (1 + s + K * (1 - P) + K * (1 + N)) / B,
    ("cosine_margin", "positive"): lambda s: (1 - s + K * (1 - P)) / B,
    ("cosine_margin", "negative"): lambda s: (max(0, s - 0.7) + K * (1 - P)) / B,
    ("cosent", "positive"): lambda s: math.log(1 + K * K * exp(N - P) + K * exp(N - s)),
    ("cosent", "negative"): lambda s: math.log(1 + K * K * exp(N - P) + K * exp(s - P)),
    ("contrastive", "positive"): lambda s: ((1 - s) ** 2 + K * (1 - P) ** 2) / (2 * B),
    ("contrastive", "negative"): lambda s: (max(0, s - 0.5) ** 2 + K * (1 - P) ** 2) / (2 * B),
    ("triplet", "positive"): lambda s: max(0, euclid(s) - euclid(N) + 1),
    ("triplet", "negative"): lambda s: max(0, euclid(P) - euclid(s) + 1),
}


@pytest.mark.parametrize("name_side", CLOSED, ids="-".join)
def test_the_registered_loss_meets_its_closed_form(name_side: tuple[str, str]) -> None:
    form, found = CLOSED[name_side], pair_curve(*name_side, Context(P, N, K))
    assert found.loss == pytest.approx([form(float(s)) for s in GRID], rel=1e-9, abs=1e-12)
    step = 1e-6
    differences = [(form(s + step) - form(s - step)) / (2 * step) for s in GRID]
    corners = {0.7, 0.5}  # of the hinges
    for s, slope, difference in zip(GRID, found.slope, differences, strict=True):
        if float(s) not in corners:
            assert slope == pytest.approx(difference, rel=1e-5, abs=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.floats(-0.9, 0.9), st.floats(-0.5, 0.9), st.integers(1, 8), st.sampled_from([0.02, 0.05, 0.5]))
def test_every_rest_of_the_batch_is_the_one_that_was_asked_for(
    s: float, far: float, k: int, tau: float
) -> None:
    context = Context(positive=0.6, negative=far, others=k)
    found = pair_curve("info_nce", "negative", context, {"temperature": tau}, [s])
    e = [math.exp(v / tau) for v in (far - 0.6, s - 0.6)]
    assert found.loss[0] == pytest.approx(math.log1p(k * e[0] + e[1]), rel=1e-9)
    assert found.slope[0] == pytest.approx(e[1] / (1 + k * e[0] + e[1]) / tau, rel=1e-6, abs=1e-9)
    ranked = pair_curve("cosent", "positive", context, {"temperature": tau}, [s])
    heap = 1 + k * k * math.exp((far - 0.6) / tau) + k * math.exp((far - s) / tau)
    assert ranked.loss[0] == pytest.approx(math.log(heap), rel=1e-9)


@pytest.mark.parametrize("name", [name for name in drawable() if name not in DETACHED])
def test_every_slope_is_that_of_its_loss(name: str) -> None:
    """Central differences, away from corners: there one-sided slopes differ."""
    step = 1e-5
    for side in SIDES:
        at = np.array([-0.41, 0.13, 0.37, 0.63, 0.91])
        slope = pair_curve(name, side, Context(), None, at).slope
        up, down = (pair_curve(name, side, Context(), None, at + d).loss for d in (step, -step))
        assert slope == pytest.approx((up - down) / (2 * step), rel=1e-4, abs=1e-5)


def test_a_loss_that_one_cosine_does_not_decide_is_left_out() -> None:
    left = set(losses) - set(drawable())
    assert {"sbert_softmax", "barlow_twins", "vicreg", "angle", "align_uniform", "gs_info_nce"} == left
    assert (kind_of("triplet"), kind_of("cosent"), kind_of("dcl")) == ("triple", "pairs", "row")
    with pytest.raises(ConfigError, match="not a function of the cosine"):
        pair_curve("vicreg", "positive", Context())
    with pytest.raises(ConfigError, match="positive or negative"):
        pair_curve("cosent", "other", Context())
    with pytest.raises(ConfigError, match="temperature"):
        pair_curve("info_nce", "positive", Context(), {"temperature": 0})


def test_ranking_only_asks_for_order() -> None:
    """A negative at 0.5, under all positives, is left alone by ranking; the others push it on."""
    at = {name: pair_curve(name, "negative", Context(), None, [0.5, 0.98]).slope for name in
          ("cosine_signed", "cosine_squared", "cosine_margin", "cosent")}  # fmt: skip
    share = {name: slope[0] / slope[1] for name, slope in at.items()}
    assert share["cosine_signed"] == pytest.approx(1) and share["cosine_squared"] > 0.5
    assert share["cosine_margin"] == 0 and share["cosent"] < 0.01


def test_the_recorded_curves_are_what_the_losses_give() -> None:
    shipped = json.loads(FILE.read_text(encoding="utf-8"))
    assert FILE.stat().st_size < 100_000 and shipped["made"]["command"] == curves.COMMAND
    assert shipped["cosines"] == GRID.tolist()
    assert set(shipped["objectives"]) <= set(drawable())
    assert {"info_nce", "cosine_signed", "cosine_squared", "cosine_margin", "cosent"} <= set(
        shipped["objectives"]
    )
    some = [0, 20, 50, 75, 98]
    for name, told in shipped["objectives"].items():
        assert told["title"] == losses.info(name).title
        for side in SIDES:
            found = pair_curve(name, side, Context(), None, GRID[some])
            assert np.array(told[side]["loss"])[some] == pytest.approx(found.loss, rel=1e-4, abs=1e-12)
            assert np.array(told[side]["slope"])[some] == pytest.approx(found.slope, rel=1e-4, abs=1e-12)
