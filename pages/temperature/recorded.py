"""What was recorded for this page: shipped batches under three encoders, and runs at every temperature."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pages.ui.recordings import Recording, with_parts
from simcse_core.evaluation.in_batch import Batch

PARTS = {"made", "judge", "encoders", "batches", "runs"}


def _checked(content: Any) -> dict[str, Any]:
    return with_parts(content, PARTS, bool(content["runs"]))


recorded = Recording("temperature", _checked, public=True)
"""The recorded file."""


def recorded_batch(
    subjects: tuple[str, ...], size: int, paraphrases: int, seed: int
) -> dict[str, Any] | None:
    """The recorded batch drawn by these settings, None where there is none."""
    asked = {"subjects": sorted(subjects), "size": size, "paraphrases": paraphrases, "seed": seed}
    for one in recorded()["batches"]:
        if {**{key: one[key] for key in asked}, "subjects": sorted(one["subjects"])} == asked:
            found: dict[str, Any] = one
            return found
    return None


def batch_of(one: Mapping[str, Any]) -> Batch:
    """Its sentences."""
    return Batch(tuple(one["texts"]), tuple(one["groups"]))


def matrix_of(one: Mapping[str, Any], encoder: str, dropout: float) -> NDArray[np.float64] | None:
    """Recorded cosines (n, n) of a batch under an encoder; None where they were not recorded."""
    packed = one["cosines"].get(encoder, {}).get(f"{dropout:g}")
    return None if packed is None else _matrix(packed, one["size"])


def judged_of(one: Mapping[str, Any]) -> NDArray[np.float64]:
    """Recorded cosines (n, n) under the judge."""
    return _matrix(one["judged"], one["size"])


def _matrix(packed: str, size: int) -> NDArray[np.float64]:
    values = np.frombuffer(base64.b64decode(packed), dtype="<f4")
    return values.reshape(size, size).astype(np.float64)
