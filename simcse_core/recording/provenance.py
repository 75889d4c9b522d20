"""How a recorded file was made; written into the file itself."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from typing import Any

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
