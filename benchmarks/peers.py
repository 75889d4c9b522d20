"""The same objectives in other libraries: for the parity tests and for the benchmark of the objectives.

A peer whose library is absent is skipped. sentence-transformers is a requirement of this project; lightly and
pytorch-metric-learning are not: `pip install lightly pytorch-metric-learning` adds them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import torch
from torch import Tensor

from simcse_core.losses import losses
from simcse_core.registry import accepts_of

Batch = Mapping[str, Tensor]
ST = "sentence_transformers.sentence_transformer.losses"
PML = "pytorch_metric_learning.losses"


@dataclass(frozen=True)
class Peer:
    """One objective with the settings at which another library computes the same.

    Attributes:
        objective: Name of ours.
        told: What the other one is called, with its options.
        path: Dotted path of the module to import; the peer is skipped where it is absent.
        theirs: (module, batch) -> scalar.
        settings: Ours.
        roles: Tensors given to both; all that ours accepts where empty.
        tolerance: Largest difference allowed, relative to the larger of 1 and the value.
        most_rows: Largest batch whose memory the other library can be expected to find.
    """

    objective: str
    told: str
    path: str
    theirs: Callable[[Any, Batch], Tensor]
    settings: Mapping[str, Any] = field(default_factory=dict)
    roles: tuple[str, ...] = ()
    tolerance: float = 1e-6
    most_rows: int = 4096

    def module(self) -> Any:
        """The other library's module; ImportError where it is absent."""
        return import_module(self.path)

    def batch(self, rows: int, dim: int, seed: int, dtype: torch.dtype = torch.float64) -> dict[str, Tensor]:
        """Random tensors for both, the embeddings as leaves."""
        roles = self.roles or accepts_of(losses[self.objective])
        return random_batch(self.objective, roles, rows, dim, seed, dtype)

    def ours(self, batch: Batch) -> Tensor:
        """Our value."""
        target = losses[self.objective]
        if not inspect.isclass(target):
            return target(**batch, **self.settings)
        first = next(x for x in batch.values() if x.ndim == 2)
        torch.manual_seed(0)  # the peer's classifier starts from the same numbers
        made: torch.nn.Module = target(first.shape[1], **self.settings)  # type: ignore[assignment]
        return made.to(first.dtype)(**batch)


