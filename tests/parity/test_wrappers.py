"""Matryoshka, guided removal of false negatives, the momentum queue: with every objective they apply to."""

from __future__ import annotations

import inspect

import pytest
import torch
from torch import Tensor, nn
from unit.losses_factory import batch, same

from benchmarks.peers import random_batch
from simcse_core.errors import ConfigError, DataError
from simcse_core.losses import losses
from simcse_core.losses.info_nce import info_nce
from simcse_core.losses.layouts import Candidates, interleaved, two_view
from simcse_core.losses.wrappers import (
    false_negatives,
    guided_loss,
    matryoshka,
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
