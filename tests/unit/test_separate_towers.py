"""Two encoders, one for each side: gradients, evaluation, checkpoints, what cannot be combined."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from unit.training_factory import SENTENCES, tiny_config

from simcse_core.cli import main
from simcse_core.config import RunConfig
from simcse_core.data.records import ScoredPairs, Triplet
from simcse_core.encoders import Encoder, load_encoder
from simcse_core.errors import ConfigError
from simcse_core.metrics.alignment import alignment
from simcse_core.metrics.sts import spearman
from simcse_core.runs.execute import encoder_to_train, execute
from simcse_core.runs.store import RunStore
from simcse_core.training.embedding import embed
from simcse_core.training.evaluation import Evaluator
from simcse_core.training.trainer import Trainer

TRIPLES = [Triplet(a, b, c) for a, b, c in zip(SENTENCES, SENTENCES[3:], SENTENCES[7:], strict=False)]
ROLES = {"anchor": SENTENCES[:5], "positive": SENTENCES[3:8], "negative": SENTENCES[9:14]}


@pytest.fixture
def config(tmp_path: Path, tiny_checkpoint: Path) -> RunConfig:
    return tiny_config(tmp_path, tiny_checkpoint, encoder__towers="separate")


def trainer(config: RunConfig, records: list[Any] = SENTENCES, **settings: object) -> Trainer:
    chosen = config.with_settings({k.replace("__", "."): v for k, v in settings.items()}).check()
    return Trainer(chosen, encoder_to_train(chosen), records)


def gradients(encoder: Encoder) -> dict[str, Tensor]:
    return {name: p.grad.to_dense() for name, p in encoder.named_parameters() if p.grad is not None}


def loss_of(tensors: dict[str, Tensor]) -> Tensor:
    """An arbitrary smooth function in which all three roles meet."""
    anchor, positive, negative = (torch.nn.functional.normalize(tensors[role]) for role in ROLES)
    return ((anchor @ positive.T).exp().sum() - 2 * (anchor @ negative.T).pow(2).sum()) / 10


def pair(checkpoint: Path) -> tuple[Encoder, Encoder]:
    first, second = (load_encoder(str(checkpoint), precision="fp32", device="cpu") for _ in range(2))
    return first, second


@pytest.mark.parametrize("chunk", [0, 2])
def test_each_tower_gets_the_gradient_of_its_own_side(tiny_checkpoint: Path, chunk: int) -> None:
    """Alike at the start, the towers' gradients are plain torch's with the other side held still."""
    first, second = pair(tiny_checkpoint)
    loss_of(embed(first, ROLES, masks="fresh", dropout=0.0, chunk=chunk, second=second)).backward()
    for tower, moving in ((first, ("anchor",)), (second, ("positive", "negative"))):
        alone = load_encoder(str(tiny_checkpoint), precision="fp32", device="cpu")
        rows = {role: alone.forward_train(texts) for role, texts in ROLES.items()}
        loss_of({role: x if role in moving else x.detach() for role, x in rows.items()}).backward()
        expected, found = gradients(alone), gradients(tower)
        assert expected.keys() == found.keys()
        for name, gradient in expected.items():
            torch.testing.assert_close(found[name], gradient, rtol=1e-3, atol=1e-6)


def test_tied_towers_are_one_encoder(tiny_checkpoint: Path) -> None:
    tied, shared = pair(tiny_checkpoint)
    both = embed(tied, ROLES, masks="fresh", dropout=0.0, second=tied)
    one = embed(shared, ROLES, masks="fresh", dropout=0.0)
    loss_of(both).backward()
    loss_of(one).backward()
    for role in ROLES:
        torch.testing.assert_close(both[role], one[role], rtol=0, atol=0)
    for name, gradient in gradients(shared).items():
        torch.testing.assert_close(gradients(tied)[name], gradient, rtol=0, atol=0)


@pytest.mark.parametrize("view", ["dropout", "same_mask", "no_dropout", "repetition", "consert"])
def test_the_first_step_is_that_of_one_encoder_and_then_the_towers_part(config: RunConfig, view: str) -> None:
    settings = {"view__name": view, "encoder__dropout": 0.0}
    separate = trainer(config, **settings)
    shared = trainer(config, **settings, encoder__towers="shared")
    assert shared.second is None and separate.second is not None
    assert separate.advance().loss == pytest.approx(shared.advance().loss, rel=1e-5)
    start = dict(load_encoder(config.encoder.name, precision="fp32", device="cpu").named_parameters())
    own, other = (dict(tower.named_parameters()) for tower in (separate.encoder, separate.second))
    moved = [n for n in own if not torch.equal(own[n], start[n]) and not torch.equal(other[n], start[n])]
    assert len(moved) > 10 and any(not torch.equal(own[n], other[n]) for n in moved)


def test_triples_put_the_hard_negative_into_the_second_tower(config: RunConfig) -> None:
    made = trainer(config, TRIPLES, view__name="records")
    assert all(made.advance().grad_norm > 0 for _ in range(2))


def test_a_pair_is_scored_both_ways(config: RunConfig) -> None:
    made = trainer(config)
    for _ in range(3):
        made.advance()
    sides = tuple(SENTENCES[:12]), tuple(SENTENCES[5:17])  # no pair twice, for both ways make it a tie
    pairs = ScoredPairs(*sides, score=np.arange(12) % 6.0)
    assert made.second is not None
    found = Evaluator({"pairs": pairs})(made.encoder, 3, made.second)
    f, g = (
        [t.encode(list(side)) for side in (pairs.first, pairs.second)] for t in (made.encoder, made.second)
    )
    there, back = ((f[0] * g[1]).sum(axis=1), (g[0] * f[1]).sum(axis=1))
    assert found.spearman == pytest.approx(spearman(there + back, pairs.score), abs=1e-6)
    close = pairs.score > 4
    expected = (alignment(f[0][close], g[1][close]) + alignment(g[0][close], f[1][close])) / 2
    assert found.alignment == pytest.approx(expected, rel=1e-5)
    first_alone = Evaluator({"pairs": pairs})(made.encoder, 3)
    assert found.uniformity == first_alone.uniformity and found.spearman != first_alone.spearman


@pytest.mark.parametrize("head", [{}, {"encoder.head": "mlp", "encoder.pooling": "cls_before_pooler"}])
def test_stopped_and_resumed_equals_uninterrupted_bit_for_bit(
    config: RunConfig, tmp_path: Path, head: dict[str, str]
) -> None:
    config = config.with_settings(head)
    store = RunStore(tmp_path / "runs")
    whole, parts = (store.create(config, folder=store.root / name) for name in ("whole", "parts"))
    assert execute(whole) == "finished"
    stops = iter([False, False, False, True])
    assert execute(parts, interrupted=lambda: next(stops, False)) == "stopped"
    torch.randn(100)
    parts.command("run")
    assert execute(parts) == "finished"
    losses = [[e["loss"] for e in run.snapshot().steps] for run in (whole, parts)]
    assert losses[0] == losses[1]
    for name in ("model.safetensors", "second/model.safetensors"):
        ends = [run.checkpoints()[6] / name for run in (whole, parts)]
        assert ends[0].read_bytes() == ends[1].read_bytes()
    evaluated = [run.snapshot().evaluations[-1]["spearman"] for run in (whole, parts)]
    assert evaluated[0] == evaluated[1]


def test_a_checkpoint_opens_as_the_first_tower_and_export_writes_both(
    config: RunConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = RunStore(tmp_path / "runs").create(config, folder=tmp_path / "runs" / "run")
    execute(run)
    first = load_encoder(str(run.folder), precision="fp32", device="cpu")
    folder = run.checkpoints()[6] / "second"
    assert any(str(folder) in note and "second" in note for note in first.notes)
    second = load_encoder(str(folder), precision="fp32", device="cpu")
    assert abs(first.encode(SENTENCES) - second.encode(SENTENCES)).max() > 1e-3
    assert main(["export", str(run.folder), "--to", str(tmp_path / "out")]) == 0
    assert "first of two towers" in capsys.readouterr().out
    for name, tower in (("", first), ("second", second)):
        again = load_encoder(str(tmp_path / "out" / name), precision="fp32", device="cpu")
        np.testing.assert_array_equal(again.encode(SENTENCES), tower.encode(SENTENCES))
    assert not (tmp_path / "out" / "state.safetensors").exists()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"wrap.queue": 8}, "wrap.queue"),
        ({"view.name": "groups", "loss.name": "triplet_batch_all"}, "two sides"),
    ],
)
def test_what_towers_cannot_do_is_said_before_a_run(config: RunConfig, settings: dict, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        config.with_settings(settings).check()


def test_widths_guide_and_chunks_work_with_towers(config: RunConfig, tiny_checkpoint: Path) -> None:
    for settings in ({"wrap__widths": "32,8"}, {"wrap__guide": str(tiny_checkpoint)}, {"wrap__chunk": 3}):
        assert trainer(config, **settings).advance().grad_norm > 0


def test_a_shared_run_keeps_its_digest_without_the_field() -> None:
    plain = RunConfig().to_dict()
    del plain["encoder"]["towers"]
    assert RunConfig.from_dict(plain).digest() == RunConfig().digest()
    separate = RunConfig().with_settings({"encoder.towers": "separate"})
    assert separate.digest() != RunConfig().digest()
