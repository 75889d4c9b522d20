"""The recorded spectra: read, checked, and by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pages.ui.recordings import Recording
from simcse_core.theory.flattening import Flatness


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


def _understood(content: Any) -> Recorded:
    return Recorded(
        made=content["made"],
        sentences=int(content["sentences"]),
        positives=int(content["positives"]),
        steps={int(one["step"]): _measured(one) for one in content["steps"]},
        name=str(content["published"]["encoder"]),
        published=_measured(content["published"]),
    )


recorded = Recording("sphere", _understood)
"""The recorded file."""
