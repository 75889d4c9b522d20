"""What the page opens with, from `assets/recorded/pairs.json`; nothing is computed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from simcse_core import runtime
from simcse_core.search.background import Background

OPENING = ("minilm:4", "minilm")
"""The two checkpoints of the opening figure, the raw one first."""


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


def recorded() -> dict[str, Any]:
    """The file's content; read again when it changes."""
    path = runtime.assets() / "recorded" / "pairs.json"
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _read(path: Path, changed: int) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def examples() -> dict[str, Example]:
    """Examples by name, in the order of the pills."""
    return {one["name"]: Example(**one) for one in recorded()["examples"]}


def background(checkpoint: str, *, chinese: bool = False) -> Background | None:
    """Recorded random pairs of a checkpoint with its own pooling; None where there are none."""
    found = recorded()["backgrounds_zh" if chinese else "backgrounds"].get(checkpoint)
    return None if found is None else Background.from_dict(found)
