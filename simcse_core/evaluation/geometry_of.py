"""Measure an encoder's space at every layer by every pooling, its dimensions and its tokens."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from simcse_core.data.records import ScoredPairs
from simcse_core.encoders.encoder import Encoder
from simcse_core.encoders.reading import Progress
from simcse_core.errors import DataError, EncoderError
from simcse_core.evaluation.anisotropy import isotropic_numbers, readable, special_ids, spread_numbers
from simcse_core.evaluation.cone import PROMPT, Scored
from simcse_core.evaluation.geometry import Geometry, Key, State, dimension_effects
from simcse_core.evaluation.states import Vectors, prompt_states, read_states, readings_of
from simcse_core.evaluation.static_bias import static_removals, token_map
from simcse_core.evaluation.token_geometry import TokenGeometry

TOKENS_SHOWN = 700  # on the map of the vocabulary


def geometry_of(
    encoder: Encoder,
    texts: Sequence[str],
    pairs: ScoredPairs,
    *,
    headed: Encoder | None = None,
    prompt: str = PROMPT,
    seed: int = 0,
    bootstrap: int = 1000,
    progress: Progress | None = None,
) -> Geometry:
    """Read the sentences and the pairs at every layer in every way, and measure all that the page shows.

    Args:
        encoder: Read by any pooling but `cls`, without a template; its repairs are not applied.
        texts: Sentences; repeated ones count once.
        pairs: Scored pairs.
        headed: The same loaded with pooling `cls`, where it has a head; measured at the last layer.
        prompt: Template of the mask read-out, where the tokenizer has a mask token.
        seed: Draws token types, isotropic vectors and dimensions.
        bootstrap: Resamples of the intervals of the removals.
        progress: Called with states measured and their number.

    Raises:
        DataError: Fewer than two distinct sentences.
    """
    distinct = list(dict.fromkeys(texts))
    if len(distinct) < 2:
        raise DataError(f"The geometry needs two or more distinct sentences; got {len(distinct)}.")
    rows = encoder.token_rows(distinct)
    tokens = TokenGeometry(rows, special_ids(encoder), encoder.layers + 1, seed=seed)
    found = _read(encoder, headed, distinct, prompt, tokens)
    judged = _read(encoder, headed, pairs.sentences(), prompt)
    return Geometry(
        len(distinct),
        len(pairs),
        encoder.width,
        encoder.layers,
        _measured(found, judged, pairs, seed, progress),
        tokens.numbers(),
        isotropic_numbers(len(distinct), encoder.width, seed=seed),
        tokens.isotropic(),
        token_map(encoder, distinct, count=TOKENS_SHOWN),
        static_removals(encoder, pairs, distinct, bootstrap=bootstrap),
    )


def _read(
    encoder: Encoder,
    headed: Encoder | None,
    texts: Sequence[str],
    prompt: str,
    tokens: TokenGeometry | None = None,
) -> dict[Key, Vectors]:
    """Every reading of the texts, (n, d) each."""
    rows = encoder.token_rows(texts)
    found = read_states(encoder, rows, readings_of(encoder, readable(encoder)), tokens=tokens)
    with suppress(EncoderError):  # no mask token: one read-out less
        found |= prompt_states(encoder, texts, prompt)
    if headed is not None:
        found |= read_states(headed, rows, readings_of(headed, ("cls",)))
    return found


def _measured(
    found: dict[Key, Vectors],
    judged: dict[Key, Vectors],
    pairs: ScoredPairs,
    seed: int,
    progress: Progress | None,
) -> dict[Key, State]:
    """Numbers of every reading; both dictionaries are emptied on the way, so that memory is given back."""
    place = {text: number for number, text in enumerate(pairs.sentences())}
    first, second = ([place[text] for text in side] for side in (pairs.first, pairs.second))
    states: dict[Key, State] = {}
    keys = list(found)
    for done, key in enumerate(keys, start=1):
        both, rows = judged.pop(key), found.pop(key)
        with suppress(DataError):  # a row of zeros: its direction is not defined
            states[key] = _state(rows, Scored(both[first], both[second], pairs.score), seed)
        if progress is not None:
            progress(done, len(keys))
    return states


def _state(rows: Vectors, scored: Scored, seed: int) -> State:
    dimensions = dimension_effects(rows, scored, seed=seed)
    numbers: dict[str, Any] = spread_numbers(np.asarray(rows, dtype=np.float64))
    return State({**numbers, "spearman": dimensions.largest[0].spearman}, dimensions)
