"""GS-InfoNCE: loops over the same noise, its constant floor in closed form, and seeds."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from unit.losses_factory import batch, cosine, same

from simcse_core.errors import DataError
from simcse_core.losses.gs_info_nce import gs_info_nce
from simcse_core.losses.info_nce import info_nce
from simcse_core.runtime import seed_everything


def by_loops(anchor: Tensor, positive: Tensor, noise: Tensor, tau: float, weight: float) -> Tensor:
    total = torch.zeros((), dtype=torch.float64)
    for i, h in enumerate(anchor):
        pairs = [(cosine(h, p) / tau).exp() for p in positive]
        drawn = [weight * (cosine(h, g) / tau).exp() for g in noise]
        total = total - torch.log(pairs[i] / (sum(pairs) + sum(drawn)))
    return total / len(anchor)


@pytest.mark.parametrize("weight", [1.0, 0.3, 7.0])
@pytest.mark.parametrize("sigma", [1.0, 0.1, 50.0])
def test_equals_loops_over_the_same_noise_of_any_scale(weight: float, sigma: float) -> None:
    """The scale of the noise is a no-op, which is why it is no parameter."""
    for seed, rows in enumerate((1 + 1, 5)):
        leaves = batch(rows, seed=seed)
        torch.manual_seed(seed)
        noise = sigma * torch.randn(6, 7, dtype=torch.float64)

        def mine(a: Tensor, p: Tensor, seed: int = seed) -> Tensor:
            torch.manual_seed(seed)
            return gs_info_nce(a, p, temperature=0.2, noise_count=6, noise_weight=weight)

        same(mine, lambda a, p, noise=noise: by_loops(a, p, noise, 0.2, weight), leaves)


def test_without_noise_it_is_info_nce() -> None:
    a, p, n = batch(6, count=3)
    assert torch.equal(gs_info_nce(a, p, n, noise_count=0), info_nce(a, p, n))
    assert torch.equal(gs_info_nce(a, p, noise_weight=0.0), info_nce(a, p))


@pytest.mark.parametrize(("dim", "factor"), [(768, 1.2975), (384, 1.683)])
def test_in_many_dimensions_the_noise_is_a_constant_in_the_denominator(dim: int, factor: float) -> None:
    """Equal similarities 1: log((B e^{1/tau} + M e^{1/(2 d tau^2)}) / e^{1/tau}), mean factor of the page."""
    tau, count = 0.05, 60_000
    assert math.exp(1 / (2 * dim * tau**2)) == pytest.approx(factor, abs=1e-3)
    torch.manual_seed(0)
    same_rows = torch.ones(2, dim, dtype=torch.float64)
    loss = float(gs_info_nce(same_rows, same_rows, temperature=tau, noise_count=count))
    floor = (math.exp(loss) - 2) * math.exp(1 / tau) / count
    assert floor == pytest.approx(factor, rel=0.02)


def test_noise_follows_the_seed_and_changes_each_step() -> None:
    a, p = batch(5)
    seed_everything(3)
    first, second = gs_info_nce(a, p), gs_info_nce(a, p)
    seed_everything(3)
    assert torch.equal(first, gs_info_nce(a, p)) and not torch.equal(first, second)


def test_gradcheck_with_fixed_noise() -> None:
    def fixed(a: Tensor, p: Tensor) -> Tensor:
        torch.manual_seed(1)
        return gs_info_nce(a, p, temperature=0.3, noise_count=5)

    assert torch.autograd.gradcheck(fixed, batch(4, 3))


def test_one_pair_is_refused_with_the_noise_too() -> None:
    a, p = batch(1)
    with pytest.raises(DataError, match="no negatives"):
        gs_info_nce(a, p)
