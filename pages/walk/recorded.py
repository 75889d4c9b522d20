"""What was recorded for this page: MiniLM's tensors on four shipped triples, the first paint included."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from simcse_core.errors import DataError
from simcse_core.runtime import assets
from simcse_core.theory.walk_batch import Batch

HOW_TO_RECORD = "Make them again: python -m simcse_core record walk"
Key = tuple[int, float, bool]


@lru_cache(maxsize=1)
def _file(path: Path, changed: int) -> tuple[dict[str, Any], dict[Key, Batch]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        made: dict[str, Any] = content["made"]
        found = [Batch.from_dict(plain) for plain in content["batches"]]
    except (OSError, ValueError, TypeError, KeyError):
        raise DataError(
            f"The recorded results {path.name} are missing or damaged.", hint=HOW_TO_RECORD
        ) from None
    return made, {(batch.parts, batch.dropout, batch.same_mask): batch for batch in found}


def _read() -> tuple[dict[str, Any], dict[Key, Batch]]:
    path = assets() / "recorded" / "walk.json"
    return _file(path, path.stat().st_mtime_ns if path.is_file() else 0)


def how_made() -> dict[str, Any]:
    """Date, versions and configuration of the recording; read again when the file changes on disk.

    Raises:
        DataError: The file is missing or damaged.
    """
    return _read()[0]


def recorded_batch(parts: int, dropout: float, same_mask: bool) -> Batch:
    """A recorded batch of the shipped sentences (2 parts) or triples (3).

    Raises:
        DataError: The file is missing, damaged, or without this batch.
    """
    try:
        return _read()[1][parts, dropout, same_mask and dropout > 0]
    except KeyError:
        raise DataError("This batch was not recorded.", hint=HOW_TO_RECORD) from None


def recorded_encoder() -> str:
    """Name of the checkpoint that was recorded."""
    return str(how_made()["config"]["encoder"])
