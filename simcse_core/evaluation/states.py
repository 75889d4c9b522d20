"""Hidden states of many texts read in many ways at once: layers, poolings, prompts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from simcse_core.encoders.buckets import chunks
from simcse_core.encoders.encoder import Encoder
from simcse_core.encoders.prompts import Filled, Template, fill
from simcse_core.encoders.reading import Progress, Reading, pool, reading_of
from simcse_core.encoders.template_bias import template_states
from simcse_core.errors import ConfigError
from simcse_core.evaluation.token_geometry import TokenGeometry

TOKENS = 8192  # tokens computed together

Key = tuple[int, str]
Vectors = NDArray[np.float32]


def read_states(
    encoder: Encoder,
    rows: Sequence[Sequence[int]],
    readings: Mapping[Key, Reading],
    *,
    tokens: TokenGeometry | None = None,
    progress: Progress | None = None,
) -> dict[Key, Vectors]:
    """Every reading of n rows of token numbers in one pass, (n, h) each, not normalised, not repaired.

    Args:
        encoder: In eval mode.
        rows: Token numbers, special tokens included.
        readings: (layer, pooling) → how it is read.
        tokens: Watches the states of all layers go by.
        progress: Called with rows done and their number.
    """
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    order = np.argsort(lengths, kind="stable")
    wanted = {layer for reading in readings.values() for layer in reading.layers.values()}
    wanted |= set(range(encoder.layers + 1)) if tokens is not None else set()
    found = {key: np.empty((len(rows), encoder.width), dtype=np.float32) for key in readings}
    with torch.inference_mode():
        for part in chunks(lengths[order], tokens=TOKENS):
            chosen = order[part]
            with encoder.lock:
                pieces = encoder.engine.infer([rows[i] for i in chosen], wanted)
                for key, reading in readings.items():
                    pooled = torch.cat([pool(encoder, piece, reading) for piece in pieces])
                    found[key][chosen] = pooled.cpu().numpy()
                if tokens is not None:
                    tokens.watch(chosen, pieces)
            if progress is not None:
                progress(part.stop, len(rows))
    return found


def readings_of(encoder: Encoder, poolings: Sequence[str]) -> dict[Key, Reading]:
    """Every pooling at every layer, the embedding layer included; `cls` at the last one, where its head is.

    Raises:
        ConfigError: No such pooling.
        EncoderError: It needs a head or a mask token that is not there.
    """
    return {
        (layer, name): reading_of(encoder, name, layer)
        for name in poolings
        for layer in range(encoder.layers + 1)
        if name != "cls" or layer == encoder.layers
    }


def prompt_states(
    encoder: Encoder, texts: Sequence[str], template: str, *, layers: Sequence[int] | None = None
) -> dict[Key, Vectors]:
    """Texts inside a template, read at its mask token: (layer, "mask") → (n, h).

    Args:
        encoder: Needs a mask token.
        texts: Sentences.
        template: Holds `[X]` and `[MASK]` once each.
        layers: Which; all if None.

    Raises:
        EncoderError: No mask token.
        ConfigError: The template cannot be filled.
    """
    filled = fill(encoder.text_tokenizer, Template(template), texts)
    asked = range(encoder.layers + 1) if layers is None else layers
    return read_states(encoder, filled.rows, {(n, "mask"): reading_of(encoder, "mask", n) for n in asked})


def prompt_vectors(encoder: Encoder, texts: Sequence[str], template: str, *, denoise: bool) -> Vectors:
    """Texts inside a template, read at the mask token of the last layer: (n, h), not normalised.

    Args:
        encoder: Loaded with pooling `mask`.
        texts: Sentences.
        template: Holds `[X]` and `[MASK]` once each.
        denoise: Subtract what the mask token says where the sentence is hidden and keeps its places
            (Jiang et al. 2022, arXiv:2201.04337, sec. 4.2).

    Raises:
        EncoderError: No mask token.
        ConfigError: The template cannot be filled, or the encoder is read otherwise.
    """
    found = prompt_states(encoder, texts, template, layers=(encoder.layers,))[encoder.layers, "mask"]
    if not denoise:
        return found
    if encoder.pooling != "mask":
        raise ConfigError(f"Denoising needs the read-out mask; {encoder.name} is read by {encoder.pooling}.")
    return found - _without_sentence(encoder, fill(encoder.text_tokenizer, Template(template), texts))


def _without_sentence(encoder: Encoder, filled: Filled) -> Vectors:
    with torch.inference_mode(), encoder.lock:
        found: Vectors = template_states(encoder, filled.rows, filled.spans).cpu().numpy()
    return found
