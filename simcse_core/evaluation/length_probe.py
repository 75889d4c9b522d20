"""Pairs on which the length bias of a checkpoint is measured, the same for every checkpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcse_core.data.records import ScoredPairs
from simcse_core.encoders import Encoder
from simcse_core.evaluation import length_bias as bias
from simcse_core.metrics.sts import cosines

RANDOM = "random"
RANDOM_PAIRS, SHOWN = 20_000, 300
"""Random pairs that are measured, and how many of them are kept as points."""


@dataclass(frozen=True)
class Probe:
    """Pairs on which length bias is measured.

    Attributes:
        texts: Distinct sentences, (n,).
        ends: (p, 2) rows of `texts`.
        difference: (p,) tokens by which the two differ in length.
        gold: (p,) human scores; None for random pairs.
        shown: (k,) pairs that are kept as points.
    """

    texts: list[str]
    ends: NDArray[np.int64]
    difference: NDArray[np.int64]
    gold: NDArray[np.float64] | None
    shown: NDArray[np.int64]

    def described(self) -> dict[str, Any]:
        """What all checkpoints share."""
        return {
            "pairs": len(self.ends), "sentences": len(self.texts), "scored": self.gold is not None,
            "difference": self.difference[self.shown].tolist(),
            "centres": _rounded(bias.bin_centres(self.difference)),
            "counts": np.histogram(self.difference, [*bias.BINS, np.inf])[0].tolist(),
        }  # fmt: skip

    def values(self, encoder: Encoder) -> NDArray[np.float64]:
        """(p,) places among the random pairs, or places above what people gave."""
        rows = encoder.encode(self.texts, normalize=True)
        found = cosines(rows[self.ends[:, 0]], rows[self.ends[:, 1]])
        return bias.places(found) if self.gold is None else bias.above_people(found, self.gold)

    def measured(self, encoder: Encoder) -> dict[str, Any]:
        """Line, means of the ranges and the points that are kept, of a checkpoint."""
        values = self.values(encoder)
        line = bias.fit_line(self.difference, values, self.ends if self.gold is None else None)
        return {
            **{name: round(value, 5) for name, value in vars(line).items()},
            "means": _rounded(bias.bin_means(self.difference, values)),
            "points": np.round(values[self.shown], 1).tolist(),
        }


def _rounded(values: Sequence[float | None]) -> list[float | None]:
    return [None if value is None else round(value, 3) for value in values]


def probes_of(
    encoder: Encoder, sentences: Sequence[str], sets: Mapping[str, ScoredPairs]
) -> dict[str, Probe]:
    """Random pairs of sentences under the name `RANDOM`, and the scored sets under theirs.

    Args:
        encoder: Its tokens are what lengths are counted in.
        sentences: Distinct, to draw random pairs from.
        sets: Scored pairs by name.
    """
    texts = list(sentences)
    found = {RANDOM: _probe(encoder, texts, bias.pair_up(len(texts), RANDOM_PAIRS), None)}
    for name, pairs in sets.items():
        texts = pairs.sentences()
        row = {text: i for i, text in enumerate(texts)}
        ends = [(row[a], row[b]) for a, b in zip(pairs.first, pairs.second, strict=True)]
        found[name] = _probe(encoder, texts, np.array(ends), pairs.score)
    return found


def _probe(
    encoder: Encoder, texts: list[str], ends: NDArray[np.int64], gold: NDArray[np.float64] | None
) -> Probe:
    lengths = bias.token_counts(encoder.text_tokenizer, texts)
    difference = np.abs(lengths[ends[:, 0]] - lengths[ends[:, 1]])
    shown = np.sort(np.random.default_rng(0).permutation(len(ends))[:SHOWN])
    return Probe(texts, ends, difference, gold, shown)
