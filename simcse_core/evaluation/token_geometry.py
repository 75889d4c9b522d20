"""How contextual the tokens of a layer are: self- and intra-sentence similarity, explainable variance, norms.

Ethayarajh 2019, arXiv:1909.00512, sec. 3, with two choices of ours: tokens are those of the tokenizer (not
words), and mean cosines are over all pairs of contexts, from sums of unit vectors, so that no state is kept;
only the explainable variance keeps a few (`evaluation.occurrences`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from simcse_core.encoders.engine import Piece
from simcse_core.errors import DataError
from simcse_core.evaluation.occurrences import Occurrences
from simcse_core.metrics.sts import spearman

TYPES = 1000  # followed; as many as in the paper
CONTEXTS = 5  # sentences a type must occur in; as in the paper


class TokenGeometry:
    """Sums over the tokens of n sentences, one set a layer; fed with pieces, asked for numbers at the end.

    A type counts once a sentence, at its first place. The baseline takes one token a sentence, at random.
    """

    def __init__(
        self, rows: Sequence[Sequence[int]], special: Collection[int], layers: int, *, seed: int = 0
    ) -> None:
        """Choose the types to follow.

        Args:
            rows: Token numbers of n sentences, special tokens included.
            special: Tokens that are of no text.
            layers: Layers watched, the embedding layer included.
            seed: Draws the types and the tokens of the baseline.
        """
        rng = np.random.default_rng(seed)
        self.content = [[place for place, token in enumerate(row) if token not in special] for row in rows]
        seen = Counter(token for row in rows for token in set(row) - set(special))
        common = sorted(token for token, count in seen.items() if count >= CONTEXTS)
        followed = sorted(common[i] for i in rng.permutation(len(common))[:TYPES])
        self.types = {token: number for number, token in enumerate(followed)}
        self.frequency = np.array([seen[token] for token in self.types], dtype=np.float64)
        self.first = [self._first_places(row) for row in rows]
        self.drawn = [int(rng.choice(places)) if places else -1 for places in self.content]
        self.lengths = np.array([len(places) for places in self.content], dtype=np.int64)
        self.sums: list[torch.Tensor | None] = [None] * layers  # (types, h), unit vectors added up
        self.norms = np.zeros((layers, len(self.types)))
        self.base: list[torch.Tensor | float] = [0.0] * layers
        self.intra = np.zeros(layers)
        self.occurrences = Occurrences(self.first, self.drawn, layers, seed=seed)

    def _first_places(self, row: Sequence[int]) -> list[tuple[int, int]]:
        """(place, number of the type) of each followed type's first place in a row."""
        found: dict[int, int] = {}
        for place, token in enumerate(row):
            if token in self.types:
                found.setdefault(token, place)
        return [(place, self.types[token]) for token, place in found.items()]

    def watch(self, chosen: Sequence[int] | NDArray[np.int64], pieces: Sequence[Piece]) -> None:
        """Take in the hidden states of sentences `chosen`, in the order of the pieces' rows."""
        start = 0
        for piece in pieces:
            numbers = [int(i) for i in chosen[start : start + len(piece.mask)]]
            start += len(numbers)
            for layer, states in piece.states.items():
                self._add(layer, states.float(), numbers)
                self.occurrences.take(layer, states, numbers)

    def _add(self, layer: int, states: torch.Tensor, numbers: list[int]) -> None:
        lengths = states.norm(dim=-1)  # (B, T)
        units = states / lengths.clamp(min=1e-12)[..., None]
        spots = [(b, t, k) for b, i in enumerate(numbers) for t, k in self.first[i]]
        if spots:
            b, t, k = torch.tensor(spots, device=states.device).T
            total = self.sums[layer]
            if total is None:
                total = torch.zeros(len(self.types), states.shape[-1], dtype=torch.float64)
            # summed on the CPU: not every accelerator has float64
            self.sums[layer] = total.index_add(0, k.cpu(), units[b, t].cpu().double())
            np.add.at(self.norms[layer], k.cpu().numpy(), lengths[b, t].cpu().double().numpy())
        places = [(b, self.drawn[i]) for b, i in enumerate(numbers) if self.drawn[i] >= 0]
        if places:
            b, t = torch.tensor(places, device=states.device).T
            self.base[layer] = self.base[layer] + units[b, t].cpu().double().sum(dim=0)
        self.intra[layer] += self._intra(states, units, numbers)

    def _intra(self, states: torch.Tensor, units: torch.Tensor, numbers: list[int]) -> float:
        """Sum over sentences of the mean cosine between a token and the mean of its sentence's tokens."""
        inside = torch.zeros(states.shape[:2], dtype=torch.bool)
        for b, i in enumerate(numbers):
            inside[b, self.content[i]] = True
        weights = inside.to(states.device, states.dtype)[..., None]
        counts = weights.sum(dim=1).clamp(min=1)  # (B, 1)
        mean = (states * weights).sum(dim=1) / counts
        mean = mean / mean.norm(dim=-1, keepdim=True).clamp(min=1e-12)
        cosines = (units * mean[:, None]).sum(dim=-1, keepdim=True) * weights
        return float((cosines.sum(dim=1) / counts).sum())

    def numbers(self) -> list[dict[str, Any]]:
        """One dictionary a layer.

        Returns:
            `layer`; `baseline`, mean cosine of tokens of different sentences; `self_similarity`, mean cosine
            of a type's occurrences, averaged over types; `intra_similarity`, mean cosine of a token and the
            mean of its sentence; both with `_adjusted`, the baseline taken off; `max_explainable_variance`,
            mean over types of what one direction explains of a type's occurrences, with a baseline of its own
            (tokens of different sentences) and `_adjusted`; `norm_frequency`, rank correlation in [-1, 1]
            between a type's mean length and how many sentences it occurs in; `types`.
            None where there is too little text.
        """
        return [self._numbers(layer) for layer in range(len(self.sums))]

    def _numbers(self, layer: int) -> dict[str, Any]:
        used = int((self.lengths > 0).sum())
        base = _mean_pair(torch.as_tensor(self.base[layer]), used)
        total = self.sums[layer]
        same = intra = None
        if total is not None:
            n = self.frequency
            squared = total.square().sum(dim=1).numpy()
            same = float(np.mean((squared - n) / (n * (n - 1))))
        if used:
            intra = float(self.intra[layer] / used)
        explained, by_chance = self.occurrences.numbers(layer)
        mean_norm = self.norms[layer] / np.maximum(self.frequency, 1)
        return {
            "layer": layer,
            "baseline": base,
            "self_similarity": same,
            "self_similarity_adjusted": _less(same, base),
            "intra_similarity": intra,
            "intra_similarity_adjusted": _less(intra, base),
            "max_explainable_variance": explained,
            "max_explainable_variance_baseline": by_chance,
            "max_explainable_variance_adjusted": _less(explained, by_chance),
            "norm_frequency": _correlation(mean_norm, self.frequency),
            "types": len(self.types),
        }

    def isotropic(self) -> dict[str, float | None]:
        """The same for directions drawn evenly and apart: 0, and 1/√T for the mean of T tokens."""
        lengths = self.lengths[self.lengths > 0]
        intra = float(np.mean(1 / np.sqrt(lengths))) if lengths.size else None
        return {
            "baseline": 0.0,
            "self_similarity": 0.0,
            "intra_similarity": intra,
            "max_explainable_variance": self.occurrences.isotropic(),
            "norm_frequency": 0.0,
        }


def _mean_pair(total: torch.Tensor, n: int) -> float | None:
    """Mean cosine of different ones of n unit vectors, from their sum."""
    return float((total.square().sum() - n) / (n * (n - 1))) if n > 1 else None


def _less(value: float | None, base: float | None) -> float | None:
    return None if value is None or base is None else value - base


def _correlation(norms: NDArray[np.float64], frequency: NDArray[np.float64]) -> float | None:
    try:
        return spearman(norms, frequency) / 100
    except DataError:  # all types are equally frequent, or there is none
        return None
