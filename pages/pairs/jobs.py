"""Long lists are embedded beside the page: in a thread, in slices; any rerun can read the progress."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from simcse_core.errors import SimCSEError
from simcse_core.search.index import CosineIndex

if TYPE_CHECKING:
    from pages.ui.cache import SharedEncoder

SLICE = 256  # texts the shared encoder is held for at once: others get their turn in between
SHORT = 10_000  # up to this many texts a job does not wait behind long ones
PATIENCE = 180.0  # seconds without anyone looking until a job gives up
KEEP = 400_000_000  # bytes of finished results that are remembered
log = logging.getLogger("simcse")


@dataclass
class Job:
    """One list being embedded; read it from anywhere, only its thread writes to it.

    Attributes:
        state: waiting, running, done, stopped or failed.
        done: Texts embedded.
        total: Texts in all.
        result: (n, d) float32 in the order of the texts, once done.
        error: Why it failed.
    """

    shared: SharedEncoder
    texts: Sequence[str]
    state: str = "waiting"
    done: int = 0
    result: NDArray[np.float32] | None = None
    error: Exception | None = None
    began: float = 0.0
    seen: float = field(default_factory=time.monotonic)
    stop: threading.Event = field(default_factory=threading.Event)
    _index: CosineIndex | None = None

    @property
    def index(self) -> CosineIndex:
        """Exact index over the finished result, which it takes over: no second copy in memory."""
        if self._index is None:
            if self.result is None:
                raise SimCSEError("The list is not embedded yet.", hint="Wait until it is.")
            self._index = CosineIndex(self.result, copy=False)
        return self._index

    @property
    def total(self) -> int:
        """Texts in all."""
        return len(self.texts)

    @property
    def active(self) -> bool:
        """Whether it waits or runs."""
        return self.state in {"waiting", "running"}

    def look(self) -> None:
        """Tell the job that somebody still waits for it."""
        self.seen = time.monotonic()

    def seconds_left(self) -> float | None:
        """Estimate from the speed so far; None before the first slice."""
        if not self.done:
            return None
        return (time.monotonic() - self.began) / self.done * (self.total - self.done)

    def run(self) -> None:
        """Embed slice by slice, short texts first, so that the padding of a slice is small."""
        self.state, self.began = "running", time.monotonic()
        try:
            self.state = "done" if self._embed() else "stopped"
        except SimCSEError as error:
            self.state, self.error = "failed", error
        except Exception as error:  # shown on the page; a thread has nobody else to tell
            log.exception("embedding a list failed")
            self.state, self.error = "failed", error

    def _embed(self) -> bool:
        order = sorted(range(self.total), key=lambda i: len(self.texts[i]))
        result: NDArray[np.float32] | None = None
        for start in range(0, self.total, SLICE):
            if self.stop.is_set() or time.monotonic() - self.seen > PATIENCE:
                return False
            rows = order[start : start + SLICE]
            with self.shared.lock:
                part = self.shared.encoder.encode([self.texts[i] for i in rows])
            if result is None:
                result = np.zeros((self.total, part.shape[1]), dtype=np.float32)
            result[rows] = part
            self.done = start + len(rows)
        self.result = result
        return True


class Jobs:
    """All lists of all visitors: one long and one short at a time, finished ones kept within `KEEP` bytes."""

    def __init__(self) -> None:
        """Start with two idle threads."""
        self._lock = threading.Lock()
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._long = ThreadPoolExecutor(1, thread_name_prefix="embed-long")
        self._short = ThreadPoolExecutor(1, thread_name_prefix="embed-short")

    def get(self, key: str) -> Job | None:
        """The job of a key, if it is known."""
        with self._lock:
            return self._jobs.get(key)

    def start(self, key: str, shared: SharedEncoder, texts: Sequence[str]) -> Job:
        """The job of `key`; started unless it waits, runs or is done."""
        with self._lock:
            job = self._jobs.get(key)
            if job is None or job.state in {"stopped", "failed"}:
                self._jobs[key] = job = Job(shared, texts)
                (self._short if len(texts) <= SHORT else self._long).submit(job.run)
            self._jobs.move_to_end(key)
            job.look()
            self._forget()
            return job

    def beside(self, task: Callable[[], object]) -> None:
        """Run something short in the thread of the short lists; what it raises is nobody's business yet."""
        self._short.submit(task)

    def ahead(self, job: Job) -> int:
        """How many long jobs wait or run before this one."""
        with self._lock:
            waiting = [j for j in self._jobs.values() if j.active and j.total > SHORT]
        return len([j for j in waiting if j.state == "running" and j is not job]) if job in waiting else 0

    def _forget(self) -> None:
        finished = [key for key, job in self._jobs.items() if not job.active]
        size = sum(job.result.nbytes for job in self._jobs.values() if job.result is not None)
        for key in finished[:-1]:  # oldest first; the newest stays whatever its size
            if size <= KEEP:
                break
            result = self._jobs.pop(key).result
            size -= result.nbytes if result is not None else 0


@st.cache_resource(show_spinner=False)
def jobs() -> Jobs:
    """The process's one collection of jobs."""
    return Jobs()
