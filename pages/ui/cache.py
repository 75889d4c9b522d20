"""What the pages remember across visitors: encoders (a few, locked) and embeddings (by digest and texts)."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from numpy.typing import NDArray

if TYPE_CHECKING:
    from simcse_core.encoders import Encoder

MAX_ENCODERS = 4
MAX_TABLES = 64


@dataclass(frozen=True)
class SharedEncoder:
    """An encoder in eval mode that all visitors share; hold `lock` while calling it."""

    encoder: Encoder
    lock: threading.Lock


@st.cache_resource(max_entries=MAX_ENCODERS, show_spinner=False)
def shared_encoder(name: str, pooling: str | None = None) -> SharedEncoder:
    """Load `name` once per process; `pooling` None is the checkpoint's own.

    Raises:
        EncoderError: The checkpoint cannot be found, trusted or loaded.
    """
    from simcse_core.encoders import load_encoder

    return SharedEncoder(load_encoder(name, pooling=pooling), threading.Lock())


def digest_of(texts: Sequence[str]) -> str:
    """Short hash of texts and their order."""
    summary = hashlib.sha256()
    for text in texts:
        raw = text.encode("utf-8", "surrogatepass")
        summary.update(len(raw).to_bytes(8, "big") + raw)
    return summary.hexdigest()[:16]


@st.cache_data(max_entries=MAX_TABLES, show_spinner=False)
def _embeddings(
    digest: str, texts_digest: str, normalize: bool, _shared: SharedEncoder, _texts: tuple[str, ...]
) -> NDArray[np.float32]:
    with _shared.lock:
        return _shared.encoder.encode(_texts, normalize=normalize)


def embed(
    name: str, texts: Sequence[str], *, pooling: str | None = None, normalize: bool = True
) -> NDArray[np.float32]:
    """Embeddings (n, d) of `texts`, in order; unit rows if `normalize`; computed once.

    Raises:
        EncoderError: The checkpoint cannot be found, trusted or loaded.
    """
    shared = shared_encoder(name, pooling)
    fixed = tuple(texts)
    return _embeddings(shared.encoder.digest, digest_of(fixed), normalize, shared, fixed)
