"""What can happen in a run. Events are facts; status is derived from them and stored nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True, kw_only=True)
class Event:
    """Base of all events.

    Attributes:
        step: Optimiser steps completed when it happened.
    """

    type: ClassVar[str]
    step: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values, the type first."""
        return {"type": self.type, **asdict(self)}


@dataclass(frozen=True, kw_only=True)
class Started(Event):
    """A process took the run and is ready for the first step."""

    type: ClassVar[str] = "started"
    device: str
    precision: str
    sentences: int
    versions: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class StepDone(Event):
    """One optimiser step.

    Attributes:
        loss: Of this step's batch, before the update, nats.
        learning_rate: Used in this step.
        grad_norm: Before clipping.
        sentences_per_second: Records of the batch over the step's wall time.
    """

    type: ClassVar[str] = "step"
    loss: float
    learning_rate: float
    grad_norm: float
    sentences_per_second: float


@dataclass(frozen=True, kw_only=True)
class Evaluated(Event):
    """What the encoder is worth after `step` steps; the leading set is the first of `sets`.

    Attributes:
        alignment: Over the leading set's pairs scored above 4; None without such pairs.
        uniformity: Over the leading set's distinct sentences.
        mean_cosine: Of random pairs of those sentences, themselves excluded.
        effective_rank: exp(entropy of the singular values) of those sentences.
        spearman: On the leading set, times 100.
        sets: Spearman times 100 for each set.
        probe: File in the run folder with the embeddings of the probe sentences.
    """

    type: ClassVar[str] = "evaluated"
    alignment: float | None
    uniformity: float
    mean_cosine: float
    effective_rank: float
    spearman: float | None
    sets: Mapping[str, float | None]
    probe: str = ""


@dataclass(frozen=True, kw_only=True)
class Saved(Event):
    """A checkpoint that the run can be resumed from."""

    type: ClassVar[str] = "saved"
    path: str


@dataclass(frozen=True, kw_only=True)
class Lifecycle(Event):
    """Queued, paused, going on, resumed from a checkpoint, or ended.

    Attributes:
        state: queued, paused, continued, resumed, stopped, finished or failed.
        error: What went wrong, for people.
        hint: What to do about it.
        kind: Class of the error: memory, disk, data, loss, config, bug; empty when there is none.
    """

    type: ClassVar[str] = "lifecycle"
    state: str
    error: str = ""
    hint: str = ""
    kind: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain values; the state is the type of the line, and empty fields are left out."""
        told = {key: value for key, value in asdict(self).items() if value != "" and key != "state"}
        return {"type": self.state, **told}
