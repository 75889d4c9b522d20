"""Losses of labelled and scored pairs: loops, slopes in the cosine, batches of one label, refusals."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from unit.losses_factory import batch, cosine, euclidean, same

from simcse_core.errors import DataError
from simcse_core.losses.contrastive import contrastive
from simcse_core.losses.cosine_margin import cosine_margin
from simcse_core.losses.cosine_signed import cosine_signed
from simcse_core.losses.cosine_squared import cosine_squared
from simcse_core.losses.online_contrastive import online_contrastive

LABELS = [[1], [0], [1, 0, 1, 1, 0, 0], [1, 1, 1], [0, 0, 0]]
BINARY = [contrastive, cosine_margin, cosine_signed]


def mean_of(price: Callable[[Tensor, Tensor, int], Tensor], label: list[int]) -> Callable[..., Tensor]:
    def loops(u: Tensor, v: Tensor) -> Tensor:
        return sum(price(x, y, t) for x, y, t in zip(u, v, label, strict=True)) / len(label)

    return loops


@pytest.mark.parametrize("label", LABELS, ids=str)
def test_direct_cosine_losses_equal_loops(label: list[int]) -> None:
    leaves, labels = batch(len(label), seed=3), torch.tensor(label)
    same(
        lambda u, v: cosine_signed(u, v, labels),
        mean_of(lambda x, y, t: t * (1 - cosine(x, y)) + (1 - t) * (1 + cosine(x, y)), label),
        leaves,
    )
    same(
        lambda u, v: cosine_squared(u, v, labels),
        mean_of(lambda x, y, t: t * (1 - cosine(x, y)) ** 2 + (1 - t) * cosine(x, y) ** 2, label),
        leaves,
    )
    for margin in (-1.0, 0.1, 0.7):
        same(
            lambda u, v, m=margin: cosine_margin(u, v, labels, margin=m),
            mean_of(
                lambda x, y, t, m=margin: t * (1 - cosine(x, y)) + (1 - t) * (cosine(x, y) - m).clamp(min=0),
                label,
            ),
            leaves,
        )


@pytest.mark.parametrize("kind", ["cosine", "euclidean"])
@pytest.mark.parametrize("margin", [0.5, 2.0])
@pytest.mark.parametrize("label", LABELS, ids=str)
def test_contrastive_equals_loops(label: list[int], margin: float, kind: str) -> None:
    def price(x: Tensor, y: Tensor, t: int) -> Tensor:
        d = 1 - cosine(x, y) if kind == "cosine" else euclidean(x, y)
        return 0.5 * (t * d**2 + (1 - t) * (margin - d).clamp(min=0) ** 2)

    labels = torch.tensor(label)
    same(
        lambda u, v: contrastive(u, v, labels, distance=kind, margin=margin),
        mean_of(price, label),
        batch(len(label), seed=5),
    )


@pytest.mark.parametrize("margin", [0.5, 1.5])
@pytest.mark.parametrize("label", [row for row in LABELS if len(row) > 1], ids=str)
def test_online_contrastive_equals_loops(label: list[int], margin: float) -> None:
    """A sum over hard pairs; with one label only, those beyond the mean."""

    def loops(u: Tensor, v: Tensor) -> Tensor:
        d = [1 - cosine(x, y) for x, y in zip(u, v, strict=True)]
        plain = [float(x.detach()) for x in d]
        near = [i for i, t in enumerate(label) if t]
        far = [i for i, t in enumerate(label) if not t]
        low = min(plain[i] for i in far) if far else sum(plain[i] for i in near) / len(near)
        high = max(plain[i] for i in near) if near else sum(plain[i] for i in far) / len(far)
        pulled = sum(d[i] ** 2 for i in near if plain[i] > low)
        pushed = sum((margin - d[i]).clamp(min=0) ** 2 for i in far if plain[i] < high)
        return pulled + pushed + 0 * u.sum()

    labels = torch.tensor(label)
    for seed in range(4):
        leaves = batch(len(label), seed=seed)
        same(lambda u, v: online_contrastive(u, v, labels, margin=margin), loops, leaves)


def test_a_sorted_batch_costs_nothing_online() -> None:
    u = torch.eye(2, dtype=torch.float64).requires_grad_()
    v = torch.tensor([[1.0, 0.1], [1.0, 0.0]], dtype=torch.float64)
    loss = online_contrastive(u, v, torch.tensor([1, 0]))
    loss.backward()
    assert float(loss.detach()) == 0.0 and u.grad.abs().max() == 0


def test_slopes_in_the_cosine() -> None:
    """A -1 / +1, B -2(1 - c) / 2c, C -1 / [c > m]; the direction that changes only the cosine is v - c u."""
    for angle in (0.3, 1.0, 2.0):
        c = torch.tensor(angle).double().cos()
        v = torch.stack([c, (1 - c**2).sqrt()])[None]
        expected = {
            (cosine_signed, 1): -1.0,
            (cosine_signed, 0): 1.0,
            (cosine_squared, 1): float(-2 * (1 - c)),
            (cosine_squared, 0): float(2 * c),
            (cosine_margin, 1): -1.0,
            (cosine_margin, 0): float(c > 0.7),
        }
        for (loss, label), slope in expected.items():
            u = torch.tensor([[1.0, 0.0]], dtype=torch.float64, requires_grad=True)
            loss(u, v, torch.tensor([label])).backward()
            assert torch.allclose(u.grad, slope * (v - c * u.detach()), atol=1e-12)


def test_scores_of_any_scale() -> None:
    leaves = batch(5)
    scores = torch.tensor([0.0, 1.0, 2.5, 4.0, 5.0])
    same(
        lambda u, v: cosine_squared(u, v, scores, full_score=5.0),
        lambda u, v: cosine_squared(u, v, scores / 5),
        leaves,
    )
    with pytest.raises(DataError, match="full_score"):
        cosine_squared(*leaves, scores)


@pytest.mark.parametrize("loss", [*BINARY, cosine_squared, online_contrastive])
def test_gradcheck(loss: Callable[..., Tensor]) -> None:
    label = torch.tensor([1, 0, 1, 0])
    assert torch.autograd.gradcheck(lambda u, v: loss(u, v, label), batch(4, 3, seed=1))


@pytest.mark.parametrize("loss", BINARY)
def test_symmetric_and_invariant(loss: Callable[..., Tensor]) -> None:
    u, v = (x.detach() for x in batch(6))
    label = torch.tensor([1, 0, 0, 1, 1, 0])
    order = torch.tensor([3, 1, 5, 0, 2, 4])
    plain = float(loss(u, v, label))
    assert float(loss(v, u, label)) == pytest.approx(plain)
    assert float(loss(u[order], v[order], label[order])) == pytest.approx(plain)
    assert float(loss(3 * u, 0.1 * v, label)) == pytest.approx(plain)
    for dtype in (torch.bool, torch.float32, torch.int8):
        assert float(loss(u, v, label.to(dtype))) == pytest.approx(plain)


@pytest.mark.parametrize("loss", [*BINARY, online_contrastive])
def test_refuses_other_labels(loss: Callable[..., Tensor]) -> None:
    for label in (
        torch.tensor([0.0, 1.0, 0.5, 1.0]),
        torch.tensor([1, 2, 0, 1]),
        torch.tensor([1, -1, 1, -1]),
    ):
        with pytest.raises(DataError, match=r"0 \(different\) and 1 \(similar\)"):
            loss(*batch(4), label)
    with pytest.raises(DataError, match="One label per row"):
        loss(*batch(4), torch.ones(4, 1))


def test_one_pair_has_no_harder_one() -> None:
    with pytest.raises(DataError, match="two or more pairs"):
        online_contrastive(*batch(1), torch.tensor([1]))


def test_refuses_scores_that_are_no_numbers() -> None:
    with pytest.raises(DataError, match="finite"):
        cosine_squared(*batch(2), torch.tensor([0.5, float("nan")]))
