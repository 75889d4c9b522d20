"""The loop and its run folder: determinism, resume bit for bit, control, failure."""

from __future__ import annotations

import errno
import gc
import json
import weakref
from pathlib import Path
from typing import Any

import pytest
import torch
from unit.training_factory import tiny_config

from simcse_core.encoders import load_encoder
from simcse_core.errors import ConfigError, DataError, RunError, TrainingError
from simcse_core.runs import checkpoint as checkpoint_module
from simcse_core.runs.execute import encoder_to_train, execute, training_records
from simcse_core.runs.store import Run, RunStore
from simcse_core.training.trainer import Trainer
from simcse_core.views import Roles


def losses_of(run: Run) -> list[float]:
    return [e["loss"] for e in run.snapshot().steps]


def make(tmp_path: Path, tiny_checkpoint: Path, name: str = "run", **settings: Any) -> Run:
    config = tiny_config(tmp_path, tiny_checkpoint, **settings)
    return RunStore(tmp_path / "runs").create(config, folder=tmp_path / "runs" / name)


def test_a_run_from_start_to_end(tmp_path: Path, tiny_checkpoint: Path) -> None:
    run = make(tmp_path, tiny_checkpoint)
    assert execute(run) == "finished"
    snapshot = run.snapshot()
    assert snapshot.status == "finished" and snapshot.step == 6
    assert [e["step"] for e in snapshot.evaluations] == [0, 2, 4, 6]
    assert snapshot.evaluations[0]["uniformity"] != snapshot.evaluations[-1]["uniformity"]
    probe = run.probe(6)
    assert probe is not None and len(probe) == len(run.probe_texts())
    summary = run.summary()
    assert summary is not None and summary["steps"] == 6 and summary["after"]["step"] == 6
    folder = run.folder / summary["checkpoint"]
    assert not (folder / "state.safetensors").exists()  # only a resume needs it
    trained, raw = (
        load_encoder(str(folder), precision="fp32"),
        load_encoder(str(tiny_checkpoint), precision="fp32"),
    )
    assert abs(trained.encode(["the cat"]) - raw.encode(["the cat"])).max() > 1e-4
    assert trained.pooling == "mean"


def test_a_trainer_is_freed_as_soon_as_it_is_let_go(tmp_path: Path, tiny_checkpoint: Path) -> None:
    config = tiny_config(tmp_path, tiny_checkpoint).check()
    trainer = Trainer(config, encoder_to_train(config), training_records(config))
    trainer.advance()
    kept = weakref.ref(trainer)
    gc.disable()  # a process that trains many runs would keep them all until the collector comes round
    try:
        del trainer
        assert kept() is None
    finally:
        gc.enable()


def test_the_same_seed_gives_the_same_curve(tmp_path: Path, tiny_checkpoint: Path) -> None:
    curves = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        run = make(tmp_path, tiny_checkpoint, name, seed=seed)
        execute(run)
        curves.append(losses_of(run))
    assert curves[0] == curves[1] and curves[0] != curves[2]


@pytest.mark.parametrize("extra", [{}, {"encoder__head": "mlp", "encoder__pooling": "cls_before_pooler"}])
def test_stopped_and_resumed_equals_uninterrupted_bit_for_bit(
    tmp_path: Path, tiny_checkpoint: Path, extra: dict[str, str]
) -> None:
    whole = make(tmp_path, tiny_checkpoint, "whole", **extra)
    execute(whole)
    parts = make(tmp_path, tiny_checkpoint, "parts", **extra)
    stop_at = iter(
        [False, False, False, True]
    )  # asked after the evaluation at 0 and after steps 1, 2, 2 (evaluated)
    assert execute(parts, interrupted=lambda: next(stop_at)) == "stopped"
    assert parts.snapshot().status == "stopped" and 0 < parts.snapshot().step < 6
    torch.randn(100)  # whatever else the process draws must not matter
    parts.command("run")
    assert execute(parts) == "finished"
    assert losses_of(parts) == losses_of(whole)
    ends = [r.folder / "checkpoints" / "step-000006" / "model.safetensors" for r in (whole, parts)]
    assert ends[0].read_bytes() == ends[1].read_bytes()
    probes = [r.folder / "probe" / "step-000006.npy" for r in (whole, parts)]
    assert probes[0].read_bytes() == probes[1].read_bytes()


def test_pause_step_and_go_on(tmp_path: Path, tiny_checkpoint: Path) -> None:
    run = make(tmp_path, tiny_checkpoint)
    run.command("run", until_step=3)

    def on_event(event: Any) -> None:
        if event.to_dict()["type"] == "paused":
            assert event.step in {3, 4}
            assert max(run.checkpoints()) == event.step  # a pause can last
            run.command("run", until_step=4 if event.step == 3 else None)

    assert execute(run, on_event=on_event) == "finished"
    kinds = [(e["type"], e["step"]) for e in run.events() if e["type"] in {"paused", "continued"}]
    assert kinds == [("paused", 3), ("continued", 3), ("paused", 4), ("continued", 4)]


