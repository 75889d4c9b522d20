"""A batch as the two-view loss meets it: sentences, cosines of their views, likely false negatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.data.datasets import load_scored_pairs, sentence_subjects
from simcse_core.errors import ConfigError, DataError

if TYPE_CHECKING:
    from simcse_core.encoders import Encoder

JUDGE = "minilm"
"""The encoder that says which negatives may mean the same, whichever encoder is looked at."""
RARE = 0.9999
"""Share of random pairs of shipped sentences that a likely false negative exceeds under the judge."""
PARAPHRASE = 4.4
"""Shipped pairs scored this high say the same; two of their sentences in one batch are false negatives."""
NOT, LIKELY, KNOWN = 0, 1, 2
ALONE = -1


@dataclass(frozen=True)
class Batch:
    """Sentences of one batch.

    Attributes:
        texts: (n,) distinct sentences.
        groups: (n,) sentences of the same number were written as paraphrases; `ALONE` for the others.
    """

    texts: tuple[str, ...]
    groups: tuple[int, ...]


def draw_batch(subjects: Sequence[str], size: int, *, paraphrases: int = 0, seed: int = 0) -> Batch:
    """Shipped sentences in a random order, some of them in two wordings.

    Args:
        subjects: Files of shipped sentences to draw from; none means all.
        size: Sentences in the batch, n.
        paraphrases: Pairs of paraphrases among them, which take two places each.
        seed: Draws sentences, pairs and order.

    Raises:
        ConfigError: The pairs do not fit into the batch.
        DataError: The subjects hold too few sentences.
    """
    if 2 * paraphrases > size:
        raise ConfigError(f"{paraphrases} pairs do not fit into a batch of {size}.", hint="Take fewer pairs.")
    pool = [text for text, subject in sentence_subjects() if not subjects or subject in subjects]
    rng = np.random.default_rng(seed)
    plain = size - 2 * paraphrases
    if len(pool) < plain:
        raise DataError(
            f"These subjects hold {len(pool)} sentences; {plain} are needed.", hint="Choose more subjects."
        )
    chosen = [(pool[i], ALONE) for i in rng.choice(len(pool), size=plain, replace=False)]
    pairs = load_scored_pairs("pairs")
    same = np.flatnonzero(pairs.score >= PARAPHRASE)
    for group, row in enumerate(rng.choice(same, size=paraphrases, replace=False)):
        chosen += [(pairs.first[row], group), (pairs.second[row], group)]
    order = rng.permutation(size)
    texts, groups = zip(*(chosen[i] for i in order), strict=True)
    return Batch(tuple(texts), tuple(groups))


def view_cosines(
    encoder: Encoder, texts: Sequence[str], *, dropout: float, seed: int = 0
) -> NDArray[np.float64]:
    """Cosines of view 1 of every sentence with view 2 of every sentence, as the loss of SimCSE meets them.

    Both views go through the encoder in one pass, as in training; each row draws its own dropout masks. The
    encoder keeps the dropout rate it is given here; its training head, if there is one, takes part.

    Args:
        encoder: Left in the mode it was in.
        texts: n sentences.
        dropout: Rate in [0, 1); 0 makes both views equal.
        seed: Of the masks; the random state of the process is left as it was.

    Returns:
        (n, n), row i column j: view 1 of i with view 2 of j. The positives are on the diagonal.

    Raises:
        DataError: Fewer than two sentences.
        ConfigError: The rate is out of range.
    """
    import torch

    if len(texts) < 2:
        raise DataError("One sentence has no negatives.", hint="Give two sentences or more.")
    if encoder.dropout != dropout:
        encoder.set_dropout(dropout)
    before = encoder.training
    encoder.train()
    try:
        with torch.no_grad(), torch.random.fork_rng():
            torch.manual_seed(seed)
            views = encoder.forward_train([*texts, *texts]).double().cpu().numpy()
    finally:
        encoder.train(before)
    views /= np.maximum(np.linalg.norm(views, axis=1, keepdims=True), 1e-12)
    first, second = np.split(views, 2)
    cosines: NDArray[np.float64] = np.clip(first @ second.T, -1.0, 1.0)
    return cosines


def false_negatives(judged: ArrayLike, threshold: float, groups: Sequence[int] = ()) -> NDArray[np.int8]:
    """Which negatives may mean the same as their anchor.

    Args:
        judged: (n, n) cosines of the sentences under `JUDGE`, without dropout.
        threshold: From here on a negative is called likely false.
        groups: (n,) as in `Batch`; empty where nothing is known.

    Returns:
        (n, n): `NOT`, `LIKELY` (by the judge alone) or `KNOWN` (written as a paraphrase); `NOT` on the
        diagonal.
    """
    cosines = np.asarray(judged, dtype=np.float64)
    found = np.where(cosines >= threshold, LIKELY, NOT).astype(np.int8)
    if len(groups):
        known = np.asarray(groups)
        found[(known[:, None] == known[None, :]) & (known[:, None] != ALONE)] = KNOWN
    np.fill_diagonal(found, NOT)
    return found
