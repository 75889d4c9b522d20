"""Metrics: arrays -> number, one file each, in float64 NumPy.

Traits of the registry: `direction` ("lower is better", "higher is better" or "neither"), `range` (low, high),
`unit`, and `isotropic`, a function (n, d) -> value for evenly spread directions, or None where no closed form
is known.
"""

from __future__ import annotations

from collections.abc import Callable

from simcse_core.registry import Registry, discover

metrics: Registry[Callable[..., float]] = Registry("metric")
discover(__name__)

__all__ = ["metrics"]
