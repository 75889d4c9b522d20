"""SimCSE Lab's core: train, load, measure and explain contrastive sentence encoders.

Importing this package is cheap: torch and transformers are loaded on first use.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simcse_core.encoders import load_encoder as load_encoder

# Waiting threads must sleep. With spinning barriers one busy neighbour makes two-core training several times
# slower; OpenMP reads this when torch is imported, so it cannot wait for a command or a page to set it.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__version__ = "0.1.0"
__all__ = ["__version__", "load_encoder"]


def __getattr__(name: str) -> Any:
    if name == "load_encoder":
        from simcse_core.encoders import load_encoder

        return load_encoder
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
