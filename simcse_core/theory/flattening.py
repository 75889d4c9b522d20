"""The spectrum of real embeddings, with the numbers that the argument about its flattening speaks of."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from simcse_core.metrics.checks import unit_rows
from simcse_core.metrics.spectrum import entropy_rank, singular_values
from simcse_core.metrics.uniformity import uniformity
from simcse_core.theory.anatomy import Floats
from simcse_core.theory.jensen import Eigenvalue, eigenvalue


@dataclass(frozen=True, eq=False)
class Flatness:
    """How evenly m unit vectors use their d dimensions; not centred.

    Attributes:
        spectrum: (min(m, d),) singular values over the largest, falling from 1 (SimCSE's figure F.1).
        effective_rank: Exponential of the entropy of the singular values, in [1, min(m, d)].
        uniformity: Nats; lower is more even.
        bound: The largest eigenvalue between its bounds.
    """

    spectrum: Floats
    effective_rank: float
    uniformity: float
    bound: Eigenvalue

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; the spectrum as float32 in base64."""
        return {
            "spectrum": b64encode(self.spectrum.astype("<f4").tobytes()).decode(),
            "effective_rank": self.effective_rank,
            "uniformity": self.uniformity,
            "bound": asdict(self.bound),
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Flatness:
        """Inverse of `to_dict`, up to its rounding."""
        spectrum = np.frombuffer(b64decode(plain["spectrum"]), dtype="<f4").astype(np.float64)
        return cls(spectrum, plain["effective_rank"], plain["uniformity"], Eigenvalue(**plain["bound"]))


def flatness(embeddings: ArrayLike) -> Flatness:
    """Measure (m, d) embeddings of any length; L2-normalised here.

    Raises:
        DataError: Fewer than two rows, NaN, or a row of zeros.
    """
    w = unit_rows(embeddings, metric="The spectrum")
    values = singular_values(w)
    return Flatness(values / values[0], entropy_rank(values), uniformity(w), eigenvalue(w))
