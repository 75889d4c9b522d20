"""Every way to make positives, joined with every loss it fits, in a real step."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import torch
from unit.training_factory import SENTENCES, tiny_config

from simcse_core.config import RunConfig
from simcse_core.data.records import Pair, ScoredPair, Triplet
from simcse_core.encoders import Encoder
from simcse_core.errors import ConfigError, DataError
from simcse_core.runs.execute import encoder_to_train
from simcse_core.training.embedding import embed
from simcse_core.training.fitting import losses_for, views_for
from simcse_core.training.trainer import Trainer
from simcse_core.views import KINDS, views

NEXT = list(itertools.pairwise(SENTENCES))
RECORDS = {
    "sentences": SENTENCES,
    "pairs": [Pair(a, b) for a, b in NEXT],
    "triples": [Triplet(a, a, b) for a, b in NEXT],
    "scored_pairs": [ScoredPair(a, b, float(i % 6)) for i, (a, b) in enumerate(NEXT)],
}
JOINED = [
    (kind, loss, view)
    for kind in KINDS
    for loss in losses_for(kind)
    for view in views_for(kind, loss)
    if "fetches" not in views.info(view).traits  # has tests of its own
]


@pytest.fixture
def config(tmp_path: Path, tiny_checkpoint: Path) -> RunConfig:
    return tiny_config(tmp_path, tiny_checkpoint, encoder__dropout=0.3)


def trainer(config: RunConfig, kind: str, loss: str, view: str) -> Trainer:
    pooling = views.info(view).traits.get("pooling", "mean")
    settings = {"loss.name": loss, "view.name": view, "optim.batch_size": 6, "encoder.pooling": pooling}
    chosen = config.with_settings(settings).check()
    return Trainer(chosen, encoder_to_train(chosen), RECORDS[kind])


@pytest.mark.parametrize(("kind", "loss", "view"), JOINED, ids="-".join)
def test_all_that_fits_trains(config: RunConfig, kind: str, loss: str, view: str) -> None:
    done = trainer(config, kind, loss, view).advance()
    assert done.grad_norm > 0 or loss in {"triplet_semi_hard", "online_contrastive", "cosine_margin"}


def embedded(encoder: Encoder, view: str) -> dict[str, torch.Tensor]:
    masks = views.info(view).traits.get("masks", "fresh")
    roles = {"anchor": SENTENCES[:6], "positive": SENTENCES[:6]}
    return embed(encoder.train(), roles, masks=masks, dropout=0.3)


def test_masks_are_fresh_same_or_off(config: RunConfig) -> None:
    encoder = encoder_to_train(config)
    fresh, same, off = (embedded(encoder, view) for view in ("dropout", "same_mask", "no_dropout"))
    assert not torch.allclose(fresh["anchor"], fresh["positive"])
    torch.testing.assert_close(same["anchor"], same["positive"], rtol=0, atol=0)
    torch.testing.assert_close(off["anchor"], off["positive"], rtol=1e-5, atol=1e-6)
    assert not torch.allclose(same["anchor"], off["anchor"], atol=1e-3)
    torch.testing.assert_close(
        off["anchor"], encoder.eval().forward_train(SENTENCES[:6]), rtol=1e-5, atol=1e-6
    )


def test_dropout_is_put_back_after_a_batch_without(config: RunConfig) -> None:
    encoder = encoder_to_train(config)
    embedded(encoder, "no_dropout")
    again = embedded(encoder, "dropout")
    assert not torch.allclose(again["anchor"], again["positive"])


def test_identical_views_pull_at_nothing(config: RunConfig) -> None:
    """The positive's cosine is 1 whatever the weights are, so its gradient is zero."""
    encoder = encoder_to_train(config)
    for view in ("same_mask", "no_dropout"):
        encoder.zero_grad()
        found = embedded(encoder, view)
        torch.nn.functional.cosine_similarity(found["anchor"], found["positive"]).sum().backward()
        largest = max(float(p.grad.abs().max()) for p in encoder.parameters() if p.grad is not None)
        assert largest < 1e-4


def test_what_does_not_fit_is_refused_with_the_way_out(config: RunConfig) -> None:
    with pytest.raises(DataError, match="takes scored_pairs") as refused:
        trainer(config, "sentences", "info_nce", "scored")
    assert "dropout" in refused.value.hint
    with pytest.raises(ConfigError, match="binary label") as refused_loss:
        trainer(config, "triples", "contrastive", "groups")
    assert refused_loss.value.hint == "Set view.name to relations."
