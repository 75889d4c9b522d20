"""ConSERT's augmentations: another order, tokens cut off, features cut off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from simcse_core.encoders.tokens import TextTokenizer
from simcse_core.registry import Choice, Range
from simcse_core.views import FEATURES_KEPT, TOKENS_KEPT, Generator, Roles, views
from simcse_core.views.words import chosen

WAYS = ("feature_cutoff", "token_cutoff", "shuffle", "none")


@views.register(
    "consert",
    title="Shuffling and cut-off (ConSERT)",
    source="Yan et al. 2021 (ConSERT), arXiv:2105.11741, sec. 3.2, and the released code",
    equation=r"E_i\odot M_i,\quad E_i^+=E(\pi(x_i))",
    gives={"sentences": ("anchor", "positive")},
)
def consert(
    records: Sequence[str],
    generator: Generator,
    tokenizer: TextTokenizer,
    width: int,
    *,
    first: Annotated[str, Choice(WAYS, "What is done to the anchor")] = "feature_cutoff",
    second: Annotated[str, Choice(WAYS, "What is done to the positive")] = "shuffle",
    feature_rate: Annotated[
        float, Range(0.0, 0.9, "Share of the features cut off", (0.1, 0.2, 0.3, 0.5))
    ] = 0.2,
    token_rate: Annotated[
        float, Range(0.0, 0.9, "Share of the tokens cut off", (0.1, 0.15, 0.2, 0.3))
    ] = 0.15,
) -> Roles:
    """Both sides are the same sentence, each changed in its own way at the embedding layer.

    A cut-off sets whole columns (features) or rows (tokens) of a sentence's embedding matrix to zero, behind
    the layer's normalisation and dropout, as the released code does. A token cut off this way is not deleted:
    it still takes part in attention.

    ConSERT shuffles the positions and leaves the tokens in order. Attention does not see the order of its
    rows, only their positions, so moving the tokens instead gives the same states in another order, and every
    read-out that treats tokens alike gives the same embedding. Deviation: the first and the last token keep
    their places, so that reading [CLS] keeps its meaning; the released code shuffles their positions too.

    Args:
        records: B sentences.
        generator: Draws orders, features and tokens, anew for each sentence.
        tokenizer: Of the encoder that is trained.
        width: Features of its embedding layer.
        first: As published.
        second: As published.
        feature_rate: int(rate x width) features become zero.
        token_rate: int(rate x tokens) tokens become zero, the special ones counted and cut off like others.

    Returns:
        `anchor` and `positive`, B rows of token numbers, and for a side that is cut what is left of it.
    """
    rows = tokenizer.plain_ids(records)
    found: dict[str, Any] = {}
    for role, way in (("anchor", first), ("positive", second)):
        found[role] = [_shuffled(row, generator) for row in rows] if way == "shuffle" else rows
        if way.endswith("cutoff"):
            rates = (token_rate, 0.0) if way == "token_cutoff" else (0.0, feature_rate)
            found[role + TOKENS_KEPT] = [_kept(len(row), rates[0], generator).tolist() for row in rows]
            found[role + FEATURES_KEPT] = np.stack([_kept(width, rates[1], generator) for _ in rows])
    return found


def _shuffled(row: list[int], generator: Generator) -> list[int]:
    inner = row[1:-1]
    return [*row[:1], *(inner[i] for i in generator.permutation(len(inner))), *row[-1:]]


def _kept(count: int, rate: float, generator: Generator) -> NDArray[np.int64]:
    kept = np.ones(count, dtype=np.int64)
    kept[list(chosen(generator, count, int(rate * count)))] = 0
    return kept
