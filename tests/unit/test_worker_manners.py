"""What the worker owes to those who wait: a paused run gives way, a known start is not measured again."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from unit.training_factory import tiny_config

from simcse_core.runs import worker as module
from simcse_core.runs.execute import execute
from simcse_core.runs.queue import Queue
from simcse_core.runs.store import Run, RunStore
from simcse_core.training.evaluation import Starts
from simcse_core.training.events import Lifecycle

NOBODY = 2**22 - 3  # above every process number in use


def paused_run(root: Path, checkpoint: Path) -> Run:
    run = RunStore(root).create(tiny_config(root / "data", checkpoint))
    run.claim()
    run.record(Lifecycle(step=0, state="paused"))
    return run


def test_a_paused_run_keeps_the_device_while_nobody_waits(
    tmp_path: Path, tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = paused_run(tmp_path, tiny_checkpoint)
    asked = module._Worker(tmp_path, "cpu", os.getpid()).must_give_way(run)
    assert not asked() and not asked()
    Queue(tmp_path).add("another", owner="bob", device="cpu")
    assert not asked()  # the patience starts now
    monkeypatch.setattr(module, "PAUSE_PATIENCE", -1.0)
    assert asked()


def test_a_paused_run_ends_with_the_app(tmp_path: Path, tiny_checkpoint: Path) -> None:
    run = paused_run(tmp_path, tiny_checkpoint)
    assert module._Worker(tmp_path, "cpu", NOBODY).must_give_way(run)()
    run.record(Lifecycle(step=0, state="continued"))
    assert not module._Worker(tmp_path, "cpu", NOBODY).must_give_way(run)()  # what works is finished first


def test_a_claimed_run_is_never_lost(tmp_path: Path, tiny_checkpoint: Path) -> None:
    run = RunStore(tmp_path).create(tiny_config(tmp_path / "data", tiny_checkpoint))
    run.record(Lifecycle(step=0, state="queued"))
    queue = Queue(tmp_path)
    queue.add(run.id, owner="ann", device="cpu")
    assert run.status() == "queued"
    worker = module._Worker(tmp_path, "cpu", os.getpid())
    assert worker.claimed(queue.waiting("cpu")[0])
    assert run.status() == "running"
    assert queue.waiting("cpu") == []


def test_a_run_taken_back_is_not_claimed(tmp_path: Path, tiny_checkpoint: Path) -> None:
    run = RunStore(tmp_path).create(tiny_config(tmp_path / "data", tiny_checkpoint))
    queue = Queue(tmp_path)
    queue.add(run.id, owner="ann", device="cpu")
    ticket = queue.waiting("cpu")[0]
    queue.remove(run.id)
    assert not module._Worker(tmp_path, "cpu", os.getpid()).claimed(ticket)
    assert not run.alive()


def test_a_known_start_gives_the_same_numbers(tmp_path: Path, tiny_checkpoint: Path) -> None:
    starts: Starts = {}
    runs = []
    for _ in range(2):
        run = RunStore(tmp_path / "runs").create(tiny_config(tmp_path / "data", tiny_checkpoint))
        assert execute(run, starts=starts) == "finished"
        runs.append(run)
    assert len(starts) == 1
    first, second = (run.snapshot().evaluations for run in runs)
    without = [{k: v for k, v in e.items() if k != "time"} for e in first]
    assert without == [{k: v for k, v in e.items() if k != "time"} for e in second]
    np.testing.assert_array_equal(runs[0].probe(0), runs[1].probe(0))


def test_another_encoder_has_another_start(tmp_path: Path, tiny_checkpoint: Path) -> None:
    starts: Starts = {}
    for pooling in ("mean", "max"):
        config = tiny_config(tmp_path / "data", tiny_checkpoint, encoder__pooling=pooling)
        execute(RunStore(tmp_path / "runs").create(config), starts=starts)
    assert len(starts) == 2
