"""Run folders: `config.json`, `events.jsonl`, `checkpoints/`, `probe/`, `summary.json`."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from simcse_core.config import RunConfig
from simcse_core.errors import RunError
from simcse_core.evaluation.compare import PairCosines
from simcse_core.runs.files import append_line, read_json, read_lines, write_json
from simcse_core.runs.processes import is_running, this_process
from simcse_core.runs.queue import Queue
from simcse_core.runs.snapshot import RunSnapshot, fold
from simcse_core.runtime import home
from simcse_core.training.events import Event

RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}")


def runs_root() -> Path:
    """Where runs are kept: `SIMCSE_RUNS`, else `runs` in the product's home folder."""
    return Path(os.environ.get("SIMCSE_RUNS") or home() / "runs")


@dataclass(frozen=True)
class Run:
    """One run folder. Reading is safe at any moment, from any process."""

    folder: Path

    @property
    def id(self) -> str:
        """Name of the folder."""
        return self.folder.name

    @property
    def events_file(self) -> Path:
        """The log: one JSON object a line."""
        return self.folder / "events.jsonl"

    @property
    def config(self) -> RunConfig:
        """What the run was asked to do.

        Raises:
            RunError: `config.json` is missing or unreadable.
        """
        plain = read_json(self.folder / "config.json")
        if not isinstance(plain, dict):
            raise RunError(f"{self.folder} is not a run: config.json is missing or unreadable.")
        return RunConfig.from_dict(plain)

    def events(self) -> list[dict[str, Any]]:
        """All complete events in order."""
        return [e for e in read_lines(self.events_file) if isinstance(e, dict) and "type" in e]

    def record(self, event: Event) -> None:
        """Append an event with the time of now."""
        append_line(self.events_file, {**event.to_dict(), "time": time.time()})

    def claim(self) -> None:
        """Say that this process will train the run, so that it never looks lost between queue and lock."""
        write_json(self.folder / ".owner.json", this_process())

    @contextmanager
    def held(self) -> Iterator[None]:
        """Be the one process that trains this run.

        Raises:
            RunError: Another process holds it.
        """
        lock = FileLock(self.folder / ".lock")
        try:
            lock.acquire(timeout=1)
        except Timeout:
            raise RunError(f"{self.id} is being trained by another process.") from None
        try:
            self.claim()
            yield
        finally:
            (self.folder / ".owner.json").unlink(missing_ok=True)
            lock.release()

    def alive(self) -> bool:
        """Whether the process that holds the run is there; a killed one is not."""
        return is_running(read_json(self.folder / ".owner.json"))

    def snapshot(self, position: int | None = None) -> RunSnapshot:
        """The run as it stands; `position` is its place in the queue."""
        alive = self.alive()  # before the events: a run that ends in between must not look lost
        total = self.config.optim.steps
        return fold(self.events(), total=total, alive=alive, position=position, now=time.time())

    def status(self) -> str:
        """The run's status, with a look into the queue of its store."""
        return self.snapshot(Queue(self.folder.parent).position(self.id)).status

    def command(self, command: str, *, until_step: int | None = None) -> None:
        """Leave a wish for the loop: run, pause or stop; with `until_step`, run to that step and pause."""
        if command not in {"run", "pause", "stop"}:
            raise RunError(f"{command!r} is no command; there are run, pause and stop.")
        write_json(self.folder / "control.json", {"command": command, "until_step": until_step})

    def wish(self) -> tuple[str, int | None]:
        """The last command, ("run", None) without one."""
        plain = read_json(self.folder / "control.json")
        if not isinstance(plain, dict):
            return "run", None
        until = plain.get("until_step")
        return str(plain.get("command", "run")), int(until) if until is not None else None

    def summary(self) -> dict[str, Any] | None:
        """The closing summary, None before the end."""
        plain = read_json(self.folder / "summary.json")
        return plain if isinstance(plain, dict) else None

    def checkpoints(self) -> dict[int, Path]:
        """Complete checkpoints by step, oldest first."""
        found = {}
        for path in sorted((self.folder / "checkpoints").glob("step-*")):
            number = path.name.removeprefix("step-")
            if number.isdigit() and (path / "state.json").exists():
                found[int(number)] = path
        return found

    def save_probe(self, step: int, embeddings: NDArray[np.float32]) -> str:
        """Keep the probe's embeddings (n, d) of one evaluation as float16; returns the relative path."""
        relative = f"probe/step-{step:06d}.npy"
        target = self.folder / relative
        target.parent.mkdir(exist_ok=True)
        temporary = target.with_suffix(".tmp")
        with temporary.open("wb") as file:
            np.save(file, embeddings.astype(np.float16), allow_pickle=False)
        temporary.replace(target)
        return relative

    def probe(self, step: int) -> NDArray[np.float32] | None:
        """The probe's embeddings (n, d) at an evaluation, None where there are none."""
        path = self.folder / f"probe/step-{step:06d}.npy"
        try:
            return np.load(path, allow_pickle=False).astype(np.float32)  # type: ignore[no-any-return]
        except (OSError, ValueError):
            return None

    def save_pairs(self, step: int, found: PairCosines) -> None:
        """Keep the cosines of the leading set's pairs at one evaluation."""
        target = self._pairs_file(step)
        target.parent.mkdir(exist_ok=True)
        temporary = target.with_suffix(".tmp")
        with temporary.open("wb") as file:
            np.savez(file, scored=found.scored.astype(np.float32), random=found.random.astype(np.float16))
        temporary.replace(target)

    def pairs(self, step: int) -> PairCosines | None:
        """The cosines of the leading set's pairs at an evaluation, None where there are none."""
        try:
            with np.load(self._pairs_file(step), allow_pickle=False) as kept:
                return PairCosines(kept["scored"].astype(np.float64), kept["random"].astype(np.float64))
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            return None

    def _pairs_file(self, step: int) -> Path:
        return self.folder / f"probe/pairs-{step:06d}.npz"

    def probe_texts(self) -> list[dict[str, str]]:
        """Text and subject of each probe row."""
        plain = read_json(self.folder / "probe" / "texts.json")
        return plain if isinstance(plain, list) else []


