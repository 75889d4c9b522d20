"""Alignment + uniformity, Barlow Twins, VICReg: loops, the metrics of the same name, closed forms."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import Tensor
from unit.losses_factory import batch, same

from simcse_core.errors import DataError
from simcse_core.losses.align_uniform import align_uniform
from simcse_core.losses.barlow_twins import barlow_twins
from simcse_core.losses.vicreg import vicreg
from simcse_core.metrics import metrics

ALL = [align_uniform, barlow_twins, vicreg]


def unit(x: Tensor) -> Tensor:
    return x / (x * x).sum().sqrt()


@pytest.mark.parametrize(("alpha", "t", "weight"), [(2.0, 2.0, 1.0), (1.0, 0.5, 0.3), (3.0, 10.0, 2.0)])
@pytest.mark.parametrize("rows", [2, 5])
def test_align_uniform_equals_loops(rows: int, alpha: float, t: float, weight: float) -> None:
    def uniformity(x: Tensor) -> Tensor:
        pairs = list(itertools.combinations([unit(row) for row in x], 2))
        return torch.log(sum((-t * ((a - b) ** 2).sum()).exp() for a, b in pairs) / len(pairs))

    def loops(a: Tensor, p: Tensor) -> Tensor:
        squares = [((unit(x) - unit(y)) ** 2).sum() for x, y in zip(a, p, strict=True)]
        return sum(s ** (alpha / 2) for s in squares) / rows + weight * (uniformity(a) + uniformity(p)) / 2

    def mine(a: Tensor, p: Tensor) -> Tensor:
        return align_uniform(a, p, alpha=alpha, t=t, uniform_weight=weight)

    same(mine, loops, batch(rows, seed=rows))


def test_align_uniform_is_the_sum_of_the_metrics() -> None:
    a, p = (x.detach() for x in batch(12))
    sides = [metrics["uniformity"](x.numpy()) for x in (a, p)]
    expected = metrics["alignment"](a.numpy(), p.numpy()) + sum(sides) / 2
    assert float(align_uniform(a, p)) == pytest.approx(expected, abs=1e-6)


def test_closed_forms_of_align_uniform() -> None:
    same_rows = torch.ones(5, 3, dtype=torch.float64)
    assert float(align_uniform(same_rows, same_rows)) == pytest.approx(0.0, abs=1e-12)
    poles = torch.tensor([[1.0, 0.0], [-1.0, 0.0]], dtype=torch.float64)
    assert float(align_uniform(poles, poles)) == pytest.approx(-8.0)
    simplex = torch.eye(5, dtype=torch.float64) - 0.2
    assert float(align_uniform(simplex, simplex)) == pytest.approx(-5.0)
    assert float(align_uniform(simplex, -simplex)) == pytest.approx(4.0 - 5.0)


@pytest.mark.parametrize("weight", [0.0, 0.0051, 0.3])
@pytest.mark.parametrize("rows", [2, 3, 6])
def test_barlow_twins_equals_loops(rows: int, weight: float) -> None:
    def standard(x: Tensor) -> Tensor:
        mean = sum(x) / rows
        variance = sum((row - mean) ** 2 for row in x) / rows
        return torch.stack([(row - mean) / (variance + 1e-5).sqrt() for row in x])

    def loops(a: Tensor, p: Tensor) -> Tensor:
        x, y = standard(a), standard(p)
        total = torch.zeros((), dtype=torch.float64)
        for i, j in itertools.product(range(4), repeat=2):
            c = sum(x[n, i] * y[n, j] for n in range(rows)) / rows
            total = total + ((1 - c) ** 2 if i == j else weight * c**2)
        return total

    def mine(a: Tensor, p: Tensor) -> Tensor:
        return barlow_twins(a, p, redundancy_weight=weight)

    same(mine, loops, batch(rows, 4, seed=rows), to=1e-8)


def test_opposite_views_cost_about_4_per_dimension() -> None:
    x, _ = (x.detach() for x in batch(50, 6))
    assert float(barlow_twins(x, -x, redundancy_weight=0.0)) == pytest.approx(24.0, rel=1e-3)
    assert float(barlow_twins(x, x, redundancy_weight=0.0)) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("weights", [(25.0, 25.0, 1.0), (1.0, 0.0, 0.0), (0.0, 3.0, 7.0)], ids=str)
@pytest.mark.parametrize("rows", [2, 5])
def test_vicreg_equals_loops(rows: int, weights: tuple[float, float, float]) -> None:
    def spread_and_alike(x: Tensor) -> tuple[Tensor, Tensor]:
        mean = sum(x) / rows
        spread = alike = torch.zeros((), dtype=torch.float64)
        for i, j in itertools.product(range(4), repeat=2):
            c = sum((row[i] - mean[i]) * (row[j] - mean[j]) for row in x) / (rows - 1)
            if i == j:
                spread = spread + (1 - (c + 1e-4).sqrt()).clamp(min=0) / 4
            else:
                alike = alike + c**2 / 4
        return spread, alike

    def loops(a: Tensor, p: Tensor) -> Tensor:
        (v, c), (w, e) = spread_and_alike(a), spread_and_alike(p)
        near = sum((x - y) ** 2 for x, y in zip(a.flatten(), p.flatten(), strict=True)) / a.numel()
        return weights[0] * near + weights[1] * (v + w) / 2 + weights[2] * (c + e)

    def mine(a: Tensor, p: Tensor) -> Tensor:
        return vicreg(
            a, p, invariance_weight=weights[0], variance_weight=weights[1], covariance_weight=weights[2]
        )

    same(mine, loops, batch(rows, 4, seed=rows))


def test_collapse_costs_99_percent_of_the_variance_weight() -> None:
    same_rows = torch.full((6, 4), 0.3, dtype=torch.float64)
    assert float(vicreg(same_rows, same_rows)) == pytest.approx(25 * 0.99)


def test_unit_vectors_cannot_reach_the_spread_of_vicreg() -> None:
    x = torch.nn.functional.normalize(torch.randn(400, 64, dtype=torch.float64), dim=1)
    spread = float(vicreg(x, x, covariance_weight=0.0)) / 25
    assert spread == pytest.approx(1 - 1 / math.sqrt(64), abs=0.01)


@pytest.mark.parametrize("loss", ALL)
def test_order_gradcheck_and_refusal(loss) -> None:
    a, p = batch(5, 3)
    order = torch.tensor([3, 0, 4, 1, 2])
    assert float(loss(a[order], p[order]).detach()) == pytest.approx(float(loss(a, p).detach()), rel=1e-9)
    assert torch.autograd.gradcheck(loss, (a, p))
    with pytest.raises(DataError, match=r"One (row|pair)"):
        loss(a[:1], p[:1])
    with pytest.raises(DataError, match="share one non-empty shape"):
        loss(a, p[:3])


def test_alignment_and_uniformity_see_directions_only_the_others_lengths_too() -> None:
    a, p = (x.detach() for x in batch(6))
    assert float(align_uniform(3 * a, 0.2 * p)) == pytest.approx(float(align_uniform(a, p)), abs=1e-9)
    assert abs(float(vicreg(3 * a, 3 * p)) - float(vicreg(a, p))) > 1e-3
    assert float(barlow_twins(3 * a + 1, 3 * p - 2)) == pytest.approx(float(barlow_twins(a, p)), rel=1e-3)
