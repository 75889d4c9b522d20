"""Triplets, given and mined: loops over all triples, distances, ties, and rows that make no triple."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from unit.losses_factory import batch, cosine, euclidean, same

from simcse_core.errors import DataError
from simcse_core.losses.distances import all_distances
from simcse_core.losses.triplet import triplet
from simcse_core.losses.triplet_batch_all import triplet_batch_all
from simcse_core.losses.triplet_batch_hard import triplet_batch_hard
from simcse_core.losses.triplet_semi_hard import triplet_semi_hard

MINED = [triplet_batch_all, triplet_batch_hard, triplet_semi_hard]
LABELS = [[0, 0, 1, 1, 2, 2], [0, 0, 0, 1, 1, 2], [0, 1, 2, 3, 0, 5], [7, 7, 7, 7, 7, 8]]
KINDS = ["euclidean", "cosine"]


def distance(x: Tensor, y: Tensor, kind: str) -> Tensor:
    return euclidean(x, y) if kind == "euclidean" else 1 - cosine(x, y)


def hinge(gap: Tensor, margin: float, soft: bool) -> Tensor:
    return torch.log(1 + gap.exp()) if soft else (gap + margin).clamp(min=0)


def mean(values: list[Tensor]) -> Tensor:
    return sum(values) / len(values) if values else torch.zeros((), dtype=torch.float64, requires_grad=True)


def loops_all(x: Tensor, label: list[int], kind: str, margin: float) -> Tensor:
    active = []
    for a, p, n in itertools.product(range(len(x)), repeat=3):
        if a != p and label[a] == label[p] != label[n]:
            price = distance(x[a], x[p], kind) - distance(x[a], x[n], kind) + margin
            active += [price] if float(price.detach()) > 0 else []
    return mean(active)


def loops_hard(x: Tensor, label: list[int], kind: str, margin: float, soft: bool) -> Tensor:
    prices = []
    for a in range(len(x)):
        near = [distance(x[a], x[p], kind) for p in range(len(x)) if p != a and label[p] == label[a]]
        far = [distance(x[a], x[n], kind) for n in range(len(x)) if label[n] != label[a]]
        if near and far:
            prices.append(hinge(max(near) - min(far), margin, soft))
    return mean(prices)


def loops_semi(x: Tensor, label: list[int], kind: str, margin: float) -> Tensor:
    prices = []
    for a, p in itertools.permutations(range(len(x)), 2):
        far = [distance(x[a], x[n], kind) for n in range(len(x)) if label[n] != label[a]]
        if label[a] == label[p] and far:
            own = distance(x[a], x[p], kind)
            beyond = [d for d in far if float(d.detach()) > float(own.detach())]
            prices.append(hinge(own - (min(beyond) if beyond else max(far)), margin, False))
    return mean(prices)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("margin", "soft"), [(0.1, False), (1.0, False), (0.0, True)])
@pytest.mark.parametrize("rows", [1, 6])
def test_given_triples_equal_loops(rows: int, margin: float, soft: bool, kind: str) -> None:
    def mine(a: Tensor, p: Tensor, n: Tensor) -> Tensor:
        return triplet(a, p, n, distance=kind, margin=margin, soft=soft)

    def loops(a: Tensor, p: Tensor, n: Tensor) -> Tensor:
        gaps = [distance(x, y, kind) - distance(x, z, kind) for x, y, z in zip(a, p, n, strict=True)]
        return mean([hinge(gap, margin, soft) for gap in gaps])

    same(mine, loops, batch(rows, seed=rows, count=3))


def test_given_triples_equal_torch() -> None:
    """torch adds 1e-6 to each difference, hence the tolerance."""
    leaves = batch(9, count=3)
    same(
        lambda *x: triplet(*x, margin=1.0), lambda *x: F.triplet_margin_loss(*x, margin=1.0), leaves, to=1e-5
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("margin", [0.0, 0.2, 1.0, 5.0])
@pytest.mark.parametrize("label", LABELS, ids=str)
def test_mined_triples_equal_loops(label: list[int], margin: float, kind: str) -> None:
    labels = torch.tensor(label)
    for seed in range(2):
        leaves = batch(6, seed=seed, count=1)
        same(
            lambda x: triplet_batch_all(x, labels, distance=kind, margin=margin),
            lambda x: loops_all(x, label, kind, margin),
            leaves,
        )
        same(
            lambda x: triplet_semi_hard(x, labels, distance=kind, margin=margin),
            lambda x: loops_semi(x, label, kind, margin),
            leaves,
        )
        for soft in (False, True):
            same(
                lambda x, soft=soft: triplet_batch_hard(x, labels, distance=kind, margin=margin, soft=soft),
                lambda x, soft=soft: loops_hard(x, label, kind, margin, soft),
                leaves,
            )


@pytest.mark.parametrize("margin", [0.0, 1.0, 2.0, 5.0])
def test_ties_on_a_grid_equal_loops(margin: float) -> None:
    """Distances 0, 1, 2, … are exact, many are equal, and many prices are exactly 0."""
    x = torch.tensor([[0.0], [2.0], [1.0], [3.0], [4.0], [6.0]], dtype=torch.float64)
    label = [0, 0, 1, 1, 0, 1]
    labels = torch.tensor(label)
    assert float(triplet_batch_all(x, labels, margin=margin)) == float(
        loops_all(x, label, "euclidean", margin)
    )
    hard = float(loops_hard(x, label, "euclidean", margin, False))
    assert float(triplet_batch_hard(x, labels, margin=margin)) == pytest.approx(hard)
    semi = float(loops_semi(x, label, "euclidean", margin))
    assert float(triplet_semi_hard(x, labels, margin=margin)) == pytest.approx(semi)


@pytest.mark.parametrize("kind", KINDS)
def test_distances_far_from_the_origin_and_of_coinciding_rows(kind: str) -> None:
    (x,) = batch(8, count=1)
    moved = (x.detach().float() + 100.0 * (kind == "euclidean")).requires_grad_()
    found = all_distances(moved, kind)
    rows = moved.detach().double()
    expected = torch.stack(
        [torch.stack([distance(a, b, kind) if a is not b else a.sum() * 0 for b in rows]) for a in rows]
    )
    expected.fill_diagonal_(0)
    assert (found.detach() - expected).abs().max() < 2e-5  # without centring 100 times more
    assert (found.detach().diagonal() == 0).all()
    twins = torch.cat([x[:3], x[:3]]).detach().requires_grad_()
    all_distances(twins, kind).sum().backward()
    assert twins.grad.isfinite().all()


def test_an_easy_triple_has_no_gradient_and_a_hard_one_has_unit_slopes() -> None:
    a = torch.tensor([[0.0, 0.0]], dtype=torch.float64, requires_grad=True)
    p, n = torch.tensor([[1.0, 0.0]]).double(), torch.tensor([[0.0, 3.0]]).double()
    assert float(triplet(a, p, n, margin=1.0).detach()) == 0.0
    loss = triplet(a, p, n, margin=2.5)
    loss.backward()
    assert float(loss.detach()) == pytest.approx(0.5)
    assert a.grad.tolist() == [[-1.0, 1.0]]  # away from the negative, towards the positive: minus the slope


def test_anchor_equal_to_its_positive_has_a_finite_gradient() -> None:
    a, n = batch(4)
    p = a.detach().clone().requires_grad_()
    triplet(a, p, n).backward()
    assert all(x.grad.isfinite().all() for x in (a, p, n)) and p.grad.abs().max() == 0


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 500), st.sampled_from(MINED), st.sampled_from(KINDS), st.floats(0.5, 4.0))
def test_invariances(seed: int, loss: Callable[..., Tensor], kind: str, scale: float) -> None:
    """To the order of rows, the names of labels, a rotation; cosine to lengths, Euclidean to a shift."""
    x = batch(8, seed=seed, count=1)[0].detach()
    label = torch.arange(8) % 3
    plain = float(loss(x, label, distance=kind, margin=0.7))
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(8, generator=generator)
    assert float(loss(x[order], label[order], distance=kind, margin=0.7)) == pytest.approx(plain, abs=1e-9)
    turn = torch.linalg.qr(torch.randn(7, 7, generator=generator, dtype=torch.float64)).Q
    changed = x @ turn * scale if kind == "cosine" else x @ turn + scale
    assert float(loss(changed, 5 - label, distance=kind, margin=0.7)) == pytest.approx(plain, abs=1e-9)


@pytest.mark.parametrize("loss", MINED)
def test_gradcheck_of_mined(loss: Callable[..., Tensor]) -> None:
    label = torch.tensor([0, 0, 1, 1, 2])
    for kind in KINDS:
        assert torch.autograd.gradcheck(
            lambda x, k=kind: loss(x, label, distance=k, margin=0.9), batch(5, 4, count=1)
        )


def test_gradcheck_of_given() -> None:
    for kind in KINDS:
        assert torch.autograd.gradcheck(
            lambda *x, k=kind: triplet(*x, distance=k, soft=True), batch(4, 3, count=3)
        )


@pytest.mark.parametrize("loss", MINED)
@pytest.mark.parametrize("label", [[0, 0, 0, 0], [0, 1, 2, 3], [4]], ids=str)
def test_a_batch_without_a_triple_is_refused(loss: Callable[..., Tensor], label: list[int]) -> None:
    (x,) = batch(len(label), count=1)
    with pytest.raises(DataError, match="two or more sentences of each"):
        loss(x, torch.tensor(label))
    with pytest.raises(DataError, match="One label per row"):
        loss(x, torch.zeros(len(label) + 1))
