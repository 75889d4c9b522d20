"""Measuring a checkpoint beside the page: one at a time in a thread, its progress read by any rerun."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from simcse_core.bench import SICK_ALL, BenchResult, BenchTask
from simcse_core.bench.compare import AVERAGE
from simcse_core.bench.draws import ends, spearman_draws
from simcse_core.bench.results import Interval
from simcse_core.data.records import ScoredPairs
from simcse_core.data.sts_sets import TASKS, load_sick_all, load_task, sts_folder
from simcse_core.errors import SimCSEError
from simcse_core.evaluation.bootstrap import Difference
from simcse_core.evaluation.sts import Progress

PATIENCE = 180.0  # seconds without anyone looking until a measurement gives up
KEEP = 24  # results that are remembered; the bench keeps all of them on disk
RESAMPLES = 1000
MINE, FOLDER = "bench-mine", "bench-folder"
log = logging.getLogger("simcse")


class _Stopped(Exception):
    """Somebody pressed Stop, or everybody left."""


@dataclass(frozen=True)
class Asked:
    """What is measured.

    Attributes:
        name: For `load_encoder`.
        pooling: None is the checkpoint's own.
        folder: With the public STS sets; None measures the shipped pairs alone.
    """

    name: str
    pooling: str | None
    folder: Path | None


@dataclass
class Job:
    """One measurement; read it from anywhere, only its thread writes to it.

    Attributes:
        asked: What is measured.
        state: waiting, running, done, stopped or failed.
        done: Steps done, as the bench counts them.
        total: Steps in all; 0 while unknown.
        result: Once done.
        error: Why it failed.
    """

    asked: Asked
    state: str = "waiting"
    done: int = 0
    total: int = 0
    result: BenchResult | None = None
    error: Exception | None = None
    seen: float = field(default_factory=time.monotonic)
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def active(self) -> bool:
        """Whether it waits or runs."""
        return self.state in {"waiting", "running"}

    def look(self) -> None:
        """Tell the job that somebody still waits for it."""
        self.seen = time.monotonic()

    def run(self) -> None:
        """Load, measure, and keep what came of it."""
        self.state = "running"
        try:
            self._tick(0, None)
            self.result = measure(self.asked, self._tick)
            self.state = "done"
        except _Stopped:
            self.state = "stopped"
        except SimCSEError as error:
            self.state, self.error = "failed", error
        except Exception as error:  # shown on the page; a thread has nobody else to tell
            log.exception("a measurement failed")
            self.state, self.error = "failed", error

    def _tick(self, done: int, total: int | None) -> None:
        if self.stop.is_set() or time.monotonic() - self.seen > PATIENCE:
            raise _Stopped
        self.done, self.total = done, total or 0


def measure(asked: Asked, progress: Progress) -> BenchResult:
    """Run the bench on an encoder of its own: a shared one would be held for minutes.

    Raises:
        SimCSEError: The checkpoint or the folder cannot be used.
    """
    from simcse_core.bench import run_bench  # with torch, slow at first
    from simcse_core.encoders import load_encoder

    encoder = load_encoder(asked.name, pooling=asked.pooling, precision="fp32")
    return run_bench(encoder, sts=asked.folder, progress=progress)


class Jobs:
    """The measurements of all visitors: one runs, the others wait."""

    def __init__(self) -> None:
        """Start with an idle thread."""
        self._lock = threading.Lock()
        self._jobs: OrderedDict[Asked, Job] = OrderedDict()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="bench")

    def get(self, asked: Asked) -> Job | None:
        """The job that measures this, if it is known."""
        with self._lock:
            return self._jobs.get(asked)

    def start(self, asked: Asked) -> Job:
        """The job that measures this; started unless it waits, runs or is done."""
        with self._lock:
            job = self._jobs.get(asked)
            if job is None or job.state in {"stopped", "failed"}:
                self._jobs[asked] = job = Job(asked)
                self._pool.submit(job.run)
            self._jobs.move_to_end(asked)
            job.look()
            for old in [key for key, one in self._jobs.items() if not one.active][:-KEEP]:
                del self._jobs[old]
            return job

    def ahead(self, job: Job) -> int:
        """How many measurements go before this one."""
        with self._lock:
            active = [one for one in self._jobs.values() if one.active]
        return active.index(job) if job in active else 0


@st.cache_resource(show_spinner=False)
def jobs() -> Jobs:
    """The process's one collection of measurements."""
    return Jobs()


