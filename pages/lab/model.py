"""A run as the page shows it: one in progress, one from its folder, or the one that ships."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.ui.recordings import Recording, with_parts
from pages.ui.text import t
from simcse_core.config import RunConfig

if TYPE_CHECKING:
    from simcse_core.evaluation.space import Space
    from simcse_core.runs.store import Run

RECORDED = "recorded"
STS_FILES = {"STS-B/test.tsv": "stsb-test", "STS-B/dev.tsv": "stsb-dev"}


@dataclass(frozen=True)
class RunView:
    """What the figures and tables need of a run.

    Attributes:
        key: Run id, or `RECORDED`.
        config: What it was asked to do.
        status: As in `RunSnapshot`.
        steps: Step events.
        evaluations: Evaluation events.
        seconds: Wall time, pauses included.
        device: Where it ran, with the precision; empty before it started.
        sentences: Training records.
    """

    key: str
    config: RunConfig
    status: str
    steps: Sequence[Mapping[str, Any]] = ()
    evaluations: Sequence[Mapping[str, Any]] = ()
    seconds: float = 0.0
    device: str = ""
    sentences: int = 0
    made: Mapping[str, Any] = field(default_factory=dict)

    @property
    def lead(self) -> str:
        """The set whose rank correlation leads."""
        return self.config.evaluation.sets.split(",")[0].strip()

    @property
    def name(self) -> str:
        """Short name for legends."""
        return t("lab.recorded_name") if self.key == RECORDED else short_id(self.key)

    def at(self) -> list[int]:
        """Steps of the evaluations."""
        return [int(e["step"]) for e in self.evaluations]

    def measured(self, field_name: str) -> list[float | None]:
        """One field of every evaluation."""
        return [e.get(field_name) for e in self.evaluations]

    def scores(self, name: str) -> list[float | None]:
        """Rank correlation x 100 on one set, at every evaluation."""
        return [e["sets"].get(name) for e in self.evaluations]


def short_id(run_id: str) -> str:
    """Time and tail of a run id: enough to tell runs of a day apart."""
    parts = run_id.split("-")
    clock = f"{parts[1][:2]}:{parts[1][2:4]}" if len(parts) > 2 and len(parts[1]) == 6 else parts[0]
    return f"{clock} {parts[-1]}"


def set_name(name: str) -> str:
    """Plain name of an evaluation set that may be given as a file."""
    return next((known for tail, known in STS_FILES.items() if name.endswith(tail)), Path(name).name)


def view_of(run: Run, snapshot: Any) -> RunView:
    """A run folder's state as a view."""
    started = snapshot.started
    device = f"{started['device']}, {started['precision']}" if started else ""
    return RunView(
        key=run.id,
        config=run.config,
        status=snapshot.status,
        steps=snapshot.steps,
        evaluations=snapshot.evaluations,
        seconds=snapshot.seconds,
        device=device,
        sentences=int(started.get("sentences", 0)),
    )


PARTS = {"made", "steps", "evaluations", "space"}


def _checked(content: Any) -> dict[str, Any]:
    return with_parts(content, PARTS)


_recorded_file = Recording("lab", _checked, public=True)


def recorded() -> RunView:
    """The run that ships with the product."""
    plain = _recorded_file()
    made = plain["made"]
    return RunView(
        key=RECORDED,
        config=RunConfig.from_dict(made["config"]),
        status="finished",
        steps=plain["steps"],
        evaluations=plain["evaluations"],
        seconds=made["seconds"],
        device=f"{made['device']}, {made['precision']}",
        sentences=made["sentences"],
        made=made,
    )


def recorded_space() -> Space:
    """Where the recorded run moved the probe sentences."""
    from simcse_core.evaluation.space import Space

    return Space.from_dict(_recorded_file()["space"])


@st.cache_data(show_spinner=False, max_entries=16)
def _space(folder: str, steps: tuple[int, ...]) -> Space:
    from simcse_core.recording.lab import space
    from simcse_core.runs.store import Run

    return space(Run(Path(folder)))


def space_of_run(run: Run, view: RunView) -> Space | None:
    """Where a run moved the probe sentences so far; None before its first evaluation."""
    steps = tuple(int(e["step"]) for e in view.evaluations)
    return _space(str(run.folder), steps) if steps else None
