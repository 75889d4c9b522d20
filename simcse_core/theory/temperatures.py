"""One row of a batch over many temperatures, and what remains at both ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from simcse_core.errors import DataError
from simcse_core.theory.anatomy import Floats, checked_rows, divided, softmax_parts


@dataclass(frozen=True)
class TemperatureCurves:
    """One anchor with C candidates at T temperatures; every field as in `Anatomy`, for this row alone.

    Attributes:
        temperatures: (T,) as given.
        loss: (T,) nats.
        shares: (T, C).
        gradient: (T, C), nats per unit of cosine.
        effective: (T,), effective number of negatives.
        top_share: (T,), share of the hardest negative (of one of them, if several tie).
        total_push: (T,), (1 - p⁺)/τ.
    """

    temperatures: Floats
    loss: Floats
    shares: Floats
    gradient: Floats
    effective: Floats
    top_share: Floats
    total_push: Floats


def over_temperatures(similarities: ArrayLike, positive: int, temperatures: ArrayLike) -> TemperatureCurves:
    """InfoNCE of one row as a function of τ, all temperatures in one pass.

    Args:
        similarities: (C,) cosines, -inf where the row must not meet a candidate.
        positive: Index of the positive.
        temperatures: (T,) each above 0.

    Returns:
        The curves, in the order of `temperatures`.

    Raises:
        DataError: The row or a temperature cannot be used.
    """
    row, at = _one_row(similarities, positive)
    taus = np.array(temperatures, dtype=np.float64)
    if taus.ndim != 1 or not taus.size or not (np.isfinite(taus) & (taus > 0)).all():
        raise DataError("The temperatures must be a list of finite numbers above 0.")
    others = np.delete(row, at)  # (C - 1,)
    heap, shares, entropy = softmax_parts(divided(others, taus[:, None]))  # (T,), (T, C - 1), (T,)
    away = heap - divided(row[at], taus)
    total = np.exp(-np.logaddexp(0.0, -away)) / taus  # (1 - p⁺)/τ
    return TemperatureCurves(
        temperatures=taus,
        loss=np.logaddexp(0.0, away),
        shares=np.insert(shares, at, 0.0, axis=1),
        gradient=np.insert(shares * total[:, None], at, -total, axis=1),
        effective=np.exp(entropy),
        top_share=shares.max(axis=1),
        total_push=total,
    )


@dataclass(frozen=True)
class Limits:
    """What a row of C candidates tends to as τ → 0 and as τ → ∞.

    Attributes:
        margin: max over negatives of s - s⁺; above 0 the positive lies behind the hardest negative.
        cold_loss: Limit of τ x loss as τ → 0: max(margin, 0), a triplet loss without margin on the hardest
            negative.
        cold_shares: (C,), all of the push on the hardest negative, split equally between exact ties.
        cold_push: Limit of the total push (1 - p⁺)/τ as τ → 0: 0 where the positive is ahead, else infinite.
        hot_loss: Limit of the loss as τ → ∞: log of the number of candidates met.
        hot_shares: (C,), the same for every negative.
        hot_push: Limit of the total push as τ → ∞, always 0.
    """

    margin: float
    cold_loss: float
    cold_shares: Floats
    cold_push: float
    hot_loss: float
    hot_shares: Floats
    hot_push: Literal[0]


def limits(similarities: ArrayLike, positive: int) -> Limits:
    """Both ends of the temperature for one row.

    Args:
        similarities: (C,) cosines, -inf where the row must not meet a candidate.
        positive: Index of the positive.

    Returns:
        The limits. The push vanishes at both ends where the positive is ahead of every negative, so a
        temperature of strongest push lies in between.

    Raises:
        DataError: The row cannot be used.
    """
    row, at = _one_row(similarities, positive)
    others = row.copy()
    others[at] = -np.inf
    met = ~np.isneginf(others)
    hardest = others == others.max()
    margin = float(others.max() - row[at])
    return Limits(
        margin=margin,
        cold_loss=max(margin, 0.0),
        cold_shares=hardest / hardest.sum(),
        cold_push=float("inf") if margin >= 0 else 0.0,
        hot_loss=float(np.log(met.sum() + 1)),
        hot_shares=met / met.sum(),
        hot_push=0,
    )


def _one_row(similarities: ArrayLike, positive: int) -> tuple[Floats, int]:
    row = np.asarray(similarities, dtype=np.float64)
    if row.ndim != 1:
        raise DataError(f"The similarities of one anchor must be a list (C,); got {row.shape}.")
    rows, columns = checked_rows(row[None], np.asarray([positive]))
    return rows[0], int(columns[0])
