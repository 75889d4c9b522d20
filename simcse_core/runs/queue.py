"""The queue in front of a device: tickets on disk, taken in turns by owner, so that nobody is starved."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from simcse_core.runs.files import read_json, write_json


@dataclass(frozen=True)
class Ticket:
    """A run that waits.

    Attributes:
        run: Id of the run.
        owner: Who asked; one owner's second run waits for every other owner's first.
        device: Where it wants to run.
        time: When it was asked for, Unix seconds.
    """

    run: str
    owner: str
    device: str
    time: float


class Queue:
    """Tickets under `root/queue`; every process sees the same ones."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "queue"

    def add(self, run: str, *, owner: str, device: str) -> None:
        """Put a run at the end of its owner's line."""
        self.folder.mkdir(parents=True, exist_ok=True)
        now = time.time()
        write_json(self._file(run), {"run": run, "owner": owner, "device": device, "time": now})

    def remove(self, run: str) -> bool:
        """Take a run out; False when it was not (or no longer) waiting. Only one caller gets True."""
        try:
            self._file(run).unlink()
        except FileNotFoundError:
            return False
        return True

    def waiting(self, device: str | None = None) -> list[Ticket]:
        """Tickets of a device (of all without one), oldest first; unreadable ones are passed over."""
        found = []
        for path in self.folder.glob("*.json") if self.folder.is_dir() else ():
            try:
                ticket = Ticket(**(read_json(path) or {}))
            except TypeError:
                continue
            if device in {None, ticket.device}:
                found.append(ticket)
        return sorted(found, key=lambda t: (t.time, t.run))

    def position(self, run: str, served: Mapping[str, float] | None = None) -> int | None:
        """How many runs go before this one on its device; None when it is not waiting."""
        tickets = {t.run: t for t in self.waiting()}
        if run not in tickets:
            return None
        order = fair_order([t for t in tickets.values() if t.device == tickets[run].device], served or {})
        return [t.run for t in order].index(run)

    def _file(self, run: str) -> Path:
        return self.folder / f"{run}.json"


def fair_order(tickets: Sequence[Ticket], served: Mapping[str, float]) -> list[Ticket]:
    """The order in which waiting runs are taken: each owner's first, then each owner's second, and so on.

    Args:
        tickets: Waiting runs of one device.
        served: Owner -> when a run of theirs last started; within a round the longest unserved go first.
    """
    lines: dict[str, int] = {}
    ranked = []
    for ticket in sorted(tickets, key=lambda t: (t.time, t.run)):
        place = lines.get(ticket.owner, 0)
        lines[ticket.owner] = place + 1
        ranked.append((place, served.get(ticket.owner, 0.0), ticket.time, ticket.run, ticket))
    return [entry[-1] for entry in sorted(ranked, key=lambda entry: entry[:-1])]
