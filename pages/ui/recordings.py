"""Recorded results: files of `assets/recorded` that a page opens with, read once and checked."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, TypeVar

from simcse_core import runtime
from simcse_core.errors import DataError

Content = TypeVar("Content")


class Recording(Generic[Content]):
    """One recorded file; call it for its content, which is read again when the file changes on disk.

    Args:
        name: Of the file without its ending, which is that of its recorder.
        understand: From the decoded file to the content; raises LookupError, TypeError or ValueError where
            something is missing or of the wrong kind.
        public: Whether making it again takes the public STS sets.
    """

    def __init__(self, name: str, understand: Callable[[Any], Content], *, public: bool = False) -> None:
        self.name, self.understand = name, understand
        self.hint = f"Make it again: python -m simcse_core record {name}" + " --data DIR" * public
        self._read = lru_cache(maxsize=1)(self._read_anew)

    def __call__(self) -> Content:
        """The content.

        Raises:
            DataError: The file is missing or damaged.
        """
        path = runtime.assets() / "recorded" / f"{self.name}.json"
        return self._read(path, path.stat().st_mtime_ns if path.is_file() else 0)

    def _read_anew(self, path: Path, changed: int) -> Content:
        try:
            return self.understand(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, LookupError, TypeError, ValueError):
            message = f"The recorded results {path.name} are missing or damaged."
            raise DataError(message, hint=self.hint) from None


def with_parts(content: Any, parts: set[str], *further: bool) -> dict[str, Any]:
    """A decoded file that has all its parts.

    Args:
        content: The decoded file.
        parts: Its sections.
        further: What must hold besides.

    Raises:
        ValueError: A part is missing, or something does not hold.
    """
    missing = parts - set(content)
    if missing or not all(further):
        raise ValueError(f"without {sorted(missing)}")
    found: dict[str, Any] = content
    return found
