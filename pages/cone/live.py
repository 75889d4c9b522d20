"""What was not recorded is computed here, with a sign of life, and kept by digest, texts and settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from pages.cone.prompt import AS_RECORDED, Prompt
from pages.cone.recorded import split_name
from pages.ui.cache import digest_of, shared_encoder
from pages.ui.text import t
from simcse_core.errors import ConfigError, SimCSEError
from simcse_core.evaluation.cone import PROMPT, Scored, Spread, fitted, isotropic, layer_numbers, measure

CHUNK = 200  # sentences between two moves of the progress bar
CURVE_SENTENCES = 600
MOST_KNOWN = 4096
Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Facts:
    """What a computed number depends on besides its texts: the encoder's digest, device and number format."""

    digest: str
    device: str
    precision: str


@st.cache_data(max_entries=64, show_spinner=False)
def encoder_facts(name: str, pooling: str | None) -> Facts:
    """Facts of the encoder behind `name` in the read-out `pooling`; loads it."""
    encoder = shared_encoder(name, pooling).encoder
    return Facts(encoder.digest, str(encoder.device), str(encoder.dtype).removeprefix("torch."))


def facts_at(name: str, layer: int | None, pooling: str) -> Facts:
    """Facts of the encoder that reads `name` at `layer`."""
    loadable, at = name_at(name, layer)
    return encoder_facts(loadable, None if at == 0 else pooling)


@st.cache_data(max_entries=512, show_spinner=False)
def _vectors(
    digest: str,
    texts: str,
    layer: int | None,
    prompt: Prompt,
    _name: str,
    _pooling: str,
    _texts: Sequence[str],
) -> Vectors:
    """Embeddings (n, d), not normalised, of a few texts; `layer` 0 is the embedding layer, None the last."""
    shared = shared_encoder(_name, None if layer == 0 and _pooling != "mask" else _pooling)
    with shared.lock:
        if _pooling == "mask":
            return _prompted(shared.encoder, _texts, layer, prompt)
        if layer == 0:
            return shared.encoder.encode_layers(_texts, poolings=(_pooling,), normalize=False)[0, _pooling]
        return shared.encoder.encode(_texts, normalize=False)


def _prompted(encoder: Any, texts: Sequence[str], layer: int | None, prompt: Prompt) -> Vectors:
    """The texts inside a template, read at its mask token."""
    from simcse_core.evaluation.states import prompt_states, prompt_vectors  # with torch

    if layer == 0:
        return prompt_states(encoder, texts, prompt.text, layers=(0,))[0, "mask"]
    return prompt_vectors(encoder, texts, prompt.text, denoise=prompt.denoise)


@st.cache_resource(show_spinner=False)
def _known() -> set[tuple[Any, ...]]:
    """What has been computed by this process: only what has not needs a progress bar."""
    return set()


def name_at(name: str, layer: int | None) -> tuple[str, int | None]:
    """The encoder that ends at `layer` of `name`, and 0 where only the embedding layer is wanted."""
    if layer is None:
        return name, None
    base, kept = split_name(name)
    if layer == 0:
        return f"{base}:1", 0
    return f"{base}:{layer if kept is None else min(layer, kept)}", None


def vectors(
    name: str,
    layer: int | None,
    pooling: str,
    texts: Sequence[str],
    place: DeltaGenerator,
    prompt: Prompt = AS_RECORDED,
) -> Vectors:
    """Embeddings (n, d) of `texts`, not normalised; a bar moves in `place` while they are computed.

    Raises:
        EncoderError: The checkpoint cannot be found, trusted or loaded.
        ConfigError: `cls` or a denoised prompt at the embedding layer, where they have no meaning.
    """
    if layer == 0 and pooling == "cls":
        raise ConfigError(t("cone.no_head"), hint=t("cone.no_head_hint"))
    if layer == 0 and pooling == "mask" and prompt.denoise:
        raise ConfigError(t("cone_views.prompt.empty"), hint=t("cone.no_head_hint"))
    loadable, at = name_at(name, layer)
    key = (loadable, at, pooling, prompt, digest_of(texts))
    fresh = key not in _known()
    bar = place.progress(0.0, t("cone.loading", name=_short(name))) if fresh else None
    digest = facts_at(name, layer, pooling).digest
    parts: list[Vectors] = []
    for start in range(0, len(texts), CHUNK):
        piece = tuple(texts[start : start + CHUNK])
        if bar is not None:
            share = start / len(texts)
            bar.progress(share, t("cone.reading", name=_short(name), done=start, total=len(texts)))
        parts.append(_vectors(digest, digest_of(piece), at, prompt, loadable, pooling, piece))
    if bar is not None:
        bar.empty()
    if len(_known()) >= MOST_KNOWN:
        _known().clear()
    _known().add(key)
    return np.concatenate(parts)


def _short(name: str) -> str:
    return name.rstrip("/").rsplit("/", 1)[-1]


@st.cache_data(max_entries=256, show_spinner=False)
def _spread(
    key: tuple[Any, ...],
    repair: str | None,
    _settings: Mapping[str, Any],
    _rows: Vectors,
    _scored: Scored | None,
) -> Spread:
    return measure(_rows, repair=fitted(repair, _rows, **_settings), scored=_scored)


def spread_of(
    name: str,
    layer: int | None,
    pooling: str,
    repair: str | None,
    settings: Mapping[str, Any],
    texts: Sequence[str],
    pairs: Any,
    place: DeltaGenerator,
    prompt: Prompt = AS_RECORDED,
) -> Spread:
    """Measure an encoder on `texts` and its order on scored `pairs`.

    Raises:
        EncoderError: The checkpoint cannot be found, trusted or loaded.
        DataError: The repair cannot be learned from these sentences.
    """
    rows = vectors(name, layer, pooling, texts, place, prompt)
    both = vectors(name, layer, pooling, [*pairs.first, *pairs.second], place, prompt)
    scored = Scored(both[: len(pairs)], both[len(pairs) :], pairs.score)
    digest = facts_at(name, layer, pooling).digest
    asked = tuple(sorted(settings.items()))
    key = (digest, layer, pooling, prompt, digest_of(texts), digest_of(pairs.first), asked)
    return _spread(key, repair, dict(settings), rows, scored)


@st.cache_data(max_entries=16, show_spinner=False)
def reference_of(rows: int, dimension: int) -> Spread:
    """Evenly spread directions of this size, a sample with seed 0."""
    return isotropic(rows, dimension)


@st.cache_data(max_entries=16, show_spinner=False)
def curves_of(
    name: str, digest: str, texts: str, _texts: Sequence[str], _poolings: Sequence[str]
) -> dict[str, dict[str, dict[int, float]]]:
    """Metric -> read-out -> layer -> value, of an encoder that was not recorded; `cls` has one layer only."""
    shared = shared_encoder(name)
    plain = [pooling for pooling in _poolings if pooling not in {"cls", "mask"}]
    with shared.lock:
        every = shared.encoder.encode_layers(_texts, poolings=plain)
        with suppress(SimCSEError):  # no mask token: one line less
            from simcse_core.evaluation.states import prompt_states  # with torch

            every |= prompt_states(shared.encoder, _texts, PROMPT)
    found: dict[str, dict[str, dict[int, float]]] = {}
    for (layer, pooling), rows in every.items():
        for metric, value in layer_numbers(rows).items():
            found.setdefault(metric, {}).setdefault(pooling, {})[layer] = value
    return found
