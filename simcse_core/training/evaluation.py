"""What is measured during a run: rank correlation on scored pairs, and the geometry of their sentences."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from simcse_core.data.datasets import datasets, load_dataset_records, sentence_subjects
from simcse_core.data.readers import read_scored_pairs
from simcse_core.data.records import ScoredPairs
from simcse_core.encoders import Encoder
from simcse_core.errors import ConfigError, DataError
from simcse_core.evaluation.compare import PairCosines
from simcse_core.metrics.alignment import alignment
from simcse_core.metrics.anisotropy import mean_cosine, random_pair_cosines
from simcse_core.metrics.spectrum import effective_rank
from simcse_core.metrics.sts import cosines, spearman
from simcse_core.metrics.uniformity import uniformity
from simcse_core.training.events import Evaluated

PROBE_PER_SUBJECT = 10
CLOSE = 4.0  # pairs scored strictly above this count as positives (SimCSE, footnote 3)
MOST_STARTS = 4  # a few megabytes each
Starts = dict[str, NDArray[np.float32]]
SaveProbe = Callable[[int, NDArray[np.float32]], str]
SavePairs = Callable[[int, PairCosines], None]


def scored_sets(names: str) -> dict[str, ScoredPairs]:
    """Scored pairs for each comma-separated data set name or file path.

    Raises:
        ConfigError: No name is given, or a data set is not made of scored pairs.
        DataError: A file cannot be read.
    """
    found: dict[str, ScoredPairs] = {}
    for name in filter(None, (part.strip() for part in names.split(","))):
        if name in datasets:
            if datasets.info(name).traits["kind"] != "scored_pairs":
                raise ConfigError(f"evaluation.sets: {name!r} has no scored pairs.")
            found[name] = cast(ScoredPairs, load_dataset_records(name))
        elif Path(name).exists():
            found[name] = read_scored_pairs(Path(name))
        else:
            known = [n for n in datasets if datasets.info(n).traits["kind"] == "scored_pairs"]
            raise ConfigError(
                f"evaluation.sets: {name!r} is neither a data set nor a file.",
                hint=f"Sets: {', '.join(known)}.",
            )
    if not found:
        raise ConfigError("evaluation.sets names no set.")
    return found


def probe_sentences() -> list[tuple[str, str]]:
    """The fixed (text, subject) whose embeddings every run keeps at every evaluation."""
    taken: dict[str, int] = {}
    chosen = []
    for text, subject in sentence_subjects():
        taken[subject] = taken.get(subject, 0) + 1
        if taken[subject] <= PROBE_PER_SUBJECT:
            chosen.append((text, subject))
    return chosen


@dataclass(frozen=True)
class Evaluator:
    """Measures an encoder on fixed texts; every distinct sentence is encoded once.

    Attributes:
        sets: Scored pairs by name; the first one leads.
        probe: Fixed sentences whose embeddings are kept.
        save_probe: Writes the probe's embeddings for a step and returns where.
        starts: Embeddings of untrained encoders, kept between runs by whoever owns this dictionary.
        save_pairs: Given the cosines of the leading set's pairs for a step.
    """

    sets: dict[str, ScoredPairs]
    probe: Sequence[str] = ()
    save_probe: SaveProbe | None = None
    starts: Starts | None = None
    save_pairs: SavePairs | None = None

    def __call__(self, encoder: Encoder, step: int, second: Encoder | None = None) -> Evaluated:
        """Measure `encoder` after `step` steps.

        With a `second` tower the similarity of a pair is the mean of cos(f(a), g(b)) and cos(f(b), g(a)), for
        scored pairs have no direction, and its distance likewise; probe, uniformity, mean cosine and
        effective rank are of the first tower.
        """
        texts = list(dict.fromkeys([t for s in self.sets.values() for t in (*s.first, *s.second)]))
        row = {text: i for i, text in enumerate(texts)}
        vectors = self._vectors(encoder, step, [*texts, *self.probe])
        where = ""
        if self.save_probe is not None and self.probe:
            where = self.save_probe(step, vectors[len(texts) :])
        left, right = _both_ways(vectors, None if second is None else self._vectors(second, step, texts))
        sides = {
            name: (left[[row[t] for t in pairs.first]], right[[row[t] for t in pairs.second]])
            for name, pairs in self.sets.items()
        }
        scores = {name: _spearman(*sides[name], pairs.score) for name, pairs in self.sets.items()}
        lead, pairs = next(iter(self.sets.items()))
        own = vectors[[row[t] for t in dict.fromkeys([*pairs.first, *pairs.second])]]
        if self.save_pairs is not None:
            self.save_pairs(step, PairCosines(cosines(*sides[lead]), random_pair_cosines(own)))
        close = pairs.score > CLOSE
        return Evaluated(
            step=step,
            alignment=alignment(sides[lead][0][close], sides[lead][1][close]) if close.any() else None,
            uniformity=uniformity(own),
            mean_cosine=mean_cosine(own),
            effective_rank=effective_rank(own),
            spearman=scores[lead],
            sets=scores,
            probe=where,
        )

    def _vectors(self, encoder: Encoder, step: int, texts: list[str]) -> NDArray[np.float32]:
        if step > 0 or self.starts is None:
            return encoder.encode(texts, normalize=True)
        told = json.dumps(
            [encoder.digest, str(encoder.dtype), str(encoder.device), encoder.max_length, texts]
        )
        key = hashlib.sha256(told.encode()).hexdigest()
        if key not in self.starts:
            if len(self.starts) >= MOST_STARTS:
                self.starts.clear()
            self.starts[key] = encoder.encode(texts, normalize=True)
        return self.starts[key]


def _both_ways(
    first: NDArray[np.float32], second: NDArray[np.float32] | None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Unit rows whose products, left by right, are the mean cosine of both directions of two towers."""
    if second is None:
        return first, first
    first = first[: len(second)]
    half = np.float32(np.sqrt(0.5))
    return half * np.hstack([first, second]), half * np.hstack([second, first])


def _spearman(
    first: NDArray[np.float32], second: NDArray[np.float32], gold: NDArray[np.float64]
) -> float | None:
    """Spearman x 100 of unit rows; None where it is undefined (a collapsed encoder gives equal cosines)."""
    cosines = np.einsum("nd,nd->n", first.astype(np.float64), second.astype(np.float64))
    try:
        return spearman(cosines, gold)
    except DataError:
        return None
