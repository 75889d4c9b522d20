"""What a run puts around its loss: queue, widths, guide, gradient caching."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import torch
from unit.training_factory import SENTENCES, tiny_config

from simcse_core.config import RunConfig
from simcse_core.data.records import Triplet
from simcse_core.errors import ConfigError, DataError, EncoderError
from simcse_core.runs.execute import encoder_to_train, execute
from simcse_core.runs.store import RunStore
from simcse_core.training.trainer import Trainer


@pytest.fixture
def config(tmp_path: Path, tiny_checkpoint: Path) -> RunConfig:
    return tiny_config(tmp_path, tiny_checkpoint)


def trainer(config: RunConfig, **settings: object) -> Trainer:
    chosen = config.with_settings({k.replace("__", "."): v for k, v in settings.items()}).check()
    return Trainer(chosen, encoder_to_train(chosen), SENTENCES)


def losses_of(made: Trainer, steps: int = 4) -> list[float]:
    return [made.advance().loss for _ in range(steps)]


def test_a_queue_begins_empty_and_then_adds_negatives(config: RunConfig) -> None:
    plain, queued = losses_of(trainer(config)), losses_of(made := trainer(config, wrap__queue=8))
    assert queued[0] == plain[0]
    assert all(more > less for more, less in zip(queued[1:], plain[1:], strict=True))
    assert made.wrapped.queue is not None
    assert made.wrapped.queue.rows.shape == (8, 32)
    assert not made.wrapped.queue.rows.requires_grad


def test_the_twin_follows_at_its_own_pace(config: RunConfig) -> None:
    still = trainer(config, wrap__queue=8, wrap__momentum=1.0)
    start = {name: p.clone() for name, p in still.wrapped.twin.named_parameters()}
    still.advance()
    assert all(torch.equal(p, start[name]) for name, p in still.wrapped.twin.named_parameters())
    copied = trainer(config, wrap__queue=8, wrap__momentum=0.0)
    copied.advance()
    own = dict(copied.encoder.named_parameters())
    assert all(torch.equal(p, own[name]) for name, p in copied.wrapped.twin.named_parameters())


def test_esimcse_repeats_sub_words_and_queues(config: RunConfig) -> None:
    made = trainer(config, wrap__queue=10, view__name="repetition")
    assert all(loss > 0 for loss in losses_of(made))


def test_a_run_with_a_queue_resumes_bit_for_bit(config: RunConfig, tmp_path: Path) -> None:
    config = config.with_settings({"wrap.queue": 6})
    store = RunStore(tmp_path / "runs")
    run = store.create(config, folder=store.root / "stopped")
    stops = iter([False, False, True])
    assert execute(run, interrupted=lambda: next(stops, False)) == "stopped"
    run.command("run")
    assert execute(run) == "finished"
    whole = store.create(config, folder=store.root / "whole")
    execute(whole)
    assert [e["loss"] for e in run.snapshot().steps] == [e["loss"] for e in whole.snapshot().steps]


def test_cached_gradients_train_the_same(config: RunConfig) -> None:
    config = config.with_settings({"encoder.dropout": 0.0})
    plain = losses_of(trainer(config))
    for chunk in (3, 8):
        assert losses_of(trainer(config, wrap__chunk=chunk)) == pytest.approx(plain, rel=1e-4)


def test_the_full_width_alone_is_the_loss_itself(config: RunConfig) -> None:
    assert losses_of(trainer(config, wrap__widths="32")) == losses_of(trainer(config))
    assert losses_of(trainer(config, wrap__widths="32,8"))[0] > losses_of(trainer(config))[0]


def test_a_guide_takes_negatives_out(config: RunConfig, tiny_checkpoint: Path) -> None:
    """With identical positives the guide's margin decides: 0 removes nothing, a wide one everything."""
    settings = {"wrap__guide": str(tiny_checkpoint), "optim__batch_size": 8}
    plain = losses_of(trainer(config, optim__batch_size=8), steps=1)[0]
    assert losses_of(trainer(config, **settings), steps=1)[0] == pytest.approx(plain)
    narrow = losses_of(trainer(config, **settings, wrap__guide_margin=0.02), steps=1)[0]
    assert narrow < plain
    with pytest.raises(DataError, match="removed every negative"):
        trainer(config, **settings, wrap__guide_margin=2.0).advance()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"wrap__queue": 8, "wrap__widths": "32,8"}, "cannot be combined"),
        ({"wrap__queue": 8, "loss__name": "barlow_twins"}, "does not act on rows"),
        ({"wrap__widths": "wide"}, "wrap.widths"),
        (
            {"wrap__widths": "32,8", "loss__name": "sbert_softmax", "view__name": "relations"},
            "weights of its own",
        ),
    ],
)
def test_what_cannot_be_wrapped_is_refused(config: RunConfig, settings: dict, message: str) -> None:
    records = (
        [Triplet(a, a, b) for a, b in itertools.pairwise(SENTENCES)]
        if settings.get("view__name") == "relations"
        else SENTENCES
    )
    chosen = config.with_settings({k.replace("__", "."): v for k, v in settings.items()}).check()
    with pytest.raises(ConfigError, match=message):
        Trainer(chosen, encoder_to_train(chosen), records)


def test_a_guide_that_is_nowhere_is_named(config: RunConfig, tmp_path: Path) -> None:
    with pytest.raises(EncoderError):
        trainer(config, wrap__guide=str(tmp_path / "nowhere"))


def test_a_guide_cannot_read_sub_words(config: RunConfig, tiny_checkpoint: Path) -> None:
    made = trainer(config, wrap__guide=str(tiny_checkpoint), view__name="repetition")
    with pytest.raises(ConfigError, match="sub-words"):
        made.advance()
