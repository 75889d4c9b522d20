"""The recorded spectra: read, checked, and by name."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from simcse_core.errors import DataError
from simcse_core.runtime import assets
from simcse_core.theory.flattening import Flatness

REMAKE = "Make it anew: python -m simcse_core record sphere"


@dataclass(frozen=True, eq=False)
class Measured:
    """One encoder on the shipped sentences.

    Attributes:
        flatness: Spectrum, effective rank, uniformity and the eigenvalue's bounds.
        alignment: Mean squared distance of the positives; None where they were not measured.
        mean_cosine: Of different sentences.
    """

    flatness: Flatness
    alignment: float | None
    mean_cosine: float


@dataclass(frozen=True, eq=False)
class Recorded:
    """The file.

    Attributes:
        made: Command, configuration, seed, versions, device, date.
        sentences: How many were measured.
        positives: Pairs behind every alignment.
        steps: Optimiser step → encoder.
        name: Of the published encoder.
        published: That encoder.
    """

    made: dict[str, Any]
    sentences: int
    positives: int
    steps: dict[int, Measured]
    name: str
    published: Measured


def _measured(plain: dict[str, Any]) -> Measured:
    return Measured(Flatness.from_dict(plain), float(plain["alignment"]), float(plain["mean_cosine"]))


@lru_cache(maxsize=1)
def _file(path: Path, changed: int) -> Recorded:
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        return Recorded(
            made=plain["made"],
            sentences=int(plain["sentences"]),
            positives=int(plain["positives"]),
            steps={int(one["step"]): _measured(one) for one in plain["steps"]},
            name=str(plain["published"]["encoder"]),
            published=_measured(plain["published"]),
        )
    except (OSError, ValueError, TypeError, LookupError):
        raise DataError(f"The recorded results {path.name} are missing or damaged.", hint=REMAKE) from None


def recorded() -> Recorded:
    """The recorded file; read again when it changes on disk.

    Raises:
        DataError: It is missing or damaged.
    """
    path = assets() / "recorded" / "sphere.json"
    return _file(path, path.stat().st_mtime_ns if path.is_file() else 0)
