"""Dropout views of sentences from a real encoder: one batch, or many views of each; torch only inside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simcse_core.theory.batch import Views
from simcse_core.theory.walk_encoder import forward, in_train_mode, pool_rows, read_batch, read_tokens

if TYPE_CHECKING:
    from simcse_core.encoders import Encoder


def views_of(
    encoder: Encoder, parts: Sequence[Sequence[str]], *, dropout: float, same_mask: bool, seed: int
) -> Views:
    """Send anchors, positives and perhaps hard negatives through an encoder in train mode.

    Raises:
        DataError: Fewer than two texts, unequal numbers, or too many rows.
        ConfigError: `dropout` is out of range.
    """
    batch = read_batch(encoder, *parts, dropout=dropout, same_mask=same_mask, seed=seed)
    return Views(batch.texts, batch.parts, dropout, same_mask, batch.embeddings)


def dropout_views(
    encoder: Encoder, texts: Sequence[str], *, dropout: float, count: int, seed: int
) -> NDArray[np.float32]:
    """`count` embeddings of every text in train mode, each row under masks of its own.

    Args:
        encoder: Any loaded encoder; it stays as it is.
        texts: n texts.
        dropout: Hidden and attention dropout, in [0, 1).
        count: Views of each text; one is computed and repeated where `dropout` is 0.
        seed: Of the masks.

    Returns:
        (n, count, d).

    Raises:
        ConfigError: `dropout` is out of range.
    """
    ids, mask = read_tokens(encoder, texts)
    found = []
    with in_train_mode(encoder, dropout) as model:
        for number in range(count if dropout else 1):  # a pass a view keeps the memory of one batch
            states = forward(model, ids, mask, seed + number)
            found.append(pool_rows(encoder, states, mask, ids).detach().float().cpu().numpy())
    views = np.stack(found, axis=1)
    return views if dropout else np.repeat(views, count, axis=1)
