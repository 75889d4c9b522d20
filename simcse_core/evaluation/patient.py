"""What the checkpoint doctor looks at, and what it says: encoder, sentences, and one finding a check."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simcse_core.data.records import ScoredPairs
from simcse_core.encoders.catalogue import resolve
from simcse_core.encoders.layout import ASSUMED, normalizes, read_layout, stated_similarity
from simcse_core.errors import DataError
from simcse_core.evaluation.bootstrap import paired_bootstrap
from simcse_core.metrics.sts import cosines, spearman
from simcse_core.registry import Registry

if TYPE_CHECKING:
    from simcse_core.encoders.encoder import Encoder

FINE, WARNING, FAULT = "fine", "warning", "fault"
RESAMPLES = 500
Place = tuple[int, str]  # layer and pooling


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


@dataclass(frozen=True)
class Stated:
    """What a checkpoint's files say of its use; None where they say nothing.

    Attributes:
        pooling: Registered pooling.
        normalized: Whether sentence-transformers gives rows of length 1 from this folder.
        similarity: What sentence-transformers compares rows by: cosine, dot …
    """

    pooling: str | None = None
    normalized: bool | None = None
    similarity: str | None = None


def stated_use(name: str) -> Stated:
    """What the files of a checkpoint say of its use.

    Raises:
        EncoderError: There is no such checkpoint.
    """
    source = resolve(name)
    found = read_layout(source.root, source.name)
    pooling = None if found.note == ASSUMED else found.pooling
    return Stated(pooling, normalizes(source.root), stated_similarity(source.root))


@dataclass
class Patient:
    """An encoder, the sentences it is judged on, and what several checks look at, computed once."""

    encoder: Encoder
    texts: Sequence[str]
    pairs: ScoredPairs
    stated: Stated = Stated()

    @cached_property
    def rows(self) -> NDArray[np.float64]:
        """(n, d) as `encode` gives them."""
        return np.asarray(self.encoder.encode(list(self.texts)), dtype=np.float64)

    @cached_property
    def raw(self) -> NDArray[np.float64]:
        """(n, d) before they are normalised."""
        return np.asarray(self.encoder.encode(list(self.texts), normalize=False), dtype=np.float64)

    @cached_property
    def token_rows(self) -> list[list[int]]:
        """Token numbers of the sentences."""
        return self.encoder.token_rows(list(self.texts))

    @cached_property
    def cosines(self) -> dict[Place, NDArray[np.float64]]:
        """Of the shipped pairs, at every layer by mean, first token and the own pooling."""
        names = dict.fromkeys(("mean", "cls_before_pooler", self.encoder.pooling))
        texts = [*self.pairs.first, *self.pairs.second]
        every = self.encoder.encode_layers(texts, poolings=list(names))
        return {key: cosines(*np.split(rows, 2)) for key, rows in every.items() if _has_cosines(rows)}

    @cached_property
    def readings(self) -> dict[Place, float]:
        """Spearman x 100 of `cosines`; 0 where they are all equal."""
        return {key: _agreement(found, self.pairs) for key, found in self.cosines.items()}

    def lead(self, place: Place, other: Place) -> tuple[float, float]:
        """By how many points one reading is better than another: 95 % interval, paired bootstrap."""
        if not (self.readings.get(place) and self.readings.get(other)):
            gap = self.readings.get(place, 0.0) - self.readings.get(other, 0.0)
            return gap, gap
        found = paired_bootstrap(
            self.cosines[place], self.cosines[other], self.pairs.score, resamples=RESAMPLES
        )
        return found.low, found.high


checks: Registry[Callable[[Patient], Finding]] = Registry("check")


def _has_cosines(rows: NDArray[Any]) -> bool:
    """Whether every row is finite and has a direction."""
    return bool(np.isfinite(rows).all() and rows.any(axis=1).all())


def _agreement(cosine: NDArray[np.float64], pairs: ScoredPairs) -> float:
    try:
        return spearman(cosine, pairs.score)
    except DataError:  # collapsed
        return 0.0
