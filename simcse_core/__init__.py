"""SimCSE Lab's core: train, load, measure and explain contrastive sentence encoders.

Importing this package is cheap: torch and transformers are loaded on first use.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simcse_core.encoders import load_encoder as load_encoder

# Read when torch is imported, so they cannot wait for a command or a page to set them:
# waiting threads must sleep (with spinning barriers one busy neighbour makes two-core training several
# times slower), and kernels are kept for few shapes only (texts have many lengths; each costs memory).
for _name, _value in (
    ("OMP_WAIT_POLICY", "PASSIVE"),
    ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64"),
    ("LRU_CACHE_CAPACITY", "64"),
):
    os.environ.setdefault(_name, _value)

__version__ = "0.1.0"
__all__ = ["__version__", "load_encoder"]


def __getattr__(name: str) -> Any:
    if name == "load_encoder":
        from simcse_core.encoders import load_encoder

        return load_encoder
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
