"""Debiased and reweighted losses: loops of the released code, their chain down to InfoNCE, and the floor."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from unit.losses_factory import batch, cosine, interleave, same

from simcse_core.errors import DataError
from simcse_core.losses.debiased import clamped_rows, debiased, debiased_loss
from simcse_core.losses.hard_negative_reweighted import hard_negative_reweighted
from simcse_core.losses.info_nce_interleaved import info_nce_interleaved
from simcse_core.losses.layouts import interleaved


def by_loops(anchor: Tensor, positive: Tensor, tau: float, prior: float, beta: float) -> Tensor:
    """exp first, as published: for temperatures at which that does not overflow."""
    views = interleave(anchor, positive)
    total = torch.zeros((), dtype=torch.float64)
    for i, x in enumerate(views):
        own = (cosine(x, views[i ^ 1]) / tau).exp()
        others = [(cosine(x, y) / tau).exp() for j, y in enumerate(views) if j not in (i, i ^ 1)]
        tilt = [e**beta for e in others]
        mean = sum(tilt) / len(tilt)
        reweighted = sum(w * e for w, e in zip(tilt, others, strict=True)) / mean
        mass = (reweighted - prior * len(others) * own) / (1 - prior)
        floor = len(others) * math.exp(-1 / tau)
        mass = mass if float(mass.detach()) > floor else torch.tensor(floor, dtype=torch.float64)
        total = total - torch.log(own / (own + mass))
    return total / len(views)


@pytest.mark.parametrize("prior", [0.0, 0.05, 0.1, 0.5])
@pytest.mark.parametrize("beta", [0.0, 0.25, 1.0])
@pytest.mark.parametrize("tau", [0.1, 0.5, 2.0])
def test_equals_loops(tau: float, beta: float, prior: float) -> None:
    for rows in (2, 5):
        leaves = batch(rows, seed=rows)

        def mine(a: Tensor, p: Tensor) -> Tensor:
            return hard_negative_reweighted(a, p, temperature=tau, beta=beta, positive_prior=prior)

        same(mine, lambda a, p: by_loops(a, p, tau, prior, beta), leaves)
        if beta == 0:

            def plain(a: Tensor, p: Tensor) -> Tensor:
                return debiased(a, p, temperature=tau, positive_prior=prior)

            same(plain, lambda a, p: by_loops(a, p, tau, prior, 0.0), leaves)


@pytest.mark.parametrize("tau", [0.001, 0.05, 0.5, 5.0])
def test_prior_0_is_the_interleaved_loss_and_beta_0_the_debiased_one(tau: float) -> None:
    leaves = batch(6)
    same(
        lambda a, p: debiased(a, p, temperature=tau, positive_prior=0.0),
        lambda a, p: info_nce_interleaved(a, p, temperature=tau),
        leaves,
    )
    same(
        lambda a, p: hard_negative_reweighted(a, p, temperature=tau, beta=0.0, positive_prior=0.2),
        lambda a, p: debiased(a, p, temperature=tau, positive_prior=0.2),
        leaves,
    )


def test_clamped_rows_push_nothing_and_are_told() -> None:
    similarities, positive = interleaved(*(x.detach() for x in batch(6)))
    for tau, prior in ((0.05, 0.1), (0.5, 0.1), (0.5, 0.4)):
        s = similarities.clone().requires_grad_()
        debiased_loss(s, positive, temperature=tau, positive_prior=prior).backward()
        pushed = s.grad.scatter(1, positive[:, None], 0.0).abs().sum(dim=1) > 0
        told = clamped_rows(similarities, positive, temperature=tau, positive_prior=prior)
        assert torch.equal(pushed, ~told)
    s = torch.tensor([[0.9, 0.1, 0.2], [0.0, 0.5, 0.6]], dtype=torch.float64)
    own = torch.tensor([0, 1])
    assert clamped_rows(s, own, temperature=0.05, positive_prior=0.1).tolist() == [True, False]


@pytest.mark.parametrize("prior", [0.0, 0.1, 0.6])
def test_closed_forms(prior: float) -> None:
    """Equal similarities are not biased, log(2B - 1); opposite negatives leave the floor, K e^{-1/tau}."""
    same_rows = torch.ones(3, 4, dtype=torch.float64)
    for loss in (debiased, hard_negative_reweighted):
        assert float(loss(same_rows, same_rows, positive_prior=prior)) == pytest.approx(math.log(5))
        poles = torch.tensor([[1.0, 0.0], [-1.0, 0.0]], dtype=torch.float64)
        expected = math.log(1 + 2 * math.exp(-2 / 0.5))
        assert float(loss(poles, poles, positive_prior=prior)) == pytest.approx(expected)


@pytest.mark.parametrize("loss", [debiased, hard_negative_reweighted])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_finite_where_the_exponentials_are_not(loss, dtype: torch.dtype) -> None:
    for seed in range(4):
        a, p = (x.detach().to(dtype).requires_grad_() for x in batch(8, seed=seed))
        value = loss(a, p, temperature=0.001)
        value.backward()
        assert value.isfinite() and a.grad.isfinite().all() and p.grad.isfinite().all()


@pytest.mark.parametrize("loss", [debiased, hard_negative_reweighted])
def test_gradcheck_and_refusal(loss) -> None:
    assert torch.autograd.gradcheck(loss, batch(4, 3, seed=2))
    with pytest.raises(DataError, match="no negatives"):
        loss(*batch(1))
