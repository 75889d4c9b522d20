"""What a page or a script does with runs: submit, pause, step, stop, resume; without importing torch."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from simcse_core.config import RunConfig
from simcse_core.errors import RunError
from simcse_core.runs.processes import is_running, mark_of
from simcse_core.runs.queue import Queue
from simcse_core.runs.snapshot import RunSnapshot
from simcse_core.runs.store import Run, RunStore
from simcse_core.runs.worker import worker_state
from simcse_core.training.events import Lifecycle


class Client:
    """A view of the run store for one owner.

    Args:
        store: Where runs are kept.
        owner: Who submits; a browser session's id, or "command line".
    """

    def __init__(self, store: RunStore, owner: str = "command line") -> None:
        self.store, self.owner, self.queue = store, owner, Queue(store.root)
        self._workers: list[subprocess.Popen[bytes]] = []

    def submit(self, config: RunConfig, *, paused_after: int | None = None) -> Run:
        """Queue a new run and see that a worker is there to take it.

        Args:
            config: What to do.
            paused_after: Pause after this many steps (the Step button on a new run).

        Raises:
            ConfigError: The configuration is wrong.
            RunError: The folder cannot be written.
        """
        run = self.store.create(config)
        if paused_after is not None:
            run.command("run", until_step=paused_after)
        self._enqueue(run)
        return run

    def resume(self, run: Run) -> None:
        """Queue a stopped, failed or lost run again; it goes on from its newest checkpoint.

        Raises:
            RunError: The run is waiting, running or finished.
        """
        status = self.snapshot(run).status
        if status not in {"stopped", "failed", "lost"}:
            raise RunError(f"{run.id} is {status} and cannot be resumed.")
        run.command("run")
        self._enqueue(run)

    def play(self, run: Run) -> None:
        """Let a paused run go on to its end."""
        run.command("run")

    def pause(self, run: Run) -> None:
        """Pause after the step in progress; the run keeps its place on the device."""
        run.command("pause")

    def advance(self, run: Run, steps: int) -> None:
        """Do `steps` more steps, then pause."""
        run.command("run", until_step=self.snapshot(run).step + steps)

    def stop(self, run: Run) -> None:
        """End the run after the step in progress, with a checkpoint; a waiting run leaves the queue."""
        run.command("stop")
        if self.queue.remove(run.id):
            run.record(Lifecycle(step=0, state="stopped"))

    def snapshot(self, run: Run) -> RunSnapshot:
        """The run as it stands, with its place in the queue."""
        return run.snapshot(self.queue.position(run.id))

    def ensure_worker(self, device: str) -> None:
        """Start the worker of a device unless one is there; returns at once.

        Two callers may both start one: the second finds the device taken and ends.
        """
        self._workers = [w for w in self._workers if w.poll() is None and is_running(mark_of(w.pid))]
        state = worker_state(self.store.root, device)
        if is_running(state) or self._workers:
            return
        self.store.root.mkdir(parents=True, exist_ok=True)
        self._workers.append(start_worker(self.store.root, device))

    def _enqueue(self, run: Run) -> None:
        device = device_name(run.config.optim.device)
        run.record(Lifecycle(step=0, state="queued"))
        self.queue.add(run.id, owner=self.owner, device=device)
        self.ensure_worker(device)


def device_name(wanted: str) -> str:
    """Which device's queue a run belongs in; `auto` is CUDA where its driver is, found without torch."""
    if wanted != "auto":
        return wanted
    return "cuda" if Path("/proc/driver/nvidia/version").exists() else "cpu"


def start_worker(root: Path, device: str) -> subprocess.Popen[bytes]:
    """Start a worker process that ends with this one.

    Threads that wait must sleep: with spinning barriers one busy neighbour makes training several times
    slower on two cores, hence OMP_WAIT_POLICY.
    """
    environment = {"OMP_WAIT_POLICY": "PASSIVE", "TOKENIZERS_PARALLELISM": "false", **os.environ}
    command = [sys.executable, "-m", "simcse_core", "work", "--device", device, "--runs", str(root)]
    with (root / f"worker-{device}.log").open("ab") as log:
        return subprocess.Popen(
            [*command, "--parent", str(os.getpid())],
            env=environment,
            cwd=Path(__file__).resolve().parent.parent.parent,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
