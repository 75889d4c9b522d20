"""The momentum queue: first in first out, no gradient, no own copies, and a twin that follows slowly."""

from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from unit.losses_factory import batch, cosine, same

from benchmarks.peers import random_batch
from simcse_core.errors import ConfigError, DataError
from simcse_core.losses import losses
from simcse_core.losses.layouts import interleaved
from simcse_core.losses.wrappers import MomentumQueue, keys_of, make_twin, momentum_update, queued_loss
from simcse_core.registry import accepts_of

ON_SIMILARITIES = [name for name in losses if "on_similarities" in losses.info(name).traits]


def test_first_in_first_out_of_fixed_size_without_gradients() -> None:
    queue = MomentumQueue(5, 3)
    rows = torch.arange(24.0).view(8, 3).requires_grad_()
    for start in range(0, 8, 2):
        queue.push(rows[start : start + 2], torch.arange(start, start + 2))
        assert len(queue.rows) == min(5, start + 2) and not queue.rows.requires_grad
    assert torch.equal(queue.rows, rows.detach()[3:]) and queue.keys.tolist() == [3, 4, 5, 6, 7]
    with torch.no_grad():
        rows.zero_()
    assert queue.rows.abs().sum() > 0  # a copy
    queue.push(torch.ones(9, 3), torch.arange(9))
    assert queue.keys.tolist() == [4, 5, 6, 7, 8]


@pytest.mark.parametrize("name", ON_SIMILARITIES)
def test_an_empty_queue_is_the_objective_and_a_full_one_pushes_without_moving(name: str) -> None:
    tensors = random_batch(name, accepts_of(losses[name]), 6, 8, 0, torch.float64)
    queue = MomentumQueue(4, 8)
    plain, keys = losses[name](**tensors), torch.arange(6)
    assert torch.equal(queued_loss(name, tensors, queue, keys), plain)
    older = torch.randn(4, 8, dtype=torch.float64, requires_grad=True)
    queue.push(older, torch.arange(100, 104))
    longer = queued_loss(name, tensors, queue, keys)
    longer.backward()
    assert older.grad is None and float(longer.detach()) != pytest.approx(float(plain.detach()), abs=1e-9)


def test_equals_loops_with_the_queue_as_columns() -> None:
    queue = MomentumQueue(5, 7)
    older = torch.randn(5, 7, dtype=torch.float64)
    queue.push(older, torch.tensor([50, 51, 2, 53, 54]))  # row 2 is an older copy of anchor 2

    def loops(a: Tensor, p: Tensor) -> Tensor:
        total = torch.zeros((), dtype=torch.float64)
        for i, h in enumerate(a):
            terms = [(cosine(h, x) / 0.1).exp() for x in p]
            terms += [(cosine(h, x) / 0.1).exp() for j, x in enumerate(older) if int(queue.keys[j]) != i]
            total = total - torch.log(terms[i] / sum(terms))
        return total / len(a)

    def mine(a: Tensor, p: Tensor) -> Tensor:
        return queued_loss("info_nce", {"anchor": a, "positive": p}, queue, torch.arange(4), temperature=0.1)

    same(mine, loops, batch(4))


def test_both_views_of_an_interleaved_batch_meet_the_queue() -> None:
    a, p = (x.detach() for x in batch(3))
    queue = MomentumQueue(2, 7)
    queue.push(torch.randn(2, 7, dtype=torch.float64), torch.tensor([1, 9]))
    keys = torch.tensor([0, 1, 2])
    got = queued_loss("info_nce_interleaved", {"anchor": a, "positive": p}, queue, keys, temperature=0.2)
    base = interleaved(a, p)
    views = F.normalize(torch.stack([a, p], dim=1).flatten(0, 1), dim=1)
    older = views @ F.normalize(queue.rows, dim=1).T
    older[2:4, 0] = float("-inf")
    logits = torch.cat([base.similarities, older], dim=1) / 0.2
    assert float(got) == pytest.approx(float(F.cross_entropy(logits, base.positive)))


def test_momentum_1_never_moves_0_copies_and_between_is_the_mean() -> None:
    torch.manual_seed(0)
    encoder = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    twin = make_twin(encoder)
    start = copy.deepcopy(encoder)
    assert not twin.training and not any(p.requires_grad for p in twin.parameters())
    with torch.no_grad():
        for p in encoder.parameters():
            p.add_(torch.randn_like(p))
        encoder[1].running_mean.add_(1.0)
    for momentum in (1.0, 0.25, 0.0):
        moved = copy.deepcopy(twin)
        momentum_update(moved, encoder, momentum=momentum)
        for own, old, new in zip(moved.parameters(), start.parameters(), encoder.parameters(), strict=True):
            assert torch.allclose(own, momentum * old + (1 - momentum) * new, atol=1e-6)
            assert momentum not in (0.0, 1.0) or torch.equal(own, new if momentum == 0 else old)
        assert torch.equal(moved[1].running_mean, encoder[1].running_mean)


def test_queue_refusals_and_state() -> None:
    a, p = batch(4)
    views = {"anchor": a, "positive": p}
    queue = MomentumQueue(3, 7)
    with pytest.raises(DataError, match=r"\(2, 5\)"):
        queue.push(torch.ones(2, 5), torch.arange(2))
    with pytest.raises(DataError, match="One key per anchor"):
        queued_loss("info_nce", views, queue, torch.arange(3))
    with pytest.raises(ConfigError, match="hard_weight"):
        queued_loss("info_nce", views, queue, torch.arange(4), hard_weight=2.0)
    with pytest.raises(ConfigError, match="act on rows of candidates"):
        queued_loss("barlow_twins", views, queue, torch.arange(4))
    with pytest.raises(ConfigError, match="at least one row"):
        MomentumQueue(0, 7)
    with pytest.raises(ConfigError, match="0 to 1"):
        momentum_update(nn.Linear(2, 2), nn.Linear(2, 2), momentum=1.1)
    with pytest.raises(ConfigError, match="different weights"):
        momentum_update(nn.Linear(2, 2), nn.Linear(2, 3), momentum=0.5)
    queue.push(a, keys_of(["a", "b", "c", "b"]))
    other = MomentumQueue(3, 7)
    other.load_state(queue.state_tensors())
    assert torch.equal(other.rows, queue.rows) and torch.equal(other.keys, queue.keys)


def test_keys_are_those_of_the_texts() -> None:
    first, second, third, again = keys_of(["one text", "another", "", "one text"]).tolist()
    assert first == again and len({first, second, third}) == 3
    assert first == keys_of(["one text"]).item() == 4004370862354690708
