"""The second half of the walk: from embeddings to the loss, one small NumPy function a step.

The page shows the source of these functions, so each does one thing. They run in float64: rounding is not
part of the story, and the tests compare with the registered objectives.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = Any
"""A NumPy array; the type checker knows no more of what indexing and `@` make of mixed types."""


def unit_rows(embeddings: Array) -> Array:
    """Rows (R, d) at length 1, so that a dot product is a cosine."""
    rows = embeddings.astype(np.float64)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.maximum(lengths, 1e-12)


def two_view_similarities(unit: Array) -> Array:
    """View 1 against view 2: (B, B)."""
    first, second = np.split(unit, 2)
    return first @ second.T


def interleaved_similarities(unit: Array) -> Array:
    """All views a, a', b, b', … against each other: (2B, 2B)."""
    first, second = np.split(unit, 2)
    views = np.stack([first, second], axis=1).reshape(unit.shape)
    return views @ views.T


def triple_similarities(unit: Array) -> Array:
    """Anchors against all positives, then all hard negatives: (B, 2B)."""
    anchors, positives, negatives = np.split(unit, 3)
    return anchors @ np.concatenate([positives, negatives]).T


def mask_nothing(similarities: Array) -> Array:
    """No row meets itself here, so there is nothing to mask."""
    return similarities


def mask_itself(similarities: Array) -> Array:
    """-inf where a view would meet itself; done before dividing, and with no finite constant."""
    itself = np.eye(len(similarities), dtype=bool)
    return np.where(itself, -np.inf, similarities)


def divide(masked: Array, temperature: float) -> Array:
    """Logits: differences of cosines become differences of exponents."""
    return masked / temperature


def same_index(rows: int) -> Array:
    """The positive of row i is column i."""
    return np.arange(rows)


def partner_index(rows: int) -> Array:
    """0↔1, 2↔3, …: the positive of row i is the other view of its sentence."""
    index = np.arange(rows)
    return index + 1 - 2 * (index % 2)


def softmax(logits: Array) -> Array:
    """Probabilities (R, C); the largest logit is taken off first, so exp cannot overflow."""
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def cross_entropy(logits: Array, labels: Array) -> Array:
    """-log of the probability of each row's positive, in nats: (R,)."""
    top = logits.max(axis=1)
    log_total = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
    return log_total - logits[np.arange(len(logits)), labels]


def mean_loss(losses: Array) -> float:
    """The loss of the batch."""
    return float(losses.mean())


@dataclass(frozen=True)
class Layout:
    """How a batch becomes rows of candidates.

    Attributes:
        parts: Texts a sentence brings into the batch: 2, or 3 with a hard negative.
        objective: The registered objective with this layout.
        similarities: Unit rows (parts · B, d) → (R, C).
        mask: (R, C) → (R, C), -inf where a row must not meet a column.
        labels: R → (R,), the column of each row's positive.
    """

    parts: int
    objective: str
    similarities: Callable[[Array], Array]
    mask: Callable[[Array], Array]
    labels: Callable[[int], Array]


LAYOUTS: dict[str, Layout] = {
    "two_view": Layout(2, "info_nce", two_view_similarities, mask_nothing, same_index),
    "interleaved": Layout(2, "info_nce_interleaved", interleaved_similarities, mask_itself, partner_index),
    "triples": Layout(3, "info_nce", triple_similarities, mask_nothing, same_index),
}
"""The layouts by name, in the order in which the page offers them."""


@dataclass(frozen=True)
class HalfPrecision:
    """What two ways to mask leave of one batch in float16.

    Attributes:
        constant: 1e12 as float16.
        off_diagonal: 0 · 1e12, which the identity times the constant holds off the diagonal.
        divided: The lowest round float16 number divided by the temperature.
        subtracted: Loss after `(s - eye · 1e12) / temperature`.
        filled: Loss after filling the diagonal with -inf.
    """

    constant: float
    off_diagonal: float
    divided: float
    subtracted: float
    filled: float


LOWEST_ROUND = -60_000.0  # float16 ends at ±65,504


def half_precision(similarities: Array, labels: Array, temperature: float) -> HalfPrecision:
    """Mask the diagonal of (R, R) cosines in float16 by subtracting 1e12, and by filling with -inf.

    Every number is a float16, the constant too, as where a framework converts it to the type of the tensor.
    PyTorch computes a Python number times a half tensor in float32 and gets away with -inf.
    """
    half, tau = similarities.astype(np.float16), np.float16(temperature)
    eye = np.eye(len(half), dtype=np.float16)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        constant = np.float16(1e12)
        subtracted = (half - eye * constant) / tau
        filled = mask_itself(half).astype(np.float16) / tau
        return HalfPrecision(
            float(constant),
            float(np.float16(0) * constant),
            float(np.float16(LOWEST_ROUND) / tau),
            mean_loss(cross_entropy(subtracted, labels)),
            mean_loss(cross_entropy(filled, labels)),
        )
