"""InfoNCE in both batch layouts: loops, closed forms, analytic gradients, and sentence-transformers."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from simcse_core.errors import DataError
from simcse_core.losses.info_nce import info_nce
from simcse_core.losses.info_nce_interleaved import info_nce_interleaved

TAUS = (0.01, 0.05, 0.5, 1.0, 10.0)


def batch(rows: int, dim: int = 7, seed: int = 0, count: int = 3) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(rows, dim, generator=generator, dtype=torch.float64) for _ in range(count)]


def cosine(x: Tensor, y: Tensor) -> float:
    return float(x @ y / (x.norm() * y.norm()))


def by_loops(
    anchor: Tensor, positive: Tensor, tau: float, negative: Tensor | None = None, weight: float = 1.0
) -> float:
    total = 0.0
    for i in range(len(anchor)):
        terms = [math.exp(cosine(anchor[i], p) / tau) for p in positive]
        hard = [] if negative is None else [math.exp(cosine(anchor[i], n) / tau) for n in negative]
        hard = [h * (weight if j == i else 1.0) for j, h in enumerate(hard)]
        total += -math.log(terms[i] / (sum(terms) + sum(hard)))
    return total / len(anchor)


def interleaved_by_loops(anchor: Tensor, positive: Tensor, tau: float) -> float:
    views = [row for pair in zip(anchor, positive, strict=True) for row in pair]
    total = 0.0
    for i, row in enumerate(views):
        partner = i + 1 if i % 2 == 0 else i - 1
        others = [math.exp(cosine(row, v) / tau) for j, v in enumerate(views) if j != i]
        total += -math.log(math.exp(cosine(row, views[partner]) / tau) / sum(others))
    return total / len(views)


@pytest.mark.parametrize("tau", TAUS)
@pytest.mark.parametrize("rows", [2, 3, 8])
def test_equals_the_definition_written_as_loops(rows: int, tau: float) -> None:
    a, p, n = batch(rows, seed=rows)
    assert float(info_nce(a, p, temperature=tau)) == pytest.approx(by_loops(a, p, tau), abs=1e-9)
    assert float(info_nce(a, p, n, temperature=tau)) == pytest.approx(by_loops(a, p, tau, n), abs=1e-9)
    weighted = float(info_nce(a, p, n, temperature=tau, hard_weight=3.0))
    assert weighted == pytest.approx(by_loops(a, p, tau, n, 3.0), abs=1e-9)
    loops = interleaved_by_loops(a, p, tau)
    assert float(info_nce_interleaved(a, p, temperature=tau)) == pytest.approx(loops, abs=1e-9)


@pytest.mark.parametrize("tau", TAUS)
@pytest.mark.parametrize("rows", [2, 8, 33])
def test_equals_sentence_transformers(rows: int, tau: float) -> None:
    losses = pytest.importorskip(
        "sentence_transformers.sentence_transformer.losses", reason="oracle not installed"
    )
    oracle = losses.MultipleNegativesRankingLoss(model=None, scale=1 / tau)
    a, p, n = batch(rows, seed=rows)
    assert float(info_nce(a, p, temperature=tau)) == pytest.approx(
        float(oracle.compute_loss_from_embeddings([a, p], None)), abs=1e-6
    )
    assert float(info_nce(a, p, n, temperature=tau)) == pytest.approx(
        float(oracle.compute_loss_from_embeddings([a, p, n], None)), abs=1e-6
    )


def test_closed_forms() -> None:
    same = torch.ones(8, 5, dtype=torch.float64)
    assert float(info_nce(same, same)) == pytest.approx(math.log(8))
    assert float(info_nce(same, same, same)) == pytest.approx(math.log(16))
    assert float(info_nce(same, same, same, hard_weight=4.0)) == pytest.approx(math.log(15 + 4))
    assert float(info_nce_interleaved(same, same)) == pytest.approx(math.log(15))
    basis = torch.eye(8, dtype=torch.float64)
    assert float(info_nce(basis, basis, temperature=1.0)) == pytest.approx(1.274009, abs=1e-6)
    assert float(info_nce(basis, basis, temperature=0.3)) == pytest.approx(
        math.log(1 + 7 * math.exp(-1 / 0.3))
    )


def test_golden_row_of_the_temperature_table() -> None:
    """One anchor with similarity 0.8 to its positive and 0.6, 0.3, 0.0, -0.2 to the negatives."""
    anchor = torch.tensor([[1.0, 0.0]], dtype=torch.float64).repeat(5, 1)
    cosines = torch.tensor([0.8, 0.6, 0.3, 0.0, -0.2], dtype=torch.float64)
    candidates = torch.stack([cosines, (1 - cosines**2).sqrt()], dim=1)
    golden = {0.05: 0.018195, 0.1: 0.133179, 0.5: 0.865179, 1.0: 1.17634, 10.0: 1.56012}
    for tau, expected in golden.items():
        logits = F.normalize(anchor[:1]) @ F.normalize(candidates).T / tau
        assert float(F.cross_entropy(logits, torch.tensor([0]))) == pytest.approx(expected, abs=1e-5)
        # our loss over the same batch averages five rows that share these logits and differ in their label
        rows = [float(F.cross_entropy(logits, torch.tensor([i]))) for i in range(5)]
        assert float(info_nce(anchor, candidates, temperature=tau)) == pytest.approx(sum(rows) / 5, abs=1e-9)


def test_gradient_in_similarities_is_probability_minus_label() -> None:
    """dL/ds_ij = (p_ij - y_ij) / (B tau), seen through unit candidates that span the similarities."""
    a, p, _ = batch(6, dim=6)
    a = F.normalize(a, dim=-1).requires_grad_()
    p = F.normalize(p, dim=-1)
    tau = 0.2
    info_nce(a, p, temperature=tau).backward()
    cosines = (a @ p.T).detach()
    push = ((cosines / tau).softmax(dim=1) - torch.eye(6)) / (6 * tau)  # (B, B)
    assert push.sum(dim=1).abs().max() < 1e-12
    # chain rule through the cosine at |a| = 1: ds_ij/da_i = p_j - s_ij a_i
    expected = push @ p - (push * cosines).sum(dim=1, keepdim=True) * a.detach()
    assert torch.allclose(a.grad, expected, atol=1e-12)
    assert (a.grad * a.detach()).sum(
        dim=1
    ).abs().max() < 1e-12  # tangential: a step can only lengthen a vector


def test_gradient_scales_with_one_over_the_length() -> None:
    a, p, _ = batch(4)
    short, long = a.clone().requires_grad_(), (10 * a).requires_grad_()
    info_nce(short, p).backward()
    info_nce(long, p).backward()
    assert torch.allclose(short.grad, 10 * long.grad, atol=1e-12)


@pytest.mark.parametrize("loss", [info_nce, info_nce_interleaved])
def test_gradcheck(loss) -> None:
    inputs = [x.requires_grad_() for x in batch(4, dim=3, count=2)]
    assert torch.autograd.gradcheck(lambda a, p: loss(a, p, temperature=0.3), inputs)


def test_the_two_layouts_are_different_losses() -> None:
    a, p, _ = batch(6)
    assert abs(float(info_nce(a, p)) - float(info_nce_interleaved(a, p))) > 1e-3


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 9), st.integers(0, 10_000), st.floats(0.02, 5.0), st.floats(0.1, 50.0))
def test_invariant_to_order_and_length(rows: int, seed: int, tau: float, scale: float) -> None:
    a, p, n = batch(rows, seed=seed)
    order = torch.randperm(rows, generator=torch.Generator().manual_seed(seed))
    for loss, inputs in ((info_nce, (a, p, n)), (info_nce_interleaved, (a, p))):
        plain = float(loss(*inputs, temperature=tau))
        assert float(loss(*(x[order] for x in inputs), temperature=tau)) == pytest.approx(plain, abs=1e-9)
        assert float(loss(*(x * scale for x in inputs), temperature=tau)) == pytest.approx(plain, abs=1e-9)


def test_identical_sentences_cost_at_least_log_k() -> None:
    basis = torch.eye(6, dtype=torch.float64)
    basis[1] = basis[2] = basis[0]
    rows_of_three = math.log(3)
    assert float(info_nce(basis, basis, temperature=0.01)) == pytest.approx(3 / 6 * rows_of_three, abs=1e-6)


@pytest.mark.parametrize("loss", [info_nce, info_nce_interleaved])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
def test_finite_in_low_precision_at_the_smallest_temperature(loss, dtype: torch.dtype) -> None:
    a, p, _ = batch(16)
    inputs = [x.to(dtype).requires_grad_() for x in (a, p)]
    value = loss(*inputs, temperature=0.001)
    value.backward()
    assert value.isfinite() and all(x.grad.isfinite().all() for x in inputs)


def test_refuses_what_it_cannot_contrast() -> None:
    a, p, n = batch(4)
    with pytest.raises(DataError, match="no negatives"):
        info_nce(a[:1], p[:1])
    with pytest.raises(DataError, match="no negatives"):
        info_nce_interleaved(a[:1], p[:1])
    with pytest.raises(DataError, match=r"anchor \(4, 7\), positive \(3, 7\)"):
        info_nce(a, p[:3])
    with pytest.raises(DataError, match="non-empty"):
        info_nce_interleaved(a[:0], p[:0])
    assert float(info_nce(a[:1], p[:1], n[:1])) > 0  # one triple does have a negative
