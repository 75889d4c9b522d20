"""DCL and DCLW: loops, the identity with InfoNCE, the constant pull, and where a mask leaves nothing."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from unit.losses_factory import batch, cosine, interleave, same

from simcse_core.errors import DataError
from simcse_core.losses.dcl import dcl, decoupled_loss
from simcse_core.losses.info_nce_interleaved import info_nce_interleaved
from simcse_core.losses.layouts import interleaved


def by_loops(anchor: Tensor, positive: Tensor, tau: float, sigma: float | None) -> Tensor:
    views = interleave(anchor, positive)
    own = [cosine(x, views[i ^ 1]) for i, x in enumerate(views)]
    weights = [1.0] * len(views)
    if sigma is not None:
        masses = [math.exp(float(s.detach()) / sigma) for s in own]
        weights = [2 - len(views) * m / sum(masses) for m in masses]
    total = torch.zeros((), dtype=torch.float64)
    for i, x in enumerate(views):
        others = [(cosine(x, y) / tau).exp() for j, y in enumerate(views) if j not in (i, i ^ 1)]
        total = total - weights[i] * own[i] / tau + torch.log(sum(others))
    return total / len(views)


@pytest.mark.parametrize("sigma", [None, 0.5, 0.1])
@pytest.mark.parametrize("tau", [0.05, 0.1, 1.0])
@pytest.mark.parametrize("rows", [2, 4])
def test_equals_loops(rows: int, tau: float, sigma: float | None) -> None:
    def mine(a: Tensor, p: Tensor) -> Tensor:
        return dcl(a, p, temperature=tau, weighted=sigma is not None, sigma=sigma or 0.5)

    same(mine, lambda a, p: by_loops(a, p, tau, sigma), batch(rows, seed=rows))


def test_info_nce_of_a_row_is_the_softplus_of_its_decoupled_loss() -> None:
    for seed in range(5):
        similarities, positive = interleaved(*(x.detach() for x in batch(6, seed=seed)))
        for row, own in zip(similarities, positive, strict=True):
            decoupled = decoupled_loss(row[None], own[None], temperature=0.1)
            info = F.cross_entropy(row[None] / 0.1, own[None])
            assert float(F.softplus(decoupled)) == pytest.approx(float(info), abs=1e-9)


def test_a_positive_is_pulled_alike_however_near() -> None:
    similarities, positive = interleaved(*batch(5))
    s = similarities.detach().requires_grad_()
    decoupled_loss(s, positive, temperature=0.1).backward()
    pull = s.grad.gather(1, positive[:, None]) * len(s)
    assert torch.allclose(pull, torch.full_like(pull, -10.0))


def test_weights_have_mean_1_and_equal_ones_change_nothing() -> None:
    same_rows = torch.ones(4, 3, dtype=torch.float64)
    expected = -10.0 + math.log(6) + 10.0
    assert float(dcl(same_rows, same_rows)) == pytest.approx(expected)
    assert float(dcl(same_rows, same_rows, weighted=True)) == pytest.approx(expected)


def test_may_be_negative_where_info_nce_is_not() -> None:
    basis = torch.eye(4, dtype=torch.float64)
    assert (
        float(dcl(basis, basis)) == pytest.approx(math.log(6) - 10)
        and float(info_nce_interleaved(basis, basis)) > 0
    )


def test_the_own_view_does_not_leak_at_a_small_temperature() -> None:
    """A finite mask such as log 1e-45 would: 1 / 0.001 is far more than 103.6."""
    basis = torch.eye(4, dtype=torch.float64)
    assert float(dcl(basis, basis, temperature=0.001)) == pytest.approx(math.log(6) - 1000)


def test_gradcheck_and_refusals() -> None:
    assert torch.autograd.gradcheck(lambda a, p: dcl(a, p, temperature=0.5), batch(4, 3))
    with pytest.raises(DataError, match="no negatives"):
        dcl(*batch(1))
    never = float("-inf")
    with pytest.raises(DataError, match="no negative left"):
        decoupled_loss(torch.tensor([[0.5, never], [0.1, 0.2]]), torch.tensor([0, 1]))
