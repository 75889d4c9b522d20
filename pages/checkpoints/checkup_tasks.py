"""Work that takes longer than a page should wait: in a thread, with progress that any rerun can read."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import streamlit as st

from simcse_core.evaluation.checkup import Progress

KEPT = 16  # finished tasks that a process remembers
POLL = 0.25  # seconds between two looks at one in progress
Work = Callable[[Progress], Any]


@dataclass
class Task:
    """One piece of work; only its thread writes to it."""

    work: Work
    share: float = 0.0  # done, in [0, 1]
    active: bool = True
    result: Any = None
    error: Exception | None = None

    def run(self) -> None:
        """Do it; what goes wrong is kept for the page."""
        try:
            self.result = self.work(self._hear)
        except Exception as error:  # shown on the page; a thread has nobody else to tell
            self.error = error
        self.active = False

    def _hear(self, done: int, total: int | None) -> None:
        self.share = done / total if total else 0.0

    def outcome(self) -> Any:
        """The result of a task that has ended.

        Raises:
            Exception: What made it fail.
        """
        if self.error is not None:
            raise self.error
        return self.result


class Tasks:
    """All tasks of this process: one at a time, the newest kept."""

    def __init__(self) -> None:
        """Start with an idle thread."""
        self._lock = threading.Lock()
        self._known: dict[str, Task] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="checkpoints")

    def get(self, key: str) -> Task | None:
        """The task of a key, in progress or ended; None if nobody asked for it."""
        with self._lock:
            return self._known.get(key)

    def start(self, key: str, work: Work) -> Task:
        """Begin, unless it is known and did not fail."""
        with self._lock:
            task = self._known.get(key)
            if task is None or task.error is not None:
                self._known[key] = task = Task(work)
                self._thread.submit(task.run)
            for old in [k for k, one in self._known.items() if not one.active and k != key][:-KEPT]:
                del self._known[old]
            return task


@st.cache_resource(show_spinner=False)
def tasks() -> Tasks:
    """The process's one collection."""
    return Tasks()


def wait(task: Task, words: str) -> None:
    """Show the progress of a task until it ends; a rerun in between looks again."""
    place = st.empty()
    while task.active:
        place.progress(task.share, text=words)
        time.sleep(POLL)
    place.empty()
