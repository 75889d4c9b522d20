"""The way of a page to the queue of runs: store, owner, worker, place in line. No torch."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from simcse_core.runs.client import Client, device_name
from simcse_core.runs.processes import is_running
from simcse_core.runs.snapshot import RunSnapshot
from simcse_core.runs.store import Run, RunStore, runs_root
from simcse_core.runs.worker import worker_state

MAX_VISITORS = 256
OWNER = "jobs-owner"


@dataclass(frozen=True)
class Limits:
    """The largest run that a page starts; the command line has no such limits."""

    steps: int
    batch_size: int


def limits() -> Limits:
    """From the device, or from `SIMCSE_LAB_STEPS` and `SIMCSE_LAB_BATCH` on a shared server."""
    fast = device_name("auto") == "cuda"
    return Limits(
        steps=int(os.environ.get("SIMCSE_LAB_STEPS", 2000 if fast else 320)),
        batch_size=int(os.environ.get("SIMCSE_LAB_BATCH", 512 if fast else 128)),
    )


def store() -> RunStore:
    """All runs of this machine."""
    return RunStore(runs_root())


def owner() -> str:
    """A random name for this visitor's place in the queue."""
    return str(st.session_state.setdefault(OWNER, f"page-{secrets.token_hex(6)}"))


@st.cache_resource(show_spinner=False, max_entries=MAX_VISITORS)
def _client(root: str, owner: str) -> Client:
    return Client(RunStore(Path(root)), owner)


def client() -> Client:
    """This visitor's way to the queue."""
    return _client(str(runs_root()), owner())


def start_worker(device: str = "auto") -> None:
    """See that the process that trains is there and warm; one for the whole app.

    Raises:
        OSError: The process cannot be started.
    """
    _client(str(runs_root()), "app").ensure_worker(device_name(device))


def worker_is_warm(device: str = "auto") -> bool:
    """Whether the process that trains has read its libraries."""
    state = worker_state(runs_root(), device_name(device))
    return is_running(state) and state is not None and state.get("state") != "warming"


def ahead(run: Run, shot: RunSnapshot) -> int:
    """Runs that go before a queued one, the one being trained included."""
    state = worker_state(runs_root(), device_name(run.config.optim.device)) or {}
    busy = is_running(state) and state.get("state") == "busy" and state.get("run") != run.id
    return (shot.position or 0) + int(busy)
