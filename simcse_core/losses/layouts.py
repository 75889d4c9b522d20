"""How a batch becomes rows of candidates: the similarity matrices that contrastive objectives act on.

An objective that depends on nothing but such a matrix registers two traits, and every tool that takes
similarities apart (shares of the push, gradients, the simulator, the step-by-step walk) then works with it:

* `layout`: one of the functions of `LAYOUTS` by name;
* `on_similarities`: `(similarities (R, C), positive (R,), **parameters) -> scalar`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from simcse_core.errors import DataError
from simcse_core.losses import require_same_shape, unit_rows


class Candidates(NamedTuple):
    """Rows of candidates.

    Attributes:
        similarities: (R, C) cosines; -inf where a row must not meet a column.
        positive: (R,) int64, the column of each row's positive.
    """

    similarities: Tensor
    positive: Tensor


class OnSimilarities(Protocol):
    """An objective as a function of its similarity matrix; every other keyword is one of its parameters."""

    def __call__(self, similarities: Tensor, positive: Tensor, **parameters: float) -> Tensor:
        """Scalar, mean over rows."""
        ...


def two_view(anchor: Tensor, positive: Tensor, negative: Tensor | None = None) -> Candidates:
    """Every anchor against all positives of the batch, then all hard negatives.

    Args:
        anchor: (B, d), any length; L2-normalised here.
        positive: (B, d); row i is the partner of anchor i.
        negative: (B, d); columns B to 2B - 1.

    Returns:
        (B, B) or (B, 2B) similarities; the positive of row i is column i.

    Raises:
        DataError: The shapes differ, or nothing is left to contrast with (B = 1 and no hard negative).
    """
    given = {"anchor": anchor, "positive": positive}
    require_same_shape(**given if negative is None else {**given, "negative": negative})
    if negative is None:
        _require_two(anchor)
    query = unit_rows(anchor)  # (B, d)
    similarities = query @ unit_rows(positive).T  # (B, B)
    if negative is not None:
        similarities = torch.cat([similarities, query @ unit_rows(negative).T], dim=1)  # (B, 2B)
    return Candidates(similarities, torch.arange(len(anchor), device=anchor.device))


def interleaved(anchor: Tensor, positive: Tensor) -> Candidates:
    """All 2B views [a, a', b, b', …] against each other; a view never meets itself.

    Args:
        anchor: (B, d), any length; L2-normalised here. Becomes rows 0, 2, 4, …
        positive: (B, d), partners of the anchors. Becomes rows 1, 3, 5, …

    Returns:
        (2B, 2B) similarities with -inf on the diagonal; the positive of row i is i + 1 - 2 (i mod 2).

    Raises:
        DataError: The shapes differ, or B = 1 (no negatives).
    """
    require_same_shape(anchor=anchor, positive=positive)
    _require_two(anchor)
    views = unit_rows(torch.stack([anchor, positive], dim=1).flatten(0, 1))  # (2B, d)
    itself = torch.eye(len(views), dtype=torch.bool, device=views.device)
    # -inf and not a large constant: a finite one leaks at small temperatures, or overflows in half precision
    similarities = (views @ views.T).masked_fill(itself, float("-inf"))
    return Candidates(similarities, partner_labels(len(views), views))


def partner_labels(rows: int, like: Tensor) -> Tensor:
    """0↔1, 2↔3, …: the row of the other view; (2B,) int64 on the device of `like`."""
    index = torch.arange(rows, device=like.device)
    return index + 1 - 2 * (index % 2)


def split_positive(similarities: Tensor, positive: Tensor) -> Candidates:
    """Each row's positive on its own, and the row without it.

    Args:
        similarities: (R, C), -inf where a row must not meet a column.
        positive: (R,) int64.

    Returns:
        `similarities` (R, C) with -inf in the positives' columns too; `positive` (R,) their similarities.

    Raises:
        DataError: A row has no negative left.
    """
    own = positive[:, None]
    negatives = similarities.scatter(1, own, float("-inf"))
    if torch.isneginf(negatives).all(dim=1).any():
        raise DataError(
            "A row has no negative left: every candidate but its positive is masked.",
            hint="Give larger batches, or mask less.",
        )
    return Candidates(negatives, similarities.gather(1, own).squeeze(1))


def _require_two(anchor: Tensor) -> None:
    if len(anchor) == 1:
        raise DataError("One pair has no negatives: in-batch contrast needs two or more pairs.")


LAYOUTS: dict[str, Callable[..., Candidates]] = {"two_view": two_view, "interleaved": interleaved}
