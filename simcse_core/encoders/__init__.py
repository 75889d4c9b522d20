"""Encoders: a name becomes a checkpoint on disk, a checkpoint becomes sentence vectors.

Importing this package loads neither torch nor transformers; `load_encoder` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simcse_core.encoders.catalogue import EncoderEntry, Source, list_encoders, resolve

if TYPE_CHECKING:
    from simcse_core.encoders.encoder import Encoder as Encoder
    from simcse_core.encoders.loading import load_encoder as load_encoder
    from simcse_core.encoders.tokens import TokenBatch as TokenBatch

__all__ = ["Encoder", "EncoderEntry", "Source", "TokenBatch", "list_encoders", "load_encoder", "resolve"]

_HOMES = {"Encoder": "encoder", "TokenBatch": "tokens", "load_encoder": "loading"}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"simcse_core.encoders.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
