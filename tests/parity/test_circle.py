"""Circle loss: loops with the weights held, its place between InfoNCE and the ranking losses, refusals."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from unit.losses_factory import batch, cosine, interleave, same

from simcse_core.errors import DataError
from simcse_core.losses.circle import circle, circle_loss
from simcse_core.losses.circle_labelled import circle_labelled


def row_by_loops(near: list[Tensor], far: list[Tensor], margin: float, gamma: float) -> Tensor:
    pull = [(-gamma * max(0.0, 1 + margin - float(s.detach())) * (s - (1 - margin))).exp() for s in near]
    push = [(gamma * max(0.0, float(s.detach()) + margin) * (s - margin)).exp() for s in far]
    return torch.log(1 + sum(push) * sum(pull))


@pytest.mark.parametrize(("margin", "gamma"), [(0.4, 8.0), (0.25, 20.0), (0.0, 1.0), (-0.2, 5.0)])
@pytest.mark.parametrize("rows", [2, 4])
def test_equals_loops(rows: int, margin: float, gamma: float) -> None:
    def loops(a: Tensor, p: Tensor) -> Tensor:
        views = interleave(a, p)
        total = torch.zeros((), dtype=torch.float64)
        for i, x in enumerate(views):
            far = [cosine(x, y) for j, y in enumerate(views) if j not in (i, i ^ 1)]
            total = total + row_by_loops([cosine(x, views[i ^ 1])], far, margin, gamma)
        return total / len(views)

    same(lambda a, p: circle(a, p, margin=margin, gamma=gamma), loops, batch(rows, seed=rows))


@pytest.mark.parametrize("label", [[0, 0, 1, 1, 1], [0, 0, 0, 1, 2], [3, 1, 3, 1, 2]], ids=str)
def test_labelled_equals_loops_over_rows_with_both(label: list[int]) -> None:
    def loops(x: Tensor) -> Tensor:
        prices = []
        for a in range(len(x)):
            near = [cosine(x[a], x[i]) for i in range(len(x)) if i != a and label[i] == label[a]]
            far = [cosine(x[a], x[i]) for i in range(len(x)) if label[i] != label[a]]
            prices += [row_by_loops(near, far, 0.3, 6.0)] if near and far else []
        return sum(prices) / len(prices)

    leaves = batch(5, count=1)
    same(lambda x: circle_labelled(x, torch.tensor(label), margin=0.3, gamma=6.0), loops, leaves)


def test_two_views_are_a_labelled_batch_of_pairs() -> None:
    leaves = batch(5)
    label = torch.arange(5).repeat(2)
    same(circle, lambda a, p: circle_labelled(torch.cat([a, p]), label), leaves)


def test_a_solved_row_costs_nothing_and_its_worst_case_is_known() -> None:
    similarities = torch.tensor([[1.0, -1.0, -1.0]], dtype=torch.float64)
    own = torch.tensor([0])
    # push weight [s + m] is 0 at -1: e^0 twice; pull e^{-gamma m m}
    solved = math.log(1 + 2 * math.exp(-80 * 0.4 * 0.4))
    assert float(circle_loss(similarities, own)) == pytest.approx(solved)
    worst = 80 * 1.4 * 0.6 + 80 * 2.4 * 1.6  # a negative at 1 and the positive at -1
    reversed_row = torch.tensor([[-1.0, 1.0]], dtype=torch.float64)
    assert float(circle_loss(reversed_row, own)) == pytest.approx(worst)


def test_slopes_are_the_held_weights() -> None:
    """Of one pair of cosines: gamma [s + m] and -gamma [1 + m - s], both times a sigmoid."""
    s = torch.tensor([[0.7, 0.2]], dtype=torch.float64, requires_grad=True)
    margin, gamma = 0.25, 10.0
    circle_loss(s, torch.tensor([0]), margin=margin, gamma=gamma).backward()
    push, pull = gamma * (0.2 + margin), gamma * (1 + margin - 0.7)
    gate = 1 / (1 + math.exp(-(push * (0.2 - margin) - pull * (0.7 - 1 + margin))))
    assert s.grad[0].tolist() == pytest.approx([-pull * gate, push * gate])


def test_invariant_to_order_and_length() -> None:
    a, p = (x.detach() for x in batch(6))
    order = torch.randperm(6)
    assert float(circle(3 * a[order], 0.2 * p[order])) == pytest.approx(float(circle(a, p)), abs=1e-9)


def test_finite_at_the_scale_for_faces_and_refuses_one_pair() -> None:
    for dtype in (torch.float16, torch.bfloat16, torch.float32):
        a, p = (x.detach().to(dtype).requires_grad_() for x in batch(8))
        value = circle(a, p, margin=0.25, gamma=1000.0)
        value.backward()
        assert value.isfinite() and a.grad.isfinite().all()
    with pytest.raises(DataError, match="no negatives"):
        circle(*batch(1))
    with pytest.raises(DataError, match="two or more sentences of each"):
        circle_labelled(*batch(3, count=1), torch.tensor([1, 1, 1]))
