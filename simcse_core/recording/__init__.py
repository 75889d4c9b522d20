"""Recorders: each makes one file of `assets/recorded/` from a real run, so pages open on true figures."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from pathlib import Path
from typing import Any

from simcse_core.errors import ConfigError
from simcse_core.runtime import assets


def recorders() -> list[str]:
    """Names of all recorders: the modules here that have a `record` function."""
    names = sorted(m.name for m in pkgutil.iter_modules(__path__))
    return [n for n in names if hasattr(importlib.import_module(f"{__name__}.{n}"), "record")]


def record(name: str, *, sts: Path | None = None) -> Path:
    """Make one recorded file anew; returns where it is.

    Args:
        name: One of `recorders()`.
        sts: Folder with the public STS sets, for those recorders that report on them.

    Raises:
        ConfigError: There is no such recorder.
    """
    if name not in recorders():
        raise ConfigError(f"There is no recorder {name!r}.", hint=f"There are: {', '.join(recorders())}.")
    function: Any = importlib.import_module(f"{__name__}.{name}").record
    out = assets() / "recorded" / f"{name}.json"
    out.parent.mkdir(exist_ok=True)
    extra = {"sts": sts} if "sts" in inspect.signature(function).parameters else {}
    function(out, **extra)
    return out
