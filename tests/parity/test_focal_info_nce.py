"""Focal-InfoNCE: loops, the analytic slopes and where they change sign."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from unit.losses_factory import batch, cosine, same

from simcse_core.errors import DataError
from simcse_core.losses.focal_info_nce import focal_info_nce, focal_softmax_loss
from simcse_core.losses.layouts import interleaved


def by_loops(anchor: Tensor, positive: Tensor, tau: float, margin: float) -> Tensor:
    total = torch.zeros((), dtype=torch.float64)
    for i, h in enumerate(anchor):
        s = [cosine(h, p) for p in positive]
        logits = [x * x / tau if j == i else x * (x + margin) / tau for j, x in enumerate(s)]
        total = total - torch.log(logits[i].exp() / sum(x.exp() for x in logits))
    return total / len(anchor)


@pytest.mark.parametrize("tau", [0.05, 0.3, 2.0])
@pytest.mark.parametrize("margin", [0.0, 0.3])
@pytest.mark.parametrize("rows", [2, 5])
def test_equals_loops(rows: int, margin: float, tau: float) -> None:
    def mine(a: Tensor, p: Tensor) -> Tensor:
        return focal_info_nce(a, p, temperature=tau, margin=margin)

    same(mine, lambda a, p: by_loops(a, p, tau, margin), batch(rows, seed=rows))


def test_slopes_in_the_similarities() -> None:
    """(p - 1) 2 s / (B tau) of a positive, p (2 s + m) / (B tau) of a negative."""
    s = torch.linspace(-0.9, 0.9, 16, dtype=torch.float64).view(4, 4).requires_grad_()
    tau, margin = 0.4, 0.3
    own = torch.eye(4, dtype=torch.float64)
    focal_softmax_loss(s, torch.arange(4), temperature=tau, margin=margin).backward()
    x = s.detach()
    p = (x * (x + margin * (1 - own)) / tau).softmax(dim=1)
    expected = own * (p - 1) * 2 * x + (1 - own) * p * (2 * x + margin)
    assert torch.allclose(s.grad, expected / (4 * tau), atol=1e-14)


def test_a_positive_at_cosine_0_is_not_pulled_and_far_negatives_are_attracted() -> None:
    s = torch.tensor([[0.0, 0.5], [-0.4, 0.5]], dtype=torch.float64, requires_grad=True)
    focal_softmax_loss(s, torch.tensor([0, 1]), margin=0.3).backward()
    assert float(s.grad[0, 0]) == 0.0
    assert float(s.grad[1, 0]) < 0  # below -m / 2 a step down the slope raises the cosine


def test_masked_columns_take_no_part() -> None:
    a, p = batch(3)
    similarities, positive = interleaved(a, p)
    loss = focal_softmax_loss(similarities, positive)
    loss.backward()
    assert loss.isfinite() and a.grad.isfinite().all()
    row = similarities[0, 1:].detach()  # the first view without itself
    alone = focal_softmax_loss(row[None], torch.tensor([0]))
    assert float(focal_softmax_loss(similarities[:1], positive[:1]).detach()) == pytest.approx(float(alone))


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 7), st.integers(0, 1000), st.floats(0.1, 30.0))
def test_invariant_to_order_and_length(rows: int, seed: int, scale: float) -> None:
    a, p = batch(rows, seed=seed)
    order = torch.randperm(rows, generator=torch.Generator().manual_seed(seed))
    plain = float(focal_info_nce(a, p).detach())
    assert float(focal_info_nce(a[order], scale * p[order]).detach()) == pytest.approx(plain, abs=1e-9)


def test_gradcheck_and_refusal() -> None:
    assert torch.autograd.gradcheck(lambda a, p: focal_info_nce(a, p, temperature=0.5), batch(4, 3))
    with pytest.raises(DataError, match="no negatives"):
        focal_info_nce(*batch(1))