class RunStore:
    """All runs under one folder."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or runs_root()

    def create(self, config: RunConfig, *, folder: Path | None = None) -> Run:
        """Make a run folder with its configuration; nothing is trained yet.

        Raises:
            RunError: The folder exists and is not empty, or cannot be made.
            ConfigError: The configuration is wrong.
        """
        config = config.check()
        name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{config.preset or config.loss.name}-{secrets.token_hex(2)}"
        target = folder or self.root / name
        if target.exists() and any(target.iterdir()):
            raise RunError(f"{target} exists and is not empty.", hint="Resume it, or choose another folder.")
        try:
            target.mkdir(parents=True, exist_ok=True)
            write_json(target / "config.json", config.to_dict())
        except OSError as error:
            raise RunError(f"The run folder {target} cannot be written: {error.strerror}.") from None
        return Run(target)

    def get(self, run_id: str) -> Run:
        """The run called `run_id`.

        Raises:
            RunError: The name is not a run's, or there is no such run.
        """
        if not RUN_ID.fullmatch(run_id) or not (self.root / run_id / "config.json").exists():
            raise RunError(f"There is no run {run_id!r} in {self.root}.")
        return Run(self.root / run_id)

    def list(self) -> list[Run]:
        """All runs, newest first; folders without a configuration are passed over."""
        if not self.root.is_dir():
            return []
        folders = [path.parent for path in self.root.glob("*/config.json")]
        return [Run(folder) for folder in sorted(folders, key=lambda f: f.name, reverse=True)]

    def delete(self, run_id: str) -> None:
        """Remove a run and everything in it.

        Raises:
            RunError: There is none, or a process holds it.
        """
        run = self.get(run_id)
        if run.alive():
            raise RunError(f"{run_id} is being trained.", hint="Stop it first.")
        shutil.rmtree(run.folder)
