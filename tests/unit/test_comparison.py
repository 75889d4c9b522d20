"""Runs that differ in the objective alone see the same records in the same order."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simcse_core.config import RunConfig
from simcse_core.data.datasets import load_dataset_records
from simcse_core.encoders import load_encoder
from simcse_core.errors import ConfigError
from simcse_core.losses import losses
from simcse_core.training.batches import Batches
from simcse_core.training.comparison import for_loss
from simcse_core.training.fitting import fits, losses_for
from simcse_core.training.trainer import Trainer
from simcse_core.views import views

STEPS = 3


def base(checkpoint: Path, data: str) -> RunConfig:
    return RunConfig().with_settings(
        {
            "encoder.name": str(checkpoint), "optim.steps": STEPS, "optim.batch_size": 4, "seed": 7,
            "optim.precision": "fp32", "optim.device": "cpu", "data.train": data,
        }
    )  # fmt: skip


@pytest.mark.parametrize(("kind", "data"), [("triples", "triples"), ("sentences", "clips")])
def test_only_loss_and_view_differ(tiny_checkpoint: Path, kind: str, data: str) -> None:
    shared = base(tiny_checkpoint, data)
    names = losses_for(kind)
    assert len(names) > 10
    for name in names:
        run = for_loss(shared, name, kind)
        assert run.loss.name == name and fits(run.view.name, kind, name)
        assert dataclasses.replace(run, loss=shared.loss, view=shared.view) == shared
        assert run.view == shared.view or not fits(shared.view.name, kind, name)


def texts(roles: dict[str, Any]) -> list[str]:
    """The anchors of a batch, in the order of its records."""
    return list(roles.get("anchor") or roles.get("first") or roles["embedding"])


def test_every_objective_sees_the_same_records_at_every_step(
    tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trained for real, one objective a view: what `Batches` gives, and what the view makes of it."""
    records = load_dataset_records("triples")[:40]
    asked: list[tuple[int, list[Any]]] = []
    given = Batches.at

    def noted(self: Batches, step: int) -> list[Any]:
        found = given(self, step)
        asked.append((step, found))
        return found

    monkeypatch.setattr(Batches, "at", noted)
    seen = {}
    for name in ("info_nce", "cosent", "triplet_batch_hard", "sbert_softmax"):
        run = for_loss(base(tiny_checkpoint, "triples"), name, "triples")
        trainer = Trainer(run, load_encoder(str(tiny_checkpoint), device="cpu", precision="fp32"), records)
        for _ in range(STEPS):
            trainer.advance()
        seen[name] = list(asked)
        asked.clear()
        view = views[run.view.name](seen[name][0][1], np.random.default_rng(0), **run.view.parameters)
        assert texts(view)[:4] == [record.anchor for record in seen[name][0][1]]
    first = seen["info_nce"]
    assert [step for step, _ in first] == list(range(STEPS))
    assert all(other == first for other in seen.values())
    assert (
        len({tuple(r.anchor for r in batch) for _, batch in first}) == STEPS
    )  # not one batch again and again


def test_another_seed_sees_another_order(tiny_checkpoint: Path) -> None:
    records = load_dataset_records("triples")[:40]
    orders = {seed: [r.anchor for r in Batches(records, size=4, seed=seed).at(0)] for seed in (42, 43)}
    assert orders[42] != orders[43]


def test_the_bases_own_loss_keeps_its_settings(tiny_checkpoint: Path) -> None:
    shared = base(tiny_checkpoint, "triples").with_settings({"loss.temperature": 0.1})
    assert for_loss(shared, "info_nce", "triples").loss.parameters["temperature"] == 0.1
    assert for_loss(shared, "cosent", "triples").loss.parameters["temperature"] == 0.05


def test_what_the_data_cannot_train_is_refused(tiny_checkpoint: Path) -> None:
    alone = next(name for name in losses if name not in losses_for("sentences"))
    with pytest.raises(ConfigError, match="No view"):
        for_loss(base(tiny_checkpoint, "clips"), alone, "sentences")
