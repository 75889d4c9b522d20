"""What the checkpoint doctor looks at, and what it says: encoder, sentences, and one finding a check."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcse_core.data.records import ScoredPairs
from simcse_core.encoders.encoder import Encoder
from simcse_core.errors import DataError
from simcse_core.metrics.sts import cosines, spearman
from simcse_core.registry import Registry

FINE, WARNING, FAULT = "fine", "warning", "fault"


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Attributes:
        check: Its registered name.
        state: `fine`, `warning` or `fault`.
        told: What was measured, one sentence.
        fix: What to do; empty where all is fine.
    """

    check: str
    state: str
    told: str
    fix: str = ""


@dataclass
class Patient:
    """An encoder, the sentences it is judged on, and what several checks look at, computed once."""

    encoder: Encoder
    texts: Sequence[str]
    pairs: ScoredPairs
    stated: str | None = None  # pooling that the checkpoint's files state

    @cached_property
    def rows(self) -> NDArray[np.float64]:
        """(n, d) as `encode` gives them."""
        return np.asarray(self.encoder.encode(list(self.texts)), dtype=np.float64)

    @cached_property
    def token_rows(self) -> list[list[int]]:
        """Token numbers of the sentences."""
        return self.encoder.token_rows(list(self.texts))

    @cached_property
    def readings(self) -> dict[tuple[int, str], float]:
        """Spearman x 100 on the shipped pairs at every layer by mean, first token and the own pooling."""
        own = self.encoder.pooling
        names = dict.fromkeys(("mean", "cls_before_pooler", own))
        texts = [*self.pairs.first, *self.pairs.second]
        every = self.encoder.encode_layers(texts, poolings=list(names))
        return {key: _agreement(rows, self.pairs) for key, rows in every.items()}


checks: Registry[Callable[[Patient], Finding]] = Registry("check")


def _agreement(rows: NDArray[Any], pairs: ScoredPairs) -> float:
    first, second = np.split(rows, 2)
    try:
        return spearman(cosines(first, second), pairs.score)
    except DataError:  # collapsed, or not finite
        return 0.0