def random_batch(
    objective: str, roles: tuple[str, ...], rows: int, dim: int, seed: int, dtype: torch.dtype
) -> dict[str, Tensor]:
    """Embeddings whose pairs resemble each other, labels with both or all values, scores with ties.

    Every label of a group occurs at least twice, so that no peer meets a row without a positive.
    """
    generator = torch.Generator().manual_seed(seed)
    base = torch.randn(rows, dim, generator=generator, dtype=torch.float64)
    batch: dict[str, Tensor] = {}
    for role in roles:
        if role == "score":
            batch[role] = torch.randint(0, 9, (rows,), generator=generator).to(dtype) / 8
            batch[role][:2] = torch.tensor([0.0, 1.0], dtype=dtype)
        elif role == "label":
            kinds = {"binary": 2, "class": 3, "group": max(2, rows // 3)}
            order = torch.randperm(rows, generator=generator)
            batch[role] = (torch.arange(rows) % kinds[losses.info(objective).traits["label"]])[order]
        else:
            noise = torch.randn(rows, dim, generator=generator, dtype=torch.float64)
            batch[role] = (0.4 * base + noise).to(dtype).requires_grad_()
    return batch


def differences(peer: Peer, batch: Batch) -> tuple[float, float]:
    """Largest difference of value and of gradient, each relative to the larger of 1 and the peer's."""
    leaves = [x for x in batch.values() if x.requires_grad]
    mine, theirs = peer.ours(batch), peer.theirs(peer.module(), batch)
    given, wanted = float(mine.detach()), float(theirs.detach())
    value = abs(given - wanted) / max(1.0, abs(wanted))
    gradient = 0.0
    own, other = torch.autograd.grad(mine, leaves), torch.autograd.grad(theirs, leaves)
    for x, y in zip(own, other, strict=True):
        gradient = max(gradient, float((x - y).abs().max()) / max(1.0, float(y.abs().max())))
    return value, gradient


class _AsModel(torch.nn.Module):
    """Stands in for sentence-transformers' model: the features already are the embeddings."""

    device = torch.device("cpu")

    def forward(self, features: dict[str, Tensor]) -> dict[str, Tensor]:
        return {"sentence_embedding": features["rows"]}

    def get_embedding_dimension(self) -> None:
        return None


def _st(name: str, **options: Any) -> Callable[[Any, Batch], Tensor]:
    """A loss of sentence-transformers on given embeddings; an option that starts with "=" is looked up."""

    def compute(module: Any, batch: Batch) -> Tensor:
        made = {key: _named(module, value) for key, value in options.items()}
        loss = getattr(module, name)(_AsModel(), **made)
        rows = [x for x in batch.values() if x.ndim == 2]
        target = batch.get("label", batch.get("score"))
        result: Tensor = loss.compute_loss_from_embeddings(rows, target)
        return result

    return compute


def _named(module: Any, value: Any) -> Any:
    if not (isinstance(value, str) and value.startswith("=")):
        return value
    owner, attribute = value[1:].split(".")
    return getattr(getattr(module, owner), attribute)


def _st_softmax(module: Any, batch: Batch) -> Tensor:
    torch.manual_seed(0)
    dim, dtype = batch["first"].shape[1], batch["first"].dtype
    loss = module.SoftmaxLoss(_AsModel(), embedding_dimension=dim, num_labels=3).to(dtype)
    result: Tensor = loss([{"rows": batch["first"]}, {"rows": batch["second"]}], batch["label"])
    return result


def _views(name: str, **options: Any) -> Callable[[Any, Batch], Tensor]:
    """A loss of lightly on two views."""
    return lambda module, batch: getattr(module, name)(**options)(batch["anchor"], batch["positive"])


def _self_supervised(name: str, **options: Any) -> Callable[[Any, Batch], Tensor]:
    """A loss of pytorch-metric-learning on two views as labelled rows, averaged over all rows."""

    def compute(module: Any, batch: Batch) -> Tensor:
        rows = torch.cat([batch["anchor"], batch["positive"]])
        label = torch.arange(len(rows)) % len(batch["anchor"])
        return _pml(name, **options)(module, {"embedding": rows, "label": label})

    return compute


def _pml(name: str, **options: Any) -> Callable[[Any, Batch], Tensor]:
    def compute(module: Any, batch: Batch) -> Tensor:
        mean = import_module("pytorch_metric_learning.reducers").MeanReducer()
        result: Tensor = getattr(module, name)(**options, reducer=mean)(batch["embedding"], batch["label"])
        return result

    return compute


def _pml_vicreg(module: Any, batch: Batch) -> Tensor:
    mean = import_module("pytorch_metric_learning.reducers").MeanReducer()
    result: Tensor = module.VICRegLoss(reducer=mean)(batch["anchor"], ref_emb=batch["positive"])
    return result


def _cosine_embedding(margin: float) -> Callable[[Any, Batch], Tensor]:
    def compute(module: Any, batch: Batch) -> Tensor:
        result: Tensor = module.CosineEmbeddingLoss(margin=margin)(
            batch["first"], batch["second"], 2 * batch["label"] - 1
        )
        return result

    return compute


def _torch_triplet(module: Any, batch: Batch) -> Tensor:
    distance = lambda x, y: 1 - torch.cosine_similarity(x, y)  # noqa: E731
    loss = module.TripletMarginWithDistanceLoss(distance_function=distance, margin=0.5)
    result: Tensor = loss(batch["anchor"], batch["positive"], batch["negative"])
    return result


def _of_candidates() -> Iterator[Peer]:
    ranking, pair = "MultipleNegativesRankingLoss", ("anchor", "positive")
    yield Peer("info_nce", f"{ranking}(scale=20)", ST, _st(ranking, scale=20.0), roles=pair)
    yield Peer("info_nce", f"{ranking}(scale=20), triples", ST, _st(ranking, scale=20.0))
    name, interleaved = "NTXentLoss", "info_nce_interleaved"
    module = "lightly.loss.ntx_ent_loss"
    yield Peer(interleaved, f"lightly {name}(0.05)", module, _views(name, temperature=0.05))
    found = _self_supervised(name, temperature=0.05)
    told = f"pytorch-metric-learning {name}(0.05)"
    yield Peer(
        interleaved, told, PML, found, most_rows=64
    )  # compares every positive pair with every negative
    circle = {"m": 0.4, "gamma": 80}
    told = "pytorch-metric-learning CircleLoss()"
    yield Peer("circle", told, PML, _self_supervised("CircleLoss", **circle))
    yield Peer("circle_labelled", told, PML, _pml("CircleLoss", **circle))
    module = "lightly.loss.dcl_loss"
    yield Peer("dcl", "lightly DCLLoss(0.1)", module, _views("DCLLoss", temperature=0.1))
    weighted = _views("DCLWLoss", temperature=0.1)
    yield Peer("dcl", "lightly DCLWLoss(0.1, 0.5)", module, weighted, {"weighted": True})


def _of_triples() -> Iterator[Peer]:
    yield Peer("triplet", "TripletLoss(triplet_margin=1)", ST, _st("TripletLoss", triplet_margin=1.0))
    settings = {"distance": "cosine", "margin": 0.5}
    told = "torch TripletMarginWithDistanceLoss, cosine"
    yield Peer("triplet", told, "torch.nn", _torch_triplet, settings)
    yield Peer("triplet_batch_all", "BatchAllTripletLoss()", ST, _st("BatchAllTripletLoss"))
    cosine = "=BatchHardTripletLossDistanceFunction.cosine_distance"
    found = _st("BatchAllTripletLoss", distance_metric=cosine, margin=0.2)
    settings = {"distance": "cosine", "margin": 0.2}
    yield Peer("triplet_batch_all", "BatchAllTripletLoss(cosine, margin=0.2)", ST, found, settings)
    yield Peer("triplet_batch_hard", "BatchHardTripletLoss()", ST, _st("BatchHardTripletLoss"))
    soft = "BatchHardSoftMarginTripletLoss"
    yield Peer("triplet_batch_hard", f"{soft}()", ST, _st(soft), {"soft": True})
    yield Peer("triplet_semi_hard", "BatchSemiHardTripletLoss()", ST, _st("BatchSemiHardTripletLoss"))


def _of_pairs() -> Iterator[Peer]:
    yield Peer("contrastive", "ContrastiveLoss()", ST, _st("ContrastiveLoss"))
    yield Peer("online_contrastive", "OnlineContrastiveLoss()", ST, _st("OnlineContrastiveLoss"))
    yield Peer("sbert_softmax", "SoftmaxLoss(num_labels=3)", ST, _st_softmax)
    yield Peer("cosine_signed", "torch CosineEmbeddingLoss(-1)", "torch.nn", _cosine_embedding(-1.0))
    yield Peer("cosine_squared", "CosineSimilarityLoss()", ST, _st("CosineSimilarityLoss"))
    yield Peer("cosine_margin", "torch CosineEmbeddingLoss(0.7)", "torch.nn", _cosine_embedding(0.7))
    yield Peer("cosent", "CoSENTLoss(scale=20)", ST, _st("CoSENTLoss", scale=20.0))
    ranked = {"in_batch_weight": 0.0, "angle_weight": 1.0}
    yield Peer("angle", "AnglELoss(scale=20), its ranking term", ST, _st("AnglELoss", scale=20.0), ranked)


def _of_views() -> Iterator[Peer]:
    module, found = "lightly.loss.hypersphere_loss", _views("HypersphereLoss", t=2.0)
    yield Peer("align_uniform", "lightly HypersphereLoss(t=2)", module, found)
    module, found = "lightly.loss.barlow_twins_loss", _views("BarlowTwinsLoss", lambda_param=0.0051)
    yield Peer("barlow_twins", "lightly BarlowTwinsLoss(0.0051)", module, found)
    yield Peer("vicreg", "lightly VICRegLoss()", "lightly.loss.vicreg_loss", _views("VICRegLoss"))
    yield Peer("vicreg", "pytorch-metric-learning VICRegLoss()", PML, _pml_vicreg)


PEERS = (*_of_candidates(), *_of_triples(), *_of_pairs(), *_of_views())
