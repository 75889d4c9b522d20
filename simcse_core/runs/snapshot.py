"""A run as it stands, folded from its events; nothing here is stored twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

ENDED = ("finished", "stopped", "failed")
PACE_WINDOW = 20  # steps that the remaining time is estimated from
HANDOVER = 10.0  # seconds in which a run may be neither in the queue nor held: the worker is opening it


@dataclass(frozen=True)
class RunSnapshot:
    """Everything the pages show about a run.

    Attributes:
        status: queued, running, paused, stopped, finished, failed or lost.
        step: Steps done.
        total: Steps asked for.
        steps: The step events in order, one per step; steps that a resume rolled back are gone.
        evaluations: The evaluation events in order.
        started: The last `started` event.
        seconds: Wall time between the first and the last event, pauses included.
        seconds_left: Estimate from the last steps; None when there is nothing to estimate from.
        checkpoint: Newest saved checkpoint, relative to the run folder; empty without one.
        error: What went wrong.
        hint: What to do about it.
        position: Runs ahead in the queue; None when not queued.
    """

    status: str
    step: int
    total: int
    steps: Sequence[Mapping[str, Any]] = ()
    evaluations: Sequence[Mapping[str, Any]] = ()
    started: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    seconds_left: float | None = None
    checkpoint: str = ""
    error: str = ""
    hint: str = ""
    position: int | None = None

    @property
    def active(self) -> bool:
        """Whether more events are to be expected without anybody's doing."""
        return self.status in {"queued", "running"}


def fold(
    events: Sequence[Mapping[str, Any]], *, total: int, alive: bool, position: int | None, now: float
) -> RunSnapshot:
    """Derive the state of a run.

    Args:
        events: In the order of the file.
        total: Steps of the configuration.
        alive: Whether a process holds the run.
        position: Place in the queue, None when it is not queued.
        now: Unix seconds.
    """
    steps: dict[int, Mapping[str, Any]] = {}
    evaluations: dict[int, Mapping[str, Any]] = {}
    started: Mapping[str, Any] = {}
    last: Mapping[str, Any] = {}
    checkpoint = ""
    for event in events:
        kind, step = event["type"], event.get("step", 0)
        if kind == "step":
            steps[step] = event
        elif kind == "evaluated":
            evaluations[step] = event
        elif kind == "saved":
            checkpoint = event["path"]
        else:
            last = event
            if kind == "started":
                started = event
            elif kind == "resumed":  # what came after the checkpoint was lost and is done again
                steps = {k: v for k, v in steps.items() if k <= step}
                evaluations = {k: v for k, v in evaluations.items() if k <= step}
    fresh = last.get("type") == "queued" and now - last.get("time", 0.0) < HANDOVER
    status = _status(last.get("type", ""), alive=alive, queued=position is not None or fresh)
    timed = [e["time"] for e in events if "time" in e and e["type"] != "queued"]
    done = max(steps, default=0)
    return RunSnapshot(
        status=status,
        step=done,
        total=total,
        steps=[steps[k] for k in sorted(steps)],
        evaluations=[evaluations[k] for k in sorted(evaluations)],
        started=started,
        seconds=timed[-1] - timed[0] if timed else 0.0,
        seconds_left=_seconds_left(list(steps.values()), total - done) if status == "running" else None,
        checkpoint=checkpoint,
        error=_error(status, last),
        hint=_hint(status, last, checkpoint),
        position=position,
    )


def _status(last: str, *, alive: bool, queued: bool) -> str:
    if queued and not alive:
        return "queued"
    if last in ENDED:
        return last
    if not alive:
        return "lost"
    return "paused" if last == "paused" else "running"


def _seconds_left(steps: list[Mapping[str, Any]], remaining: int) -> float | None:
    recent = [float(e["time"]) for e in steps[-PACE_WINDOW:]]
    if len(recent) < 2:
        return None
    return max(0.0, (recent[-1] - recent[0]) / (len(recent) - 1) * remaining)


def _error(status: str, last: Mapping[str, Any]) -> str:
    if status == "lost":
        return "The process that trained this run is gone."
    return str(last.get("error", "")) if status == "failed" else ""


def _hint(status: str, last: Mapping[str, Any], checkpoint: str) -> str:
    if status == "lost":
        return (
            f"Resume it from {checkpoint}." if checkpoint else "Start it again: no checkpoint was saved yet."
        )
    return str(last.get("hint", "")) if status == "failed" else ""
