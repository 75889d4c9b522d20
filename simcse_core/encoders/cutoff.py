"""What is left of the embedding layer's output when tokens or features are cut off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Kept:
    """Which numbers of each text's embedding matrix (tokens x features) stay; the others become zero.

    Attributes:
        tokens: B rows with 1 for a token that stays and 0 for one that is cut off, special tokens included.
        features: (B, w) float32, the same for the w features of the embedding layer.
    """

    tokens: Sequence[Sequence[int]]
    features: NDArray[np.float32]

    def take(self, rows: Sequence[int] | NDArray[np.int64]) -> Kept:
        """Those of some texts."""
        return Kept([self.tokens[i] for i in rows], self.features[np.asarray(rows, dtype=np.int64)])
