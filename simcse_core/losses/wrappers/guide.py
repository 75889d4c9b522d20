"""Guided removal of false negatives: another model says which negatives mean the same as the positive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from simcse_core.errors import DataError
from simcse_core.losses.layouts import Candidates
from simcse_core.losses.wrappers.form import similarity_form


def false_negatives(guide: Candidates, *, margin: float = 0.0, relative: bool = False) -> Tensor:
    """Candidates that the guide finds nearer than the positive, less a margin.

    Source: Solatorio 2024 (GISTEmbed), arXiv:2402.16829; margins as in sentence-transformers.

    Args:
        guide: Rows of candidates of the guide's embeddings.
        margin: Taken off the positive's similarity; below 0 a candidate has to be nearer still.
        relative: The margin is a share of the positive's similarity.

    Returns:
        (R, C) bool; never true of a positive. Where the guide encodes a sentence and its positive alike (two
        dropout views), nothing exceeds their cosine of 1: a margin above 0 is needed.
    """
    own = guide.similarities.gather(1, guide.positive[:, None])
    least = own - (own.abs() * margin if relative else margin)
    return (guide.similarities > least).scatter(1, guide.positive[:, None], False)


def without_false_negatives(candidates: Candidates, removed: Tensor) -> Candidates:
    """The same rows with -inf at what is removed.

    Args:
        candidates: Rows of candidates of the trained embeddings.
        removed: (R, C) bool, from `false_negatives` of the same layout.

    Returns:
        New candidates. A row that loses all its negatives keeps its positive alone.

    Raises:
        DataError: The shapes differ, or no row has a negative left.
    """
    rows, columns = candidates.similarities.shape
    if removed.shape != (rows, columns):
        raise DataError(f"The guide has {tuple(removed.shape)} candidates, the batch ({rows}, {columns}).")
    kept = candidates.similarities.masked_fill(removed, float("-inf"))
    if not bool(((~torch.isneginf(kept)).sum(dim=1) > 1).any()):
        raise DataError(
            "The guide removed every negative of the batch.",
            hint="Lower the margin, or choose another guide.",
        )
    return Candidates(kept, candidates.positive)


def guided_loss(
    name: str,
    embeddings: Mapping[str, Tensor],
    guide: Mapping[str, Tensor],
    *,
    margin: float = 0.0,
    relative: bool = False,
    **parameters: Any,
) -> Tensor:
    """An objective over rows of candidates, without those that a guide takes for false negatives.

        loss = guided_loss("info_nce", embeddings, guide_embeddings, margin=0.05, temperature=0.01)

    Args:
        name: A registered objective that acts on similarities.
        embeddings: Role -> (B, d), of the encoder in training.
        guide: The same roles -> (B, any width), of the guide; no gradient reaches it.
        margin: As for `false_negatives`.
        relative: As for `false_negatives`.
        **parameters: Of the objective; defaults otherwise. GISTEmbed has temperature 0.01.

    Returns:
        Scalar, mean over rows; with a softmax a row without negatives counts as 0.

    Raises:
        ConfigError: The objective does not act on similarities alone.
        DataError: The shapes differ, or no negative is left where the objective needs one.
    """
    _, rows_of, on_similarities = similarity_form(name)
    with torch.no_grad():
        removed = false_negatives(rows_of(guide), margin=margin, relative=relative)
    return on_similarities(*without_false_negatives(rows_of(embeddings), removed), **parameters)
