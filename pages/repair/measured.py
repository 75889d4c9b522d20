"""What is known of one checkpoint in one read-out: recorded, or computed when asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pages.ui.recordings import Recording, with_parts
from simcse_core.evaluation.repairs import COUNTS, ELSEWHERE, RANKS, Effect, key_of

PARTS = {"made", "edges", "ranks", "encoders"}


@dataclass(frozen=True)
class Refused:
    """Why a repair could not be fitted, and what to do instead."""

    message: str
    hint: str = ""


State = Effect | Refused | None
"""None: it was not measured."""


class Measured(Protocol):
    """One checkpoint in one read-out.

    Attributes:
        name: Of the checkpoint.
        dimension: Numbers in an embedding.
        counts: How many sentences a repair may be fitted on elsewhere, rising.
        fresh: Computed by this process, and how; empty where it was recorded.
        before: As it is.
    """

    name: str
    dimension: int
    counts: Sequence[int]
    fresh: str
    before: Effect

    def state(self, name: str, settings: Mapping[str, Any], corpus: str, count: int) -> State:
        """After a repair fitted on `count` sentences elsewhere, or on all of the target."""
        ...

    def learned(self, name: str, corpus: str) -> Mapping[str, Any] | None:
        """`nll` by epoch, `inverse_error` and `seconds` of a flow; None for other repairs."""
        ...


def _checked(content: Any) -> dict[str, Any]:
    ranked = content["ranks"] == list(RANKS)
    return with_parts(content, PARTS, ranked, bool(content["encoders"]))


recorded = Recording("repair", _checked, public=True)
"""The recorded file."""


class Recorded:
    """An entry of the recorded file, as `Measured`."""

    fresh = ""

    def __init__(self, entry: Mapping[str, Any], counts: Sequence[int]) -> None:
        """Read what every view needs.

        Args:
            entry: Of the recorded file.
            counts: Sentences fitted on elsewhere.
        """
        self.entry, self.counts = entry, counts
        self.name, self.dimension = str(entry["name"]), int(entry["dimension"])
        self.before = Effect.from_dict(entry["before"])

    def state(self, name: str, settings: Mapping[str, Any], corpus: str, count: int) -> State:
        """As `Measured.state`."""
        found = self.entry["states"].get(key_of(name, settings, corpus, count if corpus == ELSEWHERE else 0))
        if found is None:
            return None
        return Refused(found["refused"], found["hint"]) if "refused" in found else Effect.from_dict(found)

    def learned(self, name: str, corpus: str) -> Mapping[str, Any] | None:
        """As `Measured.learned`."""
        found: Mapping[str, Any] | None = self.entry["learning"].get(
            key_of(name, {}, corpus, self.counts[-1] if corpus == ELSEWHERE else 0)
        )
        return found


def recorded_of(name: str, pooling: str) -> Recorded | None:
    """What was recorded of a checkpoint in a read-out, if it was."""
    entry = recorded()["encoders"].get(f"{name}/{pooling}")
    return None if entry is None else Recorded(entry, recorded()["made"]["config"]["counts"])


def checkpoints(pooling: str) -> list[str]:
    """Names of the recorded checkpoints in a read-out: from before training to after it."""
    return [e["name"] for key, e in recorded()["encoders"].items() if key.endswith(f"/{pooling}")]


def poolings() -> list[str]:
    """The recorded read-outs, the page's first."""
    return list(recorded()["made"]["config"]["poolings"])


def live_counts() -> list[int]:
    """Sentences that are encoded for a checkpoint that was not recorded: fewer, to stay within seconds."""
    return [count for count in COUNTS if count <= 1600]
