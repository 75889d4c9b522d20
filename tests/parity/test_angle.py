"""AnglE: the released division form by loops, each term of the mix, the shape of its score, refusals."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from unit.losses_factory import batch, cosine, interleave, same

from simcse_core.errors import ConfigError, DataError
from simcse_core.losses.angle import angle, angle_similarity
from simcse_core.losses.cosent import cosent
from simcse_core.losses.info_nce_interleaved import info_nce_interleaved


def quotient(x: Tensor, y: Tensor) -> Tensor:
    """Sum of the real and imaginary parts of x / y over |x| / |y|, dimension by dimension, as released."""
    half = len(x) // 2
    total = torch.zeros((), dtype=torch.float64)
    size, other = (x * x).sum().sqrt(), (y * y).sum().sqrt()
    for i in range(half):
        a, b, c, d = x[i], x[i + half], y[i], y[i + half]
        z = other**2
        total = total + ((a * c + b * d) / z + (b * c - a * d) / z) / (size / other)
    return total.abs()


def ranked(values: list[Tensor], score: list[float], tau: float) -> Tensor:
    total = torch.ones((), dtype=torch.float64)
    for k, low in enumerate(score):
        for m, high in enumerate(score):
            total = total + ((values[k] - values[m]) / tau).exp() if low < high else total
    return total.log()


def in_batch(u: Tensor, v: Tensor, score: list[float], tau: float, least: float) -> Tensor:
    views = interleave(u, v)
    total = torch.zeros((), dtype=torch.float64)
    for i, x in enumerate(views):
        if score[i // 2] >= least:
            terms = {j: (cosine(x, y) / tau).exp() for j, y in enumerate(views) if j != i}
            total = total - torch.log(terms[i ^ 1] / sum(terms.values()))
    return total / len(views)


@pytest.mark.parametrize(
    "weights", [(1.0, 0.02, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 2.0), (0.5, 1.0, 3.0)], ids=str
)
@pytest.mark.parametrize("score", [[1, 0, 1, 0], [0.0, 0.3, 1.0, 0.3, 0.9]], ids=str)
def test_equals_loops(score: list[float], weights: tuple[float, float, float]) -> None:
    tau, least = 0.2, 0.8
    w1, w2, w3 = weights

    def mine(u: Tensor, v: Tensor) -> Tensor:
        return angle(
            u,
            v,
            torch.tensor(score),
            temperature=tau,
            in_batch_weight=w1,
            angle_weight=w2,
            cosine_weight=w3,
            positive_from=least,
        )

    def loops(u: Tensor, v: Tensor) -> Tensor:
        pairs = list(zip(u, v, strict=True))
        turned = ranked([quotient(x, y) for x, y in pairs], score, tau)
        straight = ranked([cosine(x, y) for x, y in pairs], score, tau)
        return w1 * in_batch(u, v, score, tau, least) + w2 * turned + w3 * straight

    for seed in range(2):
        same(mine, loops, batch(len(score), 6, seed=seed))


def test_the_score_is_not_symmetric_and_peaks_at_a_turn_of_45_degrees() -> None:
    torch.manual_seed(0)
    z = torch.randn(1, 4, dtype=torch.complex128)

    def as_rows(x: Tensor) -> Tensor:
        return torch.cat([x.real, x.imag], dim=1)

    turn = torch.polar(torch.ones(1, dtype=torch.float64), torch.tensor([math.pi / 4], dtype=torch.float64))
    plain, turned, back = as_rows(z), as_rows(z * turn), as_rows(z / turn)
    assert float(angle_similarity(plain, plain)) == pytest.approx(1.0)
    assert float(angle_similarity(turned, plain)) == pytest.approx(math.sqrt(2))
    assert float(angle_similarity(back, plain)) == pytest.approx(0.0, abs=1e-12)
    assert float(angle_similarity(plain, turned)) == pytest.approx(0.0, abs=1e-12)


def test_terms_alone_are_the_other_objectives() -> None:
    leaves = batch(5, 6)
    score = torch.tensor([0.0, 0.2, 0.4, 0.2, 0.9])
    same(
        lambda u, v: angle(u, v, score, in_batch_weight=0.0, angle_weight=0.0, cosine_weight=1.0),
        lambda u, v: cosent(u, v, score),
        leaves,
    )
    same(
        lambda u, v: angle(u, v, torch.ones(5)),  # equal scores: only the in-batch term is left
        lambda u, v: info_nce_interleaved(u, v),
        leaves,
    )


def test_gradcheck() -> None:
    score = torch.tensor([0, 1, 2, 1])
    assert torch.autograd.gradcheck(
        lambda u, v: angle(u, v, score, temperature=0.5, angle_weight=1.0, cosine_weight=1.0), batch(4, 4)
    )


def test_refusals() -> None:
    with pytest.raises(DataError, match="even width"):
        angle(*batch(3, 5), torch.tensor([0, 1, 1]))
    with pytest.raises(ConfigError, match="All weights"):
        angle(*batch(3, 4), torch.tensor([0, 1, 1]), in_batch_weight=0.0, angle_weight=0.0)
    for score in ([0.0, 0.0, 0.0], [1.0]):
        with pytest.raises(DataError, match="Shuffle the pairs"):
            angle(*batch(len(score), 4), torch.tensor(score))
    with pytest.raises(DataError, match="Shuffle the pairs"):
        angle(*batch(3, 4), torch.ones(3), in_batch_weight=0.0)
