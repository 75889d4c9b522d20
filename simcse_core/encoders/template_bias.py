"""What a template says without its sentence: the part that PromptBERT subtracts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from simcse_core.encoders.encoder import Encoder
from simcse_core.encoders.reading import pool, reading_of
from simcse_core.encoders.tokens import distinct_rows


def template_states(encoder: Encoder, rows: Sequence[Sequence[int]], spans: NDArray[np.int64]) -> Tensor:
    """Embeddings of filled templates whose sentences are hidden: (B, d) float32 with gradients.

    The sentences are hidden from attention and keep their places, so that the tokens after them stand where
    they stood (arXiv:2201.04337, sec. 4.2). Templates around sentences of one length are computed once.

    Args:
        encoder: Read at the mask token; in training mode dropout is active.
        rows: B filled templates, token numbers.
        spans: (B, 2), first token of each sentence and the one after its last.
    """
    filler = rows[0][0]  # not padding, which some families leave out when they count positions
    places = spans.tolist()
    blank = [[*row[:a], *[filler] * (b - a), *row[b:]] for row, (a, b) in zip(rows, places, strict=True)]
    distinct, place = distinct_rows([[*row, *span] for row, span in zip(blank, places, strict=True)])
    longest = max(len(row) for row in distinct) - 2
    ids = torch.full((len(distinct), longest), encoder.text_tokenizer.padding_id)
    mask = torch.zeros(len(distinct), longest, dtype=torch.bool)
    for number, (*row, first, last) in enumerate(distinct):
        ids[number, : len(row)] = torch.tensor(row)
        mask[number, : len(row)] = True
        mask[number, first:last] = False
    reading = reading_of(encoder, encoder.pooling, encoder.layers)
    device = encoder.device
    piece = encoder.engine.attend(ids.to(device), mask.to(device), set(reading.layers.values()))
    return pool(encoder, piece, reading)[torch.from_numpy(place).to(device)]
