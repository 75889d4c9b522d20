"""What is done against false negatives: the push in one batch under InfoNCE and under three remedies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.errors import DataError
from simcse_core.theory.anatomy import Anatomy
from simcse_core.theory.measured import anatomy_of

Floats = NDArray[np.float64]
REMEDIES = ("plain", "guide", "debiased", "temperature")
"""Names of what `remedies` returns, in order."""


@dataclass(frozen=True)
class Remedy:
    """What one way of training does to a batch.

    Attributes:
        gradient: (n, n), d loss of the row / d cosine, nats per unit of cosine; 0 at what is masked.
        shares: (n, n), share of a row's push that each negative takes; rows sum to 1, or to 0 without a push.
        silent: Rows none of whose negatives is pushed.
    """

    gradient: Floats
    shares: Floats
    silent: int


def remedies(
    cosines: ArrayLike,
    judged: ArrayLike,
    *,
    temperature: float,
    threshold: float,
    prior: float,
    other_temperature: float,
) -> dict[str, Remedy]:
    """The push in a batch under InfoNCE and three remedies, each by the registered objective or wrapper.

    * `plain`: InfoNCE at `temperature`;
    * `guide`: the same without what the guide finds nearer than `threshold` (GISTEmbed; the guide reads a
      sentence and its positive alike, so its margin is 1 - threshold);
    * `debiased`: the debiased objective on the same rows, with `prior` (its own layout would also contrast
      the views of one side; here all four see the same candidates);
    * `temperature`: InfoNCE at `other_temperature`.

    Args:
        cosines: (n, n), row i column j: first view of i with second view of j.
        judged: (n, n) cosines under the guide.
        temperature: Of the first three.
        threshold: Guide's cosine above which a negative is left out.
        prior: Probability that a negative is in truth a positive.
        other_temperature: Of the last.

    Raises:
        DataError: The shapes differ, or the guide leaves an anchor without a negative.
    """
    import torch

    from simcse_core.losses.layouts import Candidates
    from simcse_core.losses.wrappers import false_negatives, without_false_negatives

    rows, guide = np.asarray(cosines, dtype=np.float64), np.array(judged, dtype=np.float64)
    if rows.ndim != 2 or rows.shape != guide.shape or rows.shape[0] != rows.shape[1]:
        raise DataError(f"Both matrices must be (n, n) of one n; got {rows.shape} and {guide.shape}.")
    np.fill_diagonal(guide, 1.0)
    own = np.arange(len(rows))
    trained = Candidates(torch.from_numpy(rows), torch.from_numpy(own))
    removed = false_negatives(Candidates(torch.from_numpy(guide), trained.positive), margin=1 - threshold)
    if removed.sum(dim=1).max() == len(rows) - 1:
        raise DataError("The guide leaves an anchor without a negative.", hint="Raise the threshold.")
    kept = without_false_negatives(trained, removed).similarities.numpy()
    return {
        "plain": _remedy(anatomy_of("info_nce", rows, own, temperature=temperature)),
        "guide": _remedy(anatomy_of("info_nce", kept, own, temperature=temperature)),
        "debiased": _remedy(anatomy_of("debiased", rows, own, temperature=temperature, positive_prior=prior)),
        "temperature": _remedy(anatomy_of("info_nce", rows, own, temperature=other_temperature)),
    }


def _remedy(parts: Anatomy) -> Remedy:
    return Remedy(parts.gradient, parts.shares, int((parts.total_push <= 0).sum()))
