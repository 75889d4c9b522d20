"""How a recorded file was made; written into the file itself."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from simcse_core.runs.files import read_json
from simcse_core.runtime import versions


def made(command: str, *, seed: int, device: str, **more: Any) -> dict[str, Any]:
    """The block `made` of a recorded file.

    Args:
        command: What makes the file again.
        seed: Seed of everything random in it.
        device: Where it was computed.
        more: Configuration, precision and the like.
    """
    machine = {"cores": os.cpu_count(), "processor": platform.machine()}
    today = datetime.now(UTC).date().isoformat()
    return {
        "command": command, "seed": seed, "device": device, "date": today,
        "versions": versions(), "machine": machine, **more,
    }  # fmt: skip


def made_alike(file: Path, how: Mapping[str, Any], same: Sequence[str]) -> dict[str, Any] | None:
    """A recorded or partial file, where its block `made` agrees with `how` in the parts `same`; else None."""
    found: dict[str, Any] | None = read_json(file)
    if found is None or any(found["made"].get(part) != how[part] for part in same):
        return None
    return found


def write_compact(out: Path, result: Mapping[str, Any]) -> None:
    """Replace a recording in one move, without spaces."""
    temporary = out.with_suffix(".tmp")
    text = json.dumps(result, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(out)
