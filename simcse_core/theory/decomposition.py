"""InfoNCE as a pull plus a spread, and what becomes of the spread when there are many negatives.

Wang & Isola 2020, arXiv:2005.10242, theorem 1; Gao, Yao & Chen 2021 (SimCSE), arXiv:2104.08821, eq. 6. All in
float64 and without torch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.errors import DataError
from simcse_core.metrics.checks import paired_units
from simcse_core.theory.anatomy import (
    Floats,
    checked_rows,
    checked_temperature,
    divided,
    softmax_parts,
)

BLOCK_CELLS = 4_000_000  # float64 cells of one block of sampled similarities, 32 MB


@dataclass(frozen=True)
class Parts:
    """The two parts of an InfoNCE loss, nats.

    Attributes:
        pull: -E[s⁺]/τ; lower when positives are closer. (alignment/2 - 1)/τ for unit vectors.
        spread: E[log Σ_j e^{s_j/τ}] over the candidates of a row, the positive among them.
        candidates: Candidates of a row, C.
    """

    pull: float
    spread: float
    candidates: int

    @property
    def loss(self) -> float:
        """The loss: exactly pull + spread."""
        return self.pull + self.spread

    @property
    def per_candidate(self) -> float:
        """Loss - log C: what is left when the number of candidates is taken out; 0 if all look alike."""
        return self.loss - math.log(self.candidates)


def split(similarities: ArrayLike, positive: ArrayLike, *, temperature: float) -> Parts:
    """Split the log of the softmax: log(e^{s⁺/τ}/Σ) = s⁺/τ - log Σ, averaged over rows.

    Args:
        similarities: (R, C) cosines, -inf where a row must not meet a column; rows of equal count.
        positive: (R,) column of each row's positive.
        temperature: τ > 0.

    Raises:
        DataError: The similarities or the temperature cannot be used, or rows differ in their candidates.
    """
    cosines, columns = checked_rows(similarities, positive)
    tau = checked_temperature(temperature)
    logits = divided(cosines, tau)
    counts = np.isfinite(cosines).sum(axis=1)
    if (counts != counts[0]).any():
        raise DataError("Every row needs as many candidates as the others to compare its loss with log C.")
    own = logits[np.arange(len(logits)), columns]
    return Parts(-float(own.mean()), float(softmax_parts(logits)[0].mean()), int(counts[0]))


def split_pairs(anchor: ArrayLike, positive: ArrayLike, *, temperature: float) -> Parts:
    """`split` of the two-view batch: every anchor (N, d) against all positives (N, d), rows of any length.

    Raises:
        DataError: As `split`; or the shapes differ, a row has no direction, or N = 1.
    """
    a, b = paired_units(anchor, positive, metric="The decomposition")
    return split(a @ b.T, np.arange(len(a)), temperature=temperature)


def alignment_of_pull(pull: float, *, temperature: float) -> float:
    """Mean squared distance of positives that belongs to a pull: 2 + 2τ x pull."""
    return 2.0 + 2.0 * temperature * pull


@dataclass(frozen=True)
class Batches:
    """Loss - log M of batches of M pairs drawn from a population, nats.

    Attributes:
        sizes: (k,) M.
        value: (k,) mean over the drawn batches.
        error: (k,) standard error of `value`.
        limit: What it tends to as M grows.
    """

    sizes: NDArray[np.int64]
    value: Floats
    error: Floats
    limit: float


def large_batch_limit(anchor: ArrayLike, positive: ArrayLike, *, temperature: float) -> float:
    """-E[s⁺]/τ + E_x log E_y e^{x·y/τ}: the limit of loss - log M when batches of M pairs grow.

    The rows are taken as the whole population. For a batch that is its own population, M = N, loss - log N
    equals this exactly; a batch drawn from it differs: the positive is always among its candidates, and it
    holds only M of them.

    Args:
        anchor: (N, d), any length; L2-normalised here.
        positive: (N, d); row i is the partner of anchor i.
        temperature: τ > 0.

    Raises:
        DataError: As `split_pairs`.
    """
    return split_pairs(anchor, positive, temperature=temperature).per_candidate


def drawn_batches(
    anchor: ArrayLike,
    positive: ArrayLike,
    *,
    temperature: float,
    sizes: Sequence[int],
    draws: int = 2000,
    seed: int = 0,
) -> Batches:
    """Loss - log M of random batches: M - 1 negatives drawn with replacement beside the own positive.

    Args:
        anchor: (N, d) population, any length.
        positive: (N, d) partners.
        temperature: τ > 0.
        sizes: Pairs in a batch, M, two or more.
        draws: Rows drawn for every size: an anchor with its candidates.
        seed: Draws them.

    Raises:
        DataError: As `split_pairs`; or a size below 2, or fewer than two draws.
    """
    if min(sizes, default=2) < 2 or draws < 2:
        raise DataError("A batch needs two pairs or more, and an average two draws or more.")
    limit = large_batch_limit(anchor, positive, temperature=temperature)
    a, b = paired_units(anchor, positive, metric="The decomposition")
    logits = divided(a @ b.T, checked_temperature(temperature))
    rng = np.random.default_rng(seed)
    rows = [_row_losses(logits, int(size), draws, rng) for size in sizes]
    return Batches(
        np.asarray(sizes, dtype=np.int64),
        np.array([row.mean() for row in rows]),
        np.array([row.std(ddof=1) / math.sqrt(draws) for row in rows]),
        limit,
    )


def _row_losses(logits: Floats, size: int, draws: int, rng: np.random.Generator) -> Floats:
    """(draws,) losses - log M of anchors with M - 1 drawn negatives; every anchor comes equally often."""
    anchors = np.arange(draws) % len(logits)
    parts = []
    for some in np.array_split(anchors, math.ceil(draws * size / BLOCK_CELLS)):
        others = rng.integers(0, len(logits), size=(len(some), size - 1))
        drawn = logits[some[:, None], others]
        own = logits[some, some]
        heap = np.logaddexp(softmax_parts(drawn)[0], own)
        parts.append(heap - own - math.log(size))
    return np.concatenate(parts)
