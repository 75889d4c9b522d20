"""Matryoshka, guided removal of false negatives, the momentum queue: with every objective they apply to."""

from __future__ import annotations

import copy
import inspect

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from unit.losses_factory import batch, cosine, same

from benchmarks.peers import random_batch
from simcse_core.errors import ConfigError, DataError
from simcse_core.losses import losses
from simcse_core.losses.info_nce import info_nce
from simcse_core.losses.layouts import Candidates, interleaved, two_view
from simcse_core.losses.wrappers import (
    MomentumQueue,
    false_negatives,
    guided_loss,
    keys_of,
    make_twin,
    matryoshka,
    momentum_update,
    queued_loss,
    without_false_negatives,
)
from simcse_core.registry import accepts_of

FUNCTIONS = [name for name in losses if not inspect.isclass(losses[name])]
ON_SIMILARITIES = [name for name in losses if "on_similarities" in losses.info(name).traits]


def tensors_for(name: str, dim: int = 8) -> dict[str, Tensor]:
    return random_batch(name, accepts_of(losses[name]), 6, dim, 0, torch.float64)


def rows_of(tensors: dict[str, Tensor]) -> list[Tensor]:
    return [x for x in tensors.values() if x.requires_grad]


# Matryoshka


@pytest.mark.parametrize("name", FUNCTIONS)
def test_nested_widths_are_a_weighted_sum_of_the_objective(name: str) -> None:
    loss, tensors = losses[name], tensors_for(name)

    def seeded(function, **given: Tensor) -> Tensor:
        torch.manual_seed(0)
        return function(**given)

    assert torch.equal(seeded(matryoshka(loss, [8]), **tensors), seeded(loss, **tensors))
    whole = seeded(matryoshka(loss, [4, 8], [0.5, 2.0]), **tensors)
    torch.manual_seed(0)
    parts = [loss(**{k: x[:, :m] if x.ndim == 2 else x for k, x in tensors.items()}) for m in (4, 8)]
    assert float(whole.detach()) == pytest.approx(float((0.5 * parts[0] + 2.0 * parts[1]).detach()))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_dimensions_beyond_a_prefix_get_nothing_from_it(name: str) -> None:
    tensors = tensors_for(name)
    matryoshka(losses[name], [4])(**tensors).backward()
    for x in rows_of(tensors):
        assert x.grad[:, 4:].abs().max() == 0 and x.grad[:, :4].abs().max() > 0


def test_nested_widths_equal_sentence_transformers() -> None:
    peers = pytest.importorskip("sentence_transformers.sentence_transformer.losses")

    class AsModel(nn.Module):
        device = torch.device("cpu")

        def forward(self, features: dict[str, Tensor]) -> dict[str, Tensor]:
            return {"sentence_embedding": features["rows"]}

        def get_embedding_dimension(self) -> int:
            return 8

    model = AsModel()
    ranking = peers.MultipleNegativesRankingLoss(model, scale=20.0)
    peer = peers.MatryoshkaLoss(model, ranking, [8, 4, 2], [1.0, 0.5, 0.25])
    nested = matryoshka(info_nce, [2, 4, 8], [0.25, 0.5, 1.0])
    same(
        lambda a, p: nested(anchor=a, positive=p),
        lambda a, p: peer([{"rows": a}, {"rows": p}], None),
        batch(6, 8),
        to=1e-6,
    )


def test_matryoshka_refuses_what_makes_no_sense() -> None:
    for dims, weights in (([], None), ([4, 4], None), ([0, 4], None), ([4, 8], [1.0]), ([4], [0.0])):
        with pytest.raises(ConfigError, match="Matryoshka needs"):
            matryoshka(info_nce, dims, weights)
    with pytest.raises(ConfigError, match="one width only"):
        matryoshka(losses["sbert_softmax"](8), [4])
    a, p = batch(3, 8)
    with pytest.raises(DataError, match="anchor has 8 dimensions"):
        matryoshka(info_nce, [16])(anchor=a, positive=p)


# Guide


@pytest.mark.parametrize(("margin", "relative"), [(0.0, False), (0.1, False), (-0.2, False), (0.1, True)])
def test_what_is_removed_equals_loops(margin: float, relative: bool) -> None:
    for rows in (two_view(*batch(6, 4)), interleaved(*batch(4, 4, seed=1))):
        s = rows.similarities.detach()
        found = false_negatives(Candidates(s, rows.positive), margin=margin, relative=relative)
        assert found.any() and not found.all()
        for i, own in enumerate(rows.positive.tolist()):
            least = float(s[i, own]) - (abs(float(s[i, own])) * margin if relative else margin)
            for j in range(s.shape[1]):
                assert bool(found[i, j]) == (j != own and float(s[i, j]) > least)


