"""What a similarity is worth among random pairs, and which rows are nearest; NumPy only, no torch."""

from __future__ import annotations

from simcse_core.search.background import Background, background_sentences
from simcse_core.search.index import CosineIndex, Hits

__all__ = ["Background", "CosineIndex", "Hits", "background_sentences"]