def remember(title: str, asked: Asked) -> None:
    """Put a measurement on this visitor's list; one of the same title replaces the older."""
    mine = [(known, one) for known, one in st.session_state.get(MINE, []) if known != title]
    st.session_state[MINE] = [*mine, (title, asked)]


def mine() -> list[tuple[str, Asked]]:
    """This visitor's measurements by title, the oldest first."""
    return list(st.session_state.get(MINE, []))


def measured() -> dict[str, BenchResult]:
    """Results of this visitor's finished measurements, by title."""
    found = ((title, jobs().get(asked)) for title, asked in mine())
    return {title: job.result for title, job in found if job is not None and job.result is not None}


def source(title: str) -> str:
    """What `load_encoder` was given for a measurement of this visitor; its title where it is not known."""
    return dict(mine())[title].name if title in dict(mine()) else title


def folder() -> Path | None:
    """The folder with the public sets that this visitor named, else that of this machine; None without."""
    named = str(st.session_state.get(FOLDER, "")).strip()
    return Path(named).expanduser() if named else sts_folder()


@st.cache_data(max_entries=16, show_spinner=False)
def _pairs(folder: str, task: str) -> ScoredPairs:
    loaded = load_sick_all(folder) if task == SICK_ALL else load_task(Path(folder), task)
    labels = [name for name, part in loaded.subsets.items() for _ in range(len(part))]
    return replace(loaded.pairs(), labels=tuple(labels))


def pairs_of(task: str) -> ScoredPairs | None:
    """Texts and scores of a public set in the order of the bench's columns; None without them."""
    where = folder()
    if where is None or task not in {*TASKS, SICK_ALL}:
        return None
    try:
        return _pairs(str(where), task)
    except SimCSEError:
        return None


@st.cache_data(max_entries=256, show_spinner=False)
def _draws(digest: str, task: str, aggregation: str, _task: BenchTask) -> NDArray[np.float64]:
    return spearman_draws(_task, aggregation, resamples=RESAMPLES, seed=0)


def difference(first: BenchResult, second: BenchResult, aggregation: str, task: str) -> Difference | None:
    """First minus second with a paired interval, from every single pair; None where pairs are not known."""
    one, other = (_parts(result, aggregation, task) for result in (first, second))
    if not one or [part.name for part in one] != [part.name for part in other]:
        return None
    if any(not np.array_equal(a.gold, b.gold) for a, b in zip(one, other, strict=True)):
        return None
    drawn, values = [], []
    for result, parts in ((first, one), (second, other)):
        digest = result.encoder.digest
        drawn.append(np.mean([_draws(digest, part.name, aggregation, part) for part in parts], axis=0))
        values.append(float(np.mean([part.spearman[aggregation] or 0.0 for part in parts])))
    return Difference.of(values[0] - values[1], drawn[0] - drawn[1])


def average_interval(result: BenchResult, aggregation: str) -> Interval:
    """95 % interval of the average of a measured checkpoint, drawn as the bench draws it."""
    parts = _parts(result, aggregation, AVERAGE)
    if not parts:
        return None, None
    drawn = [_draws(result.encoder.digest, part.name, aggregation, part) for part in parts]
    return ends(np.mean(drawn, axis=0))


def _parts(result: BenchResult, aggregation: str, task: str) -> list[BenchTask]:
    """What a column of the table is made of; empty where a single pair of it is not known."""
    names = list(result.tasks) if task == AVERAGE else [task]
    found = [part for name, part in result.every_task().items() if name in names]
    known = [part for part in found if part.cosine.size and part.spearman[aggregation] is not None]
    return known if len(known) == len(names) else []
