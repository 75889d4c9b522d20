"""CoSENT: all pairs of pairs by loops, its analytic gradient, closed forms, ties, kinship with InfoNCE."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from unit.losses_factory import batch, cosine, same

from simcse_core.errors import DataError
from simcse_core.losses.cosent import cosent, ranking_loss


def by_loops(u: Tensor, v: Tensor, score: list[float], tau: float) -> Tensor:
    c = [cosine(x, y) for x, y in zip(u, v, strict=True)]
    total = torch.ones((), dtype=torch.float64)
    for k, low in enumerate(score):
        for m, high in enumerate(score):
            if low < high:
                total = total + ((c[k] - c[m]) / tau).exp()
    return total.log()


SCORES = [[0.0, 1.0], [1, 0, 1, 0, 0], [0.0, 2.5, 5.0, 2.5, 1.0, 5.0], [3, 1, 2], [-1, -1, -1, 4]]


@pytest.mark.parametrize("tau", [0.05, 0.5, 5.0])
@pytest.mark.parametrize("score", SCORES, ids=str)
def test_equals_loops(score: list[float], tau: float) -> None:
    for seed in range(3):
        same(
            lambda u, v: cosent(u, v, torch.tensor(score), temperature=tau),
            lambda u, v: by_loops(u, v, score, tau),
            batch(len(score), seed=seed),
        )


def test_analytic_gradient_sums_to_0() -> None:
    """(lambda / Z) (sum of w_kl over l above k - sum of w_lk over l below k)."""
    torch.manual_seed(0)
    c = torch.rand(7, dtype=torch.float64, requires_grad=True)
    score = torch.tensor([0.0, 1.0, 1.0, 2.0, 0.0, 3.0, 2.0])
    tau = 0.2
    ranking_loss(c, score, temperature=tau).backward()
    w = ((c[:, None] - c[None, :]) / tau).exp().detach() * (score[:, None] < score[None, :])
    expected = (w.sum(dim=1) - w.sum(dim=0)) / (tau * (1 + w.sum()))
    assert torch.allclose(c.grad, expected, atol=1e-13)
    assert abs(float(c.grad.sum())) < 1e-12


@pytest.mark.parametrize(("positives", "negatives"), [(1, 1), (3, 4), (1, 9)])
def test_equal_cosines_cost_log_of_1_plus_pq(positives: int, negatives: int) -> None:
    rows = torch.ones(positives + negatives, 3, dtype=torch.float64)
    score = torch.tensor([1] * positives + [0] * negatives)
    assert float(cosent(rows, rows, score)) == pytest.approx(math.log(1 + positives * negatives))


def test_one_positive_is_info_nce_of_one_anchor() -> None:
    torch.manual_seed(1)
    c = torch.rand(6, dtype=torch.float64)
    for tau in (0.02, 0.05, 1.0):
        ranked = ranking_loss(c, torch.tensor([0, 0, 1, 0, 0, 0]), temperature=tau)
        softmax = F.cross_entropy(c[None] / tau, torch.tensor([2]))
        assert float(ranked) == pytest.approx(float(softmax), abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=2, max_size=9), st.integers(0, 500), st.floats(0.1, 20.0))
def test_only_the_order_of_the_scores_counts(score: list[int], seed: int, scale: float) -> None:
    if len(set(score)) == 1:
        return
    u, v = (x.detach() for x in batch(len(score), seed=seed))
    given_scores = torch.tensor(score)
    plain = float(cosent(u, v, given_scores))
    assert float(cosent(v, scale * u, given_scores)) == pytest.approx(plain, abs=1e-9)
    assert float(cosent(u, v, given_scores.double().exp() - 7)) == pytest.approx(plain, abs=1e-9)
    order = torch.randperm(len(score), generator=torch.Generator().manual_seed(seed))
    assert float(cosent(u[order], v[order], given_scores[order])) == pytest.approx(plain, abs=1e-9)


def test_float32_at_a_small_temperature_equals_float64() -> None:
    """Logits of 1000: where masks of 1e12 lose all digits."""
    torch.manual_seed(0)
    c = torch.rand(200, dtype=torch.float64)
    score = torch.randint(0, 6, (200,))
    wide = c.clone().requires_grad_()
    narrow = c.float().requires_grad_()
    values = [ranking_loss(x, score, temperature=0.001) for x in (wide, narrow)]
    for value in values:
        value.backward()
    assert float(values[1].detach()) == pytest.approx(float(values[0].detach()), rel=1e-5)
    assert narrow.grad.isfinite().all()


def test_a_large_batch_needs_no_square_of_it() -> None:
    """200,000 pairs: their square would take 320 GB."""
    c = torch.linspace(-1, 1, 200_000, requires_grad=True)
    score = torch.arange(200_000) % 5
    loss = ranking_loss(c, score, temperature=0.05)
    loss.backward()
    assert loss.isfinite() and c.grad.isfinite().all()


def test_gradcheck_and_refusals() -> None:
    score = torch.tensor([0, 2, 1, 2])
    assert torch.autograd.gradcheck(lambda u, v: cosent(u, v, score, temperature=0.3), batch(4, 3))
    for size in (1, 3):
        with pytest.raises(DataError, match="Shuffle the pairs"):
            cosent(*batch(size), torch.full((size,), 2.0))
    with pytest.raises(DataError, match="finite"):
        cosent(*batch(2), torch.tensor([0.0, float("inf")]))
    with pytest.raises(DataError, match="One score per row"):
        cosent(*batch(2), torch.tensor([0.0, 1.0, 2.0]))
