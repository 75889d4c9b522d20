"""What was recorded for this page: encoders on the shipped sentences, the first paint included."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from pages.ui.recordings import Recording, with_parts
from simcse_core.errors import DataError
from simcse_core.evaluation.cone import Spread, state_key
from simcse_core.evaluation.geometry import Geometry

PARTS = {"made", "isotropic", "encoders"}
STORIES = (("lab-base", "lab-unsup"), ("minilm:4", "minilm"))
"""Checkpoints A and B of the opening, before and after training: the first pair that was recorded."""
_CUT = re.compile(r"(?P<base>.+):(?P<layers>\d+)")


def _checked(content: Any) -> dict[str, Any]:
    return with_parts(content, PARTS, bool(content["encoders"]))


recorded = Recording("cone", _checked)
"""The recorded file."""


def _measured(content: Any) -> tuple[dict[str, Any], dict[str, Geometry]]:
    parts = with_parts(content, {"made", "encoders"}, bool(content["encoders"]))
    return parts["made"], {name: Geometry.from_dict(plain) for name, plain in parts["encoders"].items()}


recorded_space = Recording("geometry", _measured)
"""The geometry: how it was made, and encoder → what was measured."""


def split_name(name: str) -> tuple[str, int | None]:
    """`minilm:4` as its base and the layers it keeps, None for all."""
    cut = _CUT.fullmatch(name)
    return (cut["base"], int(cut["layers"])) if cut else (name, None)


def story() -> tuple[str, str]:
    """Checkpoints A and B that the page opens with: a pair that every view has recorded."""
    known = set(recorded()["encoders"])
    with suppress(DataError):  # the views of the geometry say it themselves
        known &= set(recorded_space()[1])
    told = [pair for pair in STORIES if all(split_name(name)[0] in known for name in pair)]
    if told:
        return told[0]
    only = next(iter(recorded()["encoders"]))
    return only, only


def recorded_names() -> list[str]:
    """Every recorded encoder, after it its cuts."""
    return [
        name
        for base, encoder in recorded()["encoders"].items()
        for name in (base, *(f"{base}:{k}" for k in range(1, encoder["layers"])))
    ]


def recorded_layer(name: str, layer: int | None) -> int | None:
    """Layer of a recorded encoder that `name` at `layer` (None: its last) means; None: not recorded."""
    base, kept = split_name(name)
    if base not in recorded()["encoders"]:
        return None
    deepest = int(recorded()["encoders"][base]["layers"])
    last = min(kept or deepest, deepest)
    return last if layer is None else min(layer, last)


def recorded_spread(
    name: str, layer: int | None, pooling: str, repair: str | None, parameters: Mapping[str, Any]
) -> Spread | None:
    """The recorded state of an encoder on the shipped sentences, None where it was not recorded."""
    at = recorded_layer(name, layer)
    if at is None:
        return None
    states = recorded()["encoders"][split_name(name)[0]]["states"]
    plain = states.get(state_key(at, pooling, repair, **parameters))
    return None if plain is None else Spread.from_dict(plain)


def recorded_reference(rows: int, dimension: int) -> Spread | None:
    """The recorded isotropic sample, where it has this size."""
    plain = recorded()["isotropic"].get(str(dimension))
    spread = None if plain is None else Spread.from_dict(plain)
    return spread if spread is not None and spread.rows == rows else None


def recorded_curves(name: str, metric: str) -> dict[str, dict[int, float]] | None:
    """Read-out -> layer -> value for a recorded encoder, up to its last layer; None for another one."""
    last = recorded_layer(name, None)
    if last is None:
        return None
    return {
        pooling: {int(layer): values[metric] for layer, values in layers.items() if int(layer) <= last}
        for pooling, layers in recorded()["encoders"][split_name(name)[0]]["curves"].items()
        if any(int(layer) <= last for layer in layers)
    }


def recorded_geometry(name: str) -> Geometry | None:
    """The recorded geometry of an encoder or of its cut; None where there is none."""
    _, known = recorded_space()
    if name in known:
        return known[name]
    base, kept = split_name(name)
    whole = known.get(base)
    return None if whole is None else whole.first(min(kept or whole.layers, whole.layers))
