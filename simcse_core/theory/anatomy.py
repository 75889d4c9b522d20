"""One contrastive batch taken apart: who is pushed, how hard, and in which direction.

Closed forms of InfoNCE over any rows of candidates, in float64 and without torch. For another objective see
`simcse_core.theory.measured`; for many temperatures at once `simcse_core.theory.temperatures`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.errors import DataError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Anatomy:
    """What an objective does to the similarities of a batch of R rows with C candidates each.

    Attributes:
        similarities: (R, C) as given, -inf where a row does not meet a column.
        probabilities: (R, C), rows sum to 1; None where the objective is no softmax over the candidates.
        shares: (R, C), share of a row's push that each negative takes: 0 at the positive and at masked
            entries; a row sums to 1, or to 0 where nothing is pushed.
        gradient: (R, C), d loss of the row / d similarity, nats per unit of cosine. The batch loss is a mean
            over rows, so its own gradient is this divided by R. 0 at masked entries.
        effective: (R,), effective number of negatives e^H(shares): from 1 to C - 1, 0 without a push.
        loss: (R,) nats; None where the objective gives only the loss of the whole batch.
        total_push: (R,), sum of the positive gradients on the negatives; for InfoNCE (1 - p⁺)/τ, which equals
            the pull on the positive.
    """

    similarities: Floats
    probabilities: Floats | None
    shares: Floats
    gradient: Floats
    effective: Floats
    loss: Floats | None
    total_push: Floats


def anatomy(
    similarities: ArrayLike, positive: ArrayLike, *, temperature: float, hard_weight: float = 1.0
) -> Anatomy:
    """Closed form of InfoNCE (Gao, Yao & Chen 2021, eq. 1 and 5): ∂ℓ/∂s_j = (p_j - [j is the positive])/τ.

    Small quantities keep their digits: 1 - p⁺ is summed over the negatives, not subtracted.

    Args:
        similarities: (R, C) cosines, -inf where a row must not meet a column.
        positive: (R,) column of each row's positive.
        temperature: τ > 0.
        hard_weight: Enters as + log(weight) on the logit of a row's own hard negative, column R + i; other
            than 1 it needs C = 2R.

    Returns:
        Every field filled.

    Raises:
        DataError: Shapes, values, temperature or weight cannot be used; says which.
    """
    cosines, columns = checked_rows(similarities, positive)
    logits = divided(cosines, checked_temperature(temperature)) + _hard_logits(cosines.shape, hard_weight)
    rows = np.arange(len(cosines))
    own = logits[rows, columns]  # (R,)
    others = logits.copy()
    others[rows, columns] = -np.inf  # (R, C), the negatives alone
    heap, shares, entropy = softmax_parts(others)
    away = heap - own  # (R,), log-odds of "some negative" against the positive
    failing = _sigmoid(away)  # (R,), 1 - p⁺
    gradient = shares * (failing / temperature)[:, None]
    total = failing / temperature
    gradient[rows, columns] = -total
    probabilities = shares * failing[:, None]
    probabilities[rows, columns] = _sigmoid(-away)
    loss = np.logaddexp(0.0, away)
    return Anatomy(cosines, probabilities, shares, gradient, np.exp(entropy), loss, total)


def tangential_push(anchor: ArrayLike, candidates: ArrayLike, gradient: ArrayLike) -> Floats:
    """What each candidate does to the anchor's embedding: -g_j ∂s_j/∂h = -g_j (ĉ_j - s_j ĥ)/‖h‖.

    The contributions are orthogonal to the anchor, fade as √(1 - s²) where a candidate lies on it, and add up
    to -∂ℓ/∂h.

    Args:
        anchor: (d,) embedding h, any length above 0.
        candidates: (C, d) embeddings, any lengths above 0.
        gradient: (C,) ∂ℓ/∂s of the row, as in `Anatomy.gradient`.

    Returns:
        (C, d), one contribution per candidate.

    Raises:
        DataError: Shapes do not fit, something is not finite, or a vector has length 0.
    """
    h, c, g = (np.asarray(x, dtype=np.float64) for x in (anchor, candidates, gradient))
    if h.ndim != 1 or c.ndim != 2 or c.shape[1:] != h.shape or g.shape != c.shape[:1]:
        raise DataError(
            f"The anchor must be (d,), the candidates (C, d), the gradient (C,); got {h.shape}, {c.shape} and"
            f" {g.shape}."
        )
    lengths = np.linalg.norm(c, axis=1)
    length = float(np.linalg.norm(h))
    if not (np.isfinite(length) and np.isfinite(lengths).all() and np.isfinite(g).all()):
        raise DataError("Anchor, candidates and gradient must be finite.")
    if length == 0 or not lengths.all():
        raise DataError("A vector of length 0 has no direction, so its cosine is undefined.")
    unit, others = h / length, c / lengths[:, None]
    cosines = others @ unit  # (C,)
    towards = (others - cosines[:, None] * unit) / length  # (C, d) = ∂s/∂h
    contributions: Floats = -g[:, None] * towards
    return contributions


def softmax_parts(logits: Floats) -> tuple[Floats, Floats, Floats]:
    """Log-sum-exp (…,), softmax (…, C) and its entropy (…,) in nats, along the last axis.

    Entries of -inf count as absent; every row needs a finite one.
    """
    top = logits.max(axis=-1, keepdims=True)
    shifted = logits - top
    weights = np.exp(shifted)
    total = weights.sum(axis=-1, keepdims=True)
    shares = weights / total
    absent = np.where(np.isneginf(shifted), 0.0, shifted)
    entropy = np.log(total[..., 0]) - np.einsum("...c,...c->...", shares, absent)
    return top[..., 0] + np.log(total[..., 0]), shares, np.maximum(entropy, 0.0)


def checked_rows(similarities: ArrayLike, positive: ArrayLike) -> tuple[Floats, NDArray[np.int64]]:
    """Similarities as (R, C) float64 and positives as (R,) int64.

    Raises:
        DataError: Wrong shapes, NaN or +inf, a positive outside the row or masked, a row without negatives.
    """
    cosines = np.array(similarities, dtype=np.float64)
    given = np.asarray(positive)
    if cosines.ndim != 2 or 0 in cosines.shape or given.shape != cosines.shape[:1]:
        raise DataError(
            f"Similarities must be (R, C) and positives (R,); got {cosines.shape} and {given.shape}."
        )
    if given.dtype.kind not in "iu" or (given < 0).any() or (given >= cosines.shape[1]).any():
        raise DataError(f"A positive is a column, a whole number from 0 to {cosines.shape[1] - 1}.")
    if np.isnan(cosines).any() or np.isposinf(cosines).any():
        raise DataError("Similarities must be finite, or -inf where a row does not meet a column.")
    columns = given.astype(np.int64)
    rows = np.arange(len(cosines))
    present = ~np.isneginf(cosines)
    if not present[rows, columns].all():
        raise DataError("The positive of a row is masked; without it nothing is pulled.")
    if (present.sum(axis=1) < 2).any():
        row = int(np.argmax(present.sum(axis=1) < 2))
        raise DataError(f"Row {row} has no negatives: contrast needs two candidates or more.")
    return cosines, columns


def checked_temperature(temperature: float) -> float:
    """The temperature as a float.

    Raises:
        DataError: It is not a finite number above 0.
    """
    value = float(temperature)
    if not (math.isfinite(value) and value > 0):
        raise DataError(f"The temperature is {temperature}; it must be a finite number above 0.")
    return value


def divided(cosines: Floats, temperatures: float | Floats) -> Floats:
    """Similarities over temperatures.

    Raises:
        DataError: A quotient exceeds what float64 can hold.
    """
    with np.errstate(over="ignore"):
        logits: Floats = cosines / temperatures
    if (np.isinf(logits) & np.isfinite(cosines)).any():
        raise DataError("The temperature is too small for these similarities: their quotient overflows.")
    return logits


def _hard_logits(shape: tuple[int, int], weight: float) -> Floats | float:
    """What the weight adds to the logits: log(weight) at (i, R + i)."""
    if weight == 1.0:
        return 0.0
    rows, columns = shape
    if not (math.isfinite(weight) and weight > 0):
        raise DataError(f"The weight of hard negatives is {weight}; it must be a finite number above 0.")
    if columns != 2 * rows:
        raise DataError(
            f"A weight of hard negatives needs (R, 2R) similarities; got {shape}.",
            hint="Put the hard negatives behind the positives, one for each row.",
        )
    return math.log(weight) * np.eye(rows, columns, k=rows)


def _sigmoid(x: Floats) -> Floats:
    """1/(1 + e^-x) that neither overflows nor loses digits at either end."""
    small: Floats = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, small) / (1.0 + small)
