"""Where measured parts are kept: one JSON file for each encoder and part, checked when it is read.

`<home>/bench/<encoder digest>/<part>-<data digest>.json`. The encoder's digest changes with its weights,
pooling, layers, length, precision, template and repairs, the data's with any text or score, and the protocol
is written inside: what is read was measured in the same way on the same data. A damaged file is measured
again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simcse_core import runtime
from simcse_core.bench.results import PROTOCOL
from simcse_core.runs.files import read_json, write_json


def bench_folder() -> Path:
    """Folder of the kept parts; made on first write."""
    return runtime.home() / "bench"


def digest_of(*parts: Any) -> str:
    """First 16 hex digits of a SHA-256 over anything that JSON can hold."""
    text = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class Shelf:
    """Kept parts of one encoder.

    Attributes:
        notes: What happened while reading or writing that a user must know, one sentence each.
    """

    def __init__(self, encoder: str, *, folder: Path | None = None) -> None:
        """Look for the parts of the encoder with this digest; nothing is read yet."""
        self._folder = (folder or bench_folder()) / encoder
        self.notes: list[str] = []

    def read(self, name: str, data: str) -> dict[str, Any] | None:
        """A kept part; None where there is none, or none that can be trusted (then `notes` says so)."""
        return self._trusted(self._path(name, data), name)

    def newest(self, name: str) -> dict[str, Any] | None:
        """The part that was kept last under this name, whatever its data; None without a trusted one."""
        kept = sorted(self._folder.glob(self._path(name, "*").name), key=lambda path: path.stat().st_mtime)
        return self._trusted(kept[-1], name) if kept else None

    def _trusted(self, path: Path, name: str) -> dict[str, Any] | None:
        if not path.exists():
            return None
        read = read_json(path)
        found = read if isinstance(read, dict) else {}
        content = found.get("content")
        if isinstance(content, dict) and found.get("digest") == digest_of(content):
            return content if found.get("protocol") == PROTOCOL else None
        self.notes.append(f"The kept result of {name} was damaged, so it was measured again.")
        return None

    def write(self, name: str, data: str, content: Mapping[str, Any]) -> None:
        """Keep a part, in one move; a disk that is full or forbidden is noted and does no harm."""
        path = self._path(name, data)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_json(path, {"protocol": PROTOCOL, "digest": digest_of(content), "content": content})
        except OSError as error:
            self.notes.append(f"The result of {name} was not kept: {error.strerror or error}.")

    def _path(self, name: str, data: str) -> Path:
        return self._folder / f"{name.replace('/', '-').replace(' ', '-')}-{data}.json"
