"""The warm worker as a real process: two runs at once, a kill at any moment, and going on afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import torch
from unit.training_factory import tiny_config

from simcse_core.errors import RunError
from simcse_core.runs.client import Client
from simcse_core.runs.execute import execute
from simcse_core.runs.store import RunStore
from simcse_core.runs.worker import worker_state

REPOSITORY = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


def wait_for(what: Callable[[], bool], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    client = Client(RunStore(tmp_path / "runs"), owner="ann")
    yield client
    for worker in client._workers:
        worker.kill()
        worker.wait()


def test_two_owners_share_one_worker_and_a_kill_is_survived(
    tmp_path: Path, tiny_checkpoint: Path, client: Client
) -> None:
    long = tiny_config(tmp_path, tiny_checkpoint, optim__steps=100_000, evaluation__every=50)
    short = tiny_config(tmp_path, tiny_checkpoint)
    first = client.submit(long)
    other = Client(client.store, owner="bob")
    second = other.submit(short)
    wait_for(lambda: client.snapshot(first).status == "running" and client.snapshot(first).checkpoint != "")
    assert other.snapshot(second).status == "queued" and other.snapshot(second).position == 0
    with pytest.raises(RunError, match="cannot be resumed"):
        client.resume(first)

    state = worker_state(client.store.root, "cpu")
    assert state is not None and state["run"] == first.id
    os.kill(int(str(state["pid"])), signal.SIGKILL)
    wait_for(lambda: client.snapshot(first).status == "lost")
    snapshot = client.snapshot(first)
    assert "Resume it from checkpoints/step-" in snapshot.hint
    saved = int(snapshot.checkpoint[-6:])
    assert 0 <= snapshot.step - saved <= 50  # at most one evaluation interval is lost

    client.resume(first)  # starts a new worker; bob, who has waited, goes first or after: both run
    wait_for(lambda: client.snapshot(first).step > snapshot.step)
    client.pause(first)
    wait_for(lambda: client.snapshot(first).status == "paused")
    client.stop(first)
    wait_for(lambda: client.snapshot(first).status == "stopped")
    wait_for(lambda: other.snapshot(second).status == "finished")
    losses = [e["step"] for e in client.snapshot(first).steps]
    assert losses == list(range(1, len(losses) + 1))  # every step once, also those done twice


def test_a_waiting_run_can_be_taken_back(tmp_path: Path, tiny_checkpoint: Path, client: Client) -> None:
    config = tiny_config(tmp_path, tiny_checkpoint)
    run = client.store.create(config)
    client.queue.add(run.id, owner="ann", device="cpu")
    client.stop(run)
    assert client.snapshot(run).status == "stopped" and client.queue.waiting() == []


def test_the_worker_ends_with_its_parent(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from simcse_core.runs.client import start_worker\n"
        "root = Path(sys.argv[1]); root.mkdir()\n"
        "print(start_worker(root, 'cpu').pid, flush=True); time.sleep(600)"
    )
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    root = tmp_path / "runs"
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(root)], stdout=subprocess.PIPE, env=environment
    )
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    wait_for(lambda: (worker_state(root, "cpu") or {}).get("state") == "idle")
    parent.kill()
    parent.wait()
    wait_for(lambda: not psutil.pid_exists(worker) or psutil.Process(worker).status() == psutil.STATUS_ZOMBIE)


@pytest.mark.parametrize("events", [1, 4, 9])
def test_killed_at_any_event_a_run_reads_and_goes_on_the_same(
    tmp_path: Path, tiny_checkpoint: Path, events: int
) -> None:
    store = RunStore(tmp_path / "runs")
    config = tiny_config(tmp_path, tiny_checkpoint, optim__steps=8)
    run = store.create(config, folder=store.root / "killed")
    code = (
        "import os, signal, sys; from pathlib import Path; from simcse_core.runs.execute import execute\n"
        "from simcse_core.runs.store import Run\nleft = [int(sys.argv[2])]\n"
        "def count(event):\n    left[0] -= 1\n    left[0] or os.kill(os.getpid(), signal.SIGKILL)\n"
        "execute(Run(Path(sys.argv[1])), on_event=count)"
    )
    threads = str(torch.get_num_threads())  # sums are the same to the bit for one number of threads only
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": threads}
    killed = subprocess.run(
        [sys.executable, "-c", code, str(run.folder), str(events)], env=environment, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    with run.events_file.open("ab") as log:
        log.write(b'{"type": "step", "st')  # and torn in the middle of a line
    snapshot = run.snapshot()
    assert snapshot.status == "lost"
    saved = int(snapshot.checkpoint[-6:]) if snapshot.checkpoint else 0
    assert snapshot.step - saved <= 2
    run.command("run")
    assert execute(run) == "finished"
    whole = store.create(config, folder=store.root / "whole")
    execute(whole)
    assert [e["loss"] for e in run.snapshot().steps] == [e["loss"] for e in whole.snapshot().steps]
