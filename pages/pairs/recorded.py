"""What the page opens with, from `assets/recorded/pairs.json`; nothing is computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pages.ui.recordings import Recording, with_parts
from simcse_core.search.background import Background

PARTS = {"made", "backgrounds", "backgrounds_zh", "examples", "list", "search"}
OPENING = ("lab-base", "lab-unsup", "minilm")
"""The checkpoints of the opening figure, the raw one first."""


@dataclass(frozen=True)
class Example:
    """Three sentences and their recorded cosines: checkpoint → {"same": …, "different": …}."""

    name: str
    original: str
    same: str
    different: str
    scores: dict[str, dict[str, float]]

    @property
    def texts(self) -> tuple[str, str, str]:
        """Original, the same in other words, something else."""
        return self.original, self.same, self.different


def _checked(content: Any) -> dict[str, Any]:
    return with_parts(content, PARTS)


recorded = Recording("pairs", _checked)
"""The recorded file."""


def examples() -> dict[str, Example]:
    """Examples by name, in the order of the pills."""
    return {one["name"]: Example(**one) for one in recorded()["examples"]}


def background(checkpoint: str, *, chinese: bool = False) -> Background | None:
    """Recorded random pairs of a checkpoint with its own pooling; None where there are none."""
    found = recorded()["backgrounds_zh" if chinese else "backgrounds"].get(checkpoint)
    return None if found is None else Background.from_dict(found)