def test_stop_takes_effect_within_a_step(tmp_path: Path, tiny_checkpoint: Path) -> None:
    run = make(tmp_path, tiny_checkpoint, optim__steps=500, evaluation__every=500)

    def on_event(event: Any) -> None:
        if event.to_dict()["type"] == "step" and event.step == 7:
            run.command("stop")

    assert execute(run, on_event=on_event) == "stopped"
    assert run.snapshot().step == 7 and list(run.checkpoints()) == [7]


def test_a_loss_that_is_not_finite_ends_the_run_with_its_step(tmp_path: Path, tiny_checkpoint: Path) -> None:
    run = make(tmp_path, tiny_checkpoint, optim__learning_rate=1.0, optim__clip_norm=0.0, optim__steps=400)
    whole = Trainer._embed

    def poisoned(self: Trainer, roles: Roles) -> dict[str, torch.Tensor]:
        factor = float("nan") if self.step == 3 else 1.0
        return {name: rows * factor for name, rows in whole(self, roles).items()}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "_embed", poisoned)
        assert execute(run) == "failed"
    snapshot = run.snapshot()
    assert "loss became nan at step 4" in snapshot.error and "learning_rate" in snapshot.hint
    assert list(run.checkpoints()) == [2]  # what was good before is kept


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), "Halve optim.batch_size"),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes"), "Halve"),
        (OSError(errno.ENOSPC, "No space left on device"), "Free some space"),
        (ZeroDivisionError("x"), "traceback.txt"),
    ],
)
def test_failures_say_what_to_do(tmp_path: Path, tiny_checkpoint: Path, error: Exception, told: str) -> None:
    run = make(tmp_path, tiny_checkpoint)

    def fail(self: Trainer, roles: Roles) -> Any:
        raise error

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "_embed", fail)
        assert execute(run) == "failed"
    assert told in run.snapshot().hint


def test_a_full_disk_loses_nothing_that_was_saved(tmp_path: Path, tiny_checkpoint: Path) -> None:
    run = make(tmp_path, tiny_checkpoint)
    save = checkpoint_module.save_file
    calls = []

    def full(tensors: Any, path: Path, *rest: Any) -> None:
        calls.append(path)
        if len(calls) == 2:
            Path(path).write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")
        save(tensors, path, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoint_module, "save_file", full)
        assert execute(run) == "failed"
        assert "disk is full" in run.snapshot().error
        assert list(run.checkpoints()) == [2] and not list((run.folder / "checkpoints").glob(".*"))
        run.command("run")
        assert execute(run) == "finished"
    whole = make(tmp_path, tiny_checkpoint, "whole")
    execute(whole)
    assert losses_of(run) == losses_of(whole)


def test_a_damaged_state_is_named(tmp_path: Path, tiny_checkpoint: Path) -> None:
    run = make(tmp_path, tiny_checkpoint)
    answers = iter([False, False, False, True])
    execute(run, interrupted=lambda: next(answers))
    newest = run.checkpoints()[max(run.checkpoints())]
    state = newest / "state.safetensors"
    state.write_bytes(state.read_bytes()[:100])
    run.command("run")
    assert execute(run) == "failed" and "state.safetensors is damaged" in run.snapshot().error
    about = json.loads((newest / "state.json").read_text())
    (newest / "state.json").write_text(json.dumps({**about, "config": "other"}))
    assert execute(run) == "failed" and "another configuration" in run.snapshot().error


def test_what_cannot_be_trained(tmp_path: Path, tiny_checkpoint: Path) -> None:
    config = tiny_config(tmp_path, tiny_checkpoint).check()
    encoder = encoder_to_train(config)
    with pytest.raises(DataError, match="needs 4 training records"):
        Trainer(config, encoder, ["one", "two"])
    with pytest.raises(DataError, match="takes pairs or triples"):
        Trainer(config.with_settings({"view.name": "records"}), encoder, training_records(config))
    with pytest.raises(ConfigError, match="neither a data set nor a file"):
        training_records(config.with_settings({"data.train": "nowhere"}))
    trainer = Trainer(config, encoder, training_records(config))
    with pytest.raises(TrainingError, match="another configuration"):
        trainer.load_state({"extra.head.dense.weight": torch.zeros(1)}, step=1)


def test_a_run_that_is_held_is_refused(tmp_path: Path, tiny_checkpoint: Path) -> None:
    run = make(tmp_path, tiny_checkpoint)
    with run.held(), pytest.raises(RunError, match="another process"):
        execute(Run(run.folder))


def test_evaluations_see_the_weights_of_their_step(tmp_path: Path, tiny_checkpoint: Path) -> None:
    """A copy of the weights prepared for inference must not outlive an update, fused optimisers included."""
    for precision in ("fp32", "bf16"):
        run = make(
            tmp_path, tiny_checkpoint, precision, optim__precision=precision, optim__learning_rate=0.01
        )
        execute(run)
        saved = load_encoder(str(run.folder / run.snapshot().checkpoint), precision=precision, max_length=64)
        again = saved.encode([p["text"] for p in run.probe_texts()])
        during = run.probe(6)
        assert during is not None and abs(again - during).max() < 2e-3  # kept as float16
        before = run.probe(0)
        assert before is not None and abs(before - during).max() > 0.05
