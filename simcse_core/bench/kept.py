"""Scores that are known of an encoder without measuring: kept on this machine, or recorded for the pages."""

from __future__ import annotations

from typing import Any

from simcse_core import runtime
from simcse_core.bench.results import BenchTask, task_from
from simcse_core.bench.shelf import Shelf
from simcse_core.data.sts_sets import TASKS
from simcse_core.runs.files import read_json


def kept_tasks(digest: str) -> dict[str, BenchTask]:
    """The public STS tasks that were measured of the encoder with this digest, in the order of the seven.

    What this machine measured goes before what was recorded.

    Args:
        digest: `Encoder.digest`, which changes with the weights and with the way they are read.
    """
    found = _recorded(digest)
    shelf = Shelf(digest)
    for name in TASKS:
        content = shelf.newest(name)
        if content is not None:
            found[name] = task_from(content["value"])
    return {name: found[name] for name in TASKS if name in found}


def _recorded(digest: str) -> dict[str, BenchTask]:
    """Tasks in the recording of the page Bench; none where it is missing or damaged."""
    content: Any = read_json(runtime.assets() / "recorded" / "bench.json") or {}
    try:
        results = [one["result"] for one in content["checkpoints"].values()]
        mine = [result["tasks"] for result in results if result["encoder"]["digest"] == digest]
        return {name: task_from(task) for tasks in mine for name, task in tasks.items()}
    except (KeyError, TypeError, AttributeError, ValueError):
        return {}
