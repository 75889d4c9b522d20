"""The warm worker: one process per device, libraries imported, waiting for runs."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from simcse_core.config import RunConfig
from simcse_core.errors import SimCSEError
from simcse_core.runs.files import read_json, write_json
from simcse_core.runs.processes import is_running, mark_of, this_process
from simcse_core.runs.queue import Queue, Ticket, fair_order
from simcse_core.runs.store import Run

POLL = 0.05  # seconds between two looks at the queue
PAUSE_PATIENCE = 60.0  # seconds that a paused run keeps the device while another one waits
PATIENCE = 900.0  # seconds without work after which a worker that nobody needs goes home


def serve(root: Path, device: str, *, parent: int | None = None, patience: float = PATIENCE) -> bool:
    """Take runs from the queue until the parent is gone (or, without one, after `patience` idle seconds).

    A run in progress is always finished first: a closed browser or app does not lose it.

    Args:
        root: Folder of all runs.
        device: As written on the tickets, e.g. "cpu".
        parent: Process that wants this worker; None when started by hand.
        patience: Idle seconds after which a worker without a parent ends.

    Returns:
        False when another worker already serves this device.
    """
    root.mkdir(parents=True, exist_ok=True)
    lock = FileLock(root / f".worker-{device}.lock")
    try:
        lock.acquire(timeout=1)  # a killed worker lets go a moment after it looks dead
    except Timeout:
        return False
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the app's terminal is for the app
    worker = _Worker(root, device, parent)
    try:
        worker.state("warming")
        worker.starts = warm_up(device)
        worker.serve(patience)
    finally:
        worker.file.unlink(missing_ok=True)
        lock.release()
    return True


class _Worker:
    def __init__(self, root: Path, device: str, parent: int | None) -> None:
        self.parent = parent
        self.root, self.device, self.queue = root, device, Queue(root)
        self.file = worker_file(root, device)
        self.served: dict[str, float] = {}
        self.starts: dict[str, NDArray[np.float32]] = {}

    def state(self, state: str, run: str = "") -> None:
        write_json(self.file, {**this_process(), "state": state, "run": run, "time": time.time()})

    def serve(self, patience: float) -> None:
        self.state("idle")
        idle_since = time.monotonic()
        while True:
            waiting = fair_order(self.queue.waiting(self.device), self.served)
            if waiting and self.claimed(waiting[0]):
                self.take(waiting[0])
                idle_since = time.monotonic()
                continue
            if self.is_orphan() or (self.parent is None and time.monotonic() - idle_since > patience):
                return
            time.sleep(POLL)

    def claimed(self, ticket: Ticket) -> bool:
        """Mark the run before its ticket goes, so that at no moment it is neither waiting nor alive."""
        run = Run(self.root / ticket.run)
        try:
            run.claim()
        except OSError:  # its folder is gone, or the disk is full: `take` finds out
            return self.queue.remove(ticket.run)
        if self.queue.remove(ticket.run):
            return True
        (run.folder / ".owner.json").unlink(missing_ok=True)  # stopped in between
        return False

    def must_give_way(self, run: Run) -> Callable[[], bool]:
        """True once `run` rests on Pause and either somebody else has waited long enough or the app is gone.

        It is stopped with its checkpoint then, so nothing is lost and Resume goes on.
        """
        since: float | None = None

        def interrupted() -> bool:
            nonlocal since
            wanted = self.is_orphan() or bool(self.queue.waiting(self.device))
            if not wanted or run.snapshot().status != "paused":
                since = None
                return False
            since = since or time.monotonic()
            return self.is_orphan() or time.monotonic() - since > PAUSE_PATIENCE

        return interrupted

    def is_orphan(self) -> bool:
        """Whether the app that started this worker is gone."""
        return self.parent is not None and not is_running(mark_of(self.parent))

    def take(self, ticket: Ticket) -> None:
        from simcse_core.runs.execute import execute

        self.state("busy", ticket.run)
        self.served[ticket.owner] = time.time()
        try:
            run = Run(self.root / ticket.run)
            execute(run, interrupted=self.must_give_way(run), starts=self.starts)
        except SimCSEError:  # taken by somebody else, or its folder was removed: nothing to train
            pass
        finally:
            _free_memory()
            self.state("idle")


def worker_file(root: Path, device: str) -> Path:
    """Where the worker of a device says what it is doing."""
    return root / f".worker-{device}.json"


def worker_state(root: Path, device: str) -> dict[str, object] | None:
    """What the worker of a device last said, None when it never did."""
    plain = read_json(worker_file(root, device))
    return plain if isinstance(plain, dict) else None


def warm_up(device: str) -> dict[str, NDArray[np.float32]]:
    """Import everything a run needs and do the beginning of the default run, so that the first is fast.

    Returns:
        The evaluation texts' embeddings before training, which every run of the default encoder starts with.
    """
    import torch

    from simcse_core.runs.execute import encoder_to_train
    from simcse_core.training.evaluation import Evaluator, probe_sentences, scored_sets

    cores = os.cpu_count() or 1
    torch.set_num_threads(max(1, int(os.environ.get("SIMCSE_THREADS", cores))))
    starts: dict[str, NDArray[np.float32]] = {}
    config = RunConfig().with_settings({"optim.device": device})
    try:
        encoder = encoder_to_train(config)
        probe = [text for text, _ in probe_sentences()]
        Evaluator(scored_sets(config.evaluation.sets), probe=probe, starts=starts)(encoder, 0)
        encoder.train()
        encoder.forward_train(["Warm.", "Up."]).sum().backward()
    except SimCSEError:  # the default encoder is absent: a run with another one may still work
        pass
    return starts


def _free_memory() -> None:
    import gc

    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
