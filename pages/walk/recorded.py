"""What was recorded for this page: MiniLM's tensors on four shipped triples, the first paint included."""

from __future__ import annotations

from typing import Any

from pages.ui.recordings import Recording
from simcse_core.errors import DataError
from simcse_core.theory.walk_batch import Batch

Key = tuple[int, float, bool]


def _understood(content: Any) -> tuple[dict[str, Any], dict[Key, Batch]]:
    found = [Batch.from_dict(plain) for plain in content["batches"]]
    return content["made"], {(batch.parts, batch.dropout, batch.same_mask): batch for batch in found}


_recorded = Recording("walk", _understood)


def how_made() -> dict[str, Any]:
    """Date, versions and configuration of the recording; read again when the file changes on disk.

    Raises:
        DataError: The file is missing or damaged.
    """
    return _recorded()[0]


def recorded_batch(parts: int, dropout: float, same_mask: bool) -> Batch:
    """A recorded batch of the shipped sentences (2 parts) or triples (3).

    Raises:
        DataError: The file is missing, damaged, or without this batch.
    """
    try:
        return _recorded()[1][parts, dropout, same_mask and dropout > 0]
    except KeyError:
        raise DataError("This batch was not recorded.", hint=_recorded.hint) from None


def recorded_encoder() -> str:
    """Name of the checkpoint that was recorded."""
    return str(how_made()["config"]["encoder"])
