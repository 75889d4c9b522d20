"""What the objectives of labelled and scored pairs ask of their labels and scores."""

from __future__ import annotations

import torch
from torch import Tensor

from simcse_core.errors import DataError


def require_binary(label: Tensor, rows: int) -> Tensor:
    """Labels 0 (different) and 1 (similar) as booleans.

    Args:
        label: (B,) of any dtype.
        rows: B.

    Returns:
        (B,) bool, true where the pair is similar.

    Raises:
        DataError: Another shape, or a value that is neither 0 nor 1.
    """
    _require_one_per_row("label", label, rows)
    similar = label == 1
    if not bool((similar | (label == 0)).all()):
        raise DataError(
            "Labels of pairs are 0 (different) and 1 (similar); another value was given.",
            hint="For graded scores choose an objective that takes `score`, such as cosent.",
        )
    return similar


def require_classes(label: Tensor, rows: int, classes: int) -> Tensor:
    """Class numbers 0 to `classes` - 1, (B,) int64.

    Raises:
        DataError: Another shape, a fraction, or a number outside the classes.
    """
    _require_one_per_row("label", label, rows)
    number = label.long()
    if not bool(((number == label) & (number >= 0) & (number < classes)).all()):
        raise DataError(
            f"Labels must be whole numbers from 0 to {classes - 1}; got {label.min():g} to {label.max():g}.",
            hint="Set loss.classes to the number of different labels.",
        )
    return number


def require_groups(label: Tensor, rows: int) -> tuple[Tensor, Tensor]:
    """Who is whose positive and negative in a batch with a group label per row.

    Args:
        label: (B,); rows with equal labels are positives of each other.
        rows: B.

    Returns:
        `same` (B, B), true for two different rows of one group, and `other` (B, B), true across groups.

    Raises:
        DataError: Another shape, or no row has both a positive and a negative.
    """
    _require_one_per_row("label", label, rows)
    equal = label[:, None] == label[None, :]
    same = equal & ~torch.eye(rows, dtype=torch.bool, device=label.device)
    if not bool((same.any(dim=1) & (~equal).any(dim=1)).any()):
        raise DataError(
            "No row of this batch has both a row of its own label and one of another label.",
            hint="Draw each batch from several labels, with two or more sentences of each.",
        )
    return same, ~equal


def positive_columns(same: Tensor) -> tuple[Tensor, Tensor]:
    """The positives of each row as a list.

    Args:
        same: (B, B) bool.

    Returns:
        (B, K) int64 columns, K the most positives of any row, and (B, K) bool, false where a row has fewer.
    """
    counts = same.sum(dim=1, keepdim=True)
    most = int(counts.max())
    place = (same.cumsum(dim=1) - 1).masked_fill(~same, most)  # what is no positive goes to a column too many
    columns = torch.arange(same.shape[1], device=same.device).expand_as(same)
    listed = torch.zeros_like(columns[:, : most + 1]).scatter(1, place, columns)[:, :most]
    return listed, torch.arange(most, device=same.device) < counts


def require_scores(score: Tensor, rows: int) -> Tensor:
    """Finite scores in float32 at least, (B,).

    Raises:
        DataError: Another shape, or a score that is not a finite number.
    """
    _require_one_per_row("score", score, rows)
    if not score.is_floating_point() or score.dtype in {torch.float16, torch.bfloat16}:
        score = score.float()
    if not bool(score.isfinite().all()):
        raise DataError("A score is not a finite number.")
    return score


def _require_one_per_row(name: str, values: Tensor, rows: int) -> None:
    if tuple(values.shape) != (rows,):
        raise DataError(f"One {name} per row is needed: {rows} rows, {name} of shape {tuple(values.shape)}.")
