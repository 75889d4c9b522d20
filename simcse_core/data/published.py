"""Numbers from papers, quoted with source, table and protocol; never mixed with our own."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from typing import Any

from simcse_core import runtime
from simcse_core.errors import DataError


@lru_cache(maxsize=16)
def published(name: str) -> dict[str, Any]:
    """The quoted table `assets/data/published/<name>.toml`: `source`, `table`, `model`, `measure`, `rows`.

    Raises:
        DataError: There is no such table, or its file is damaged.
    """
    path = runtime.assets() / "data" / "published" / f"{name}.toml"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise DataError(f"The published numbers {path.name} cannot be read: {error}.") from None
