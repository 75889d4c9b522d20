"""Results in JSON types and back: columns stay exact, intervals become lists and pairs again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Column = NDArray[np.float32]
Interval = tuple[float | None, float | None]

COLUMNS = ("cosine", "gold", "ranks", "correct")
"""Names of the fields that hold one number for each pair, query or example."""


def column(values: ArrayLike = ()) -> Column:
    """One number for each pair, query or example: (n,) float32; empty where it was not kept."""
    return np.asarray(values, dtype=np.float32).ravel()


def plain(value: Any, *, columns: bool = True) -> Any:
    """A result, or a part of one, in JSON types; float32 columns by their shortest exact decimals.

    Args:
        value: Dataclasses, mappings, sequences, columns and what JSON knows, in one another.
        columns: Whether columns are told; without them they are left out.
    """
    if is_dataclass(value) and not isinstance(value, type):
        value = {f.name: getattr(value, f.name) for f in fields(value)}
    if isinstance(value, np.ndarray):
        return [float(str(x)) for x in value]
    if isinstance(value, Mapping):
        kept = ((k, v) for k, v in value.items() if columns or not isinstance(v, np.ndarray))
        return {str(key): plain(one, columns=columns) for key, one in kept}
    if isinstance(value, (list, tuple)):
        return [plain(one, columns=columns) for one in value]
    return value


def built(kind: Any, given: Mapping[str, Any]) -> Any:
    """A dataclass from `plain`: intervals are pairs again, columns arrays; unknown keys are passed over."""
    known: dict[str, Any] = {f.name: given[f.name] for f in fields(kind) if f.name in given}
    for name, value in known.items():
        if name in COLUMNS and isinstance(value, list):
            known[name] = column(value)
        elif name == "interval" or name.endswith("_interval"):
            known[name] = pair_of(value)
    return kind(**known)


def pair_of(given: Any) -> Interval:
    """The two ends of an interval."""
    low, high = given
    return low, high
