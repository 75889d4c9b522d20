"""Is that process still there? Answered without a heartbeat, so that a kill shows at once."""

from __future__ import annotations

import os
from typing import Any

import psutil


def this_process() -> dict[str, Any]:
    """Number and birth of this process; together they are never reused."""
    return {"pid": os.getpid(), "born": psutil.Process().create_time()}


def mark_of(number: int) -> dict[str, Any] | None:
    """The mark of another process; None when it is gone."""
    try:
        return {"pid": number, "born": psutil.Process(number).create_time()}
    except psutil.Error:
        return None


def is_running(mark: Any) -> bool:
    """Whether the process marked by `this_process` is running; zombies and reused numbers are not."""
    if not isinstance(mark, dict) or "pid" not in mark:
        return False
    try:
        process = psutil.Process(int(mark["pid"]))
        same = abs(process.create_time() - float(mark.get("born", 0.0))) < 1.0
        return bool(same and process.status() != psutil.STATUS_ZOMBIE)
    except (psutil.Error, ValueError):
        return False
