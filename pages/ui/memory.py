"""Garbage collection without the libraries: what keeps every answer of the server short."""

from __future__ import annotations

import gc
import sys

_known = 0


def set_libraries_apart() -> None:
    """Leave what imports made out of later garbage collections, whenever a page has imported something new.

    Streamlit collects all garbage after every rerun. With pandas, Plotly and the rest in memory that looks at
    hundreds of thousands of objects that never go away, about 0.15 s of a core for each click.
    """
    global _known
    if len(sys.modules) != _known:
        _known = len(sys.modules)
        gc.collect()
        gc.freeze()