@pytest.mark.parametrize("name", ON_SIMILARITIES)
def test_a_removed_candidate_pushes_nothing(name: str) -> None:
    tensors, guide = tensors_for(name), {k: x.detach() for k, x in tensors_for(name, dim=4).items()}
    form = losses.info(name).traits
    trained = interleaved if form["layout"] == "interleaved" else two_view
    rows = trained(**tensors)
    removed = false_negatives(Candidates(*(x.detach() for x in trained(**guide))), margin=-0.3)
    assert removed.any()
    s = rows.similarities.detach().requires_grad_()
    value = form["on_similarities"](*without_false_negatives(Candidates(s, rows.positive), removed))
    value.backward()
    assert s.grad[removed].abs().max() == 0 and s.grad.isfinite().all() and s.grad.abs().sum() > 0
    whole = guided_loss(name, tensors, guide, margin=-0.3)
    assert float(whole.detach()) == pytest.approx(float(value.detach()))


def test_a_guide_that_finds_nothing_changes_nothing() -> None:
    a, p = batch(5)
    basis = torch.eye(5)
    guided = guided_loss("info_nce", {"anchor": a, "positive": p}, {"anchor": basis, "positive": basis})
    assert torch.equal(guided, info_nce(a, p))


def test_guided_equals_sentence_transformers_without_its_same_side_blocks() -> None:
    peers = pytest.importorskip("sentence_transformers.sentence_transformer.losses")

    class AsModel(nn.Module):
        device = torch.device("cpu")

        def forward(self, features: dict[str, Tensor]) -> dict[str, Tensor]:
            return {"sentence_embedding": features[self.key]}

    trained, guide = AsModel(), AsModel()
    trained.key, guide.key = "rows", "guide"
    for strategy, margin in (("absolute", 0.1), ("relative", 0.2)):
        peer = peers.GISTEmbedLoss.__new__(peers.GISTEmbedLoss)  # its own start asks for tokenizers
        nn.Module.__init__(peer)
        settings = {
            "temperature": 0.01,
            "margin": margin,
            "margin_strategy": strategy,
            "must_retokenize": False,
        }
        settings |= {"contrast_anchors": False, "contrast_positives": False, "gather_across_devices": False}
        settings |= {"model": trained, "guide": guide, "similarity_fct": nn.CosineSimilarity(dim=-1)}
        settings |= {"cross_entropy_loss": nn.CrossEntropyLoss()}
        for key, value in settings.items():
            setattr(peer, key, value)
        *leaves, ga, gp, gn = batch(8, 5, count=6)
        views = {"anchor": ga, "positive": gp, "negative": gn}

        def ours(a: Tensor, p: Tensor, n: Tensor, *, views=views, margin=margin, strategy=strategy) -> Tensor:
            given = {"anchor": a, "positive": p, "negative": n}
            relative = strategy == "relative"
            return guided_loss("info_nce", given, views, margin=margin, relative=relative, temperature=0.01)

        def theirs(*rows: Tensor, views=views, peer=peer) -> Tensor:
            pairs = zip(rows, views.values(), strict=True)
            return peer([{"rows": x, "guide": g} for x, g in pairs], None)

        same(ours, theirs, leaves, to=1e-6)


def test_identical_views_need_a_margin_to_find_duplicates() -> None:
    rows = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    guide = two_view(rows, rows)
    assert not false_negatives(guide).any()
    assert false_negatives(guide, margin=0.01).nonzero().tolist() == [[0, 1], [1, 0]]


def test_a_guide_that_removes_everything_is_refused() -> None:
    a, p = batch(4)
    everything = {"anchor": torch.ones(4, 2), "positive": torch.ones(4, 2)}
    with pytest.raises(DataError, match="every negative"):
        guided_loss("info_nce", {"anchor": a, "positive": p}, everything, margin=0.1)
    with pytest.raises(ConfigError, match="info_nce"):
        guided_loss("triplet", {"anchor": a, "positive": p}, everything)
    with pytest.raises(DataError, match=r"\(3, 3\)"):
        smaller = {role: x[:3] for role, x in everything.items()}
        guided_loss("info_nce", {"anchor": a, "positive": p}, smaller, margin=-1.0)


# Queue


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
    tensors, queue = tensors_for(name), MomentumQueue(4, 8)
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
