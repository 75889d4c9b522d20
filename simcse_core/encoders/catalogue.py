"""What encoders there are, and from a name to the files of one. No torch here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from simcse_core import runtime
from simcse_core.encoders import hub, packaged
from simcse_core.encoders.runfolder import checkpoint_of, is_run
from simcse_core.encoders.tokens import read_json
from simcse_core.errors import ConfigError, EncoderError

_LAYERS = re.compile(r"^(?P<base>.+):(?P<layers>\d+)$")
_AT = re.compile(r"^(?P<base>.+)@(?P<at>[\w.\-]+)$")


@dataclass(frozen=True)
class Source:
    """Where the files of an encoder lie.

    Attributes:
        name: As the user wrote it.
        folder: Folder with config.json, weights and tokenizer, in transformers' layout.
        root: Folder with modules.json, where it is a sentence-transformers folder; else the same as `folder`.
        kind: shipped, minilm, folder, run or hub.
        layers: How many of the first layers to keep; None for all.
        note: What was decided on the way (which checkpoint of a run, say); may be empty.
    """

    name: str
    folder: Path
    root: Path
    kind: str
    layers: int | None
    note: str = ""


@dataclass(frozen=True)
class EncoderEntry:
    """One encoder the product knows by name.

    Attributes:
        name: What to give to `load_encoder`.
        title: Human name.
        source: Where it comes from, with the paper or repository.
        licence: SPDX identifier of the weights.
        available: Whether its files are on this machine.
        note: What it is for, or how to get it; one sentence.
        layers: Transformer layers it has.
    """

    name: str
    title: str
    source: str
    licence: str
    available: bool
    note: str
    layers: int


def shipped_folder() -> Path:
    """Folder of the encoders that ship with the product (it may not exist)."""
    try:
        return runtime.assets() / "encoders"
    except ConfigError:
        return Path("encoders-are-not-here")


def list_encoders() -> list[EncoderEntry]:
    """Every encoder known by name: those that ship, then MiniLM as packaged on PyPI."""
    return [*(_shipped_entry(path) for path in _shipped()), _minilm_entry()]


def _shipped() -> list[Path]:
    folder = shipped_folder()
    found = (
        sorted(path for path in folder.iterdir() if (path / "config.json").is_file())
        if folder.is_dir()
        else []
    )
    return [path for path in found if path.name != packaged.NAME]


def _shipped_entry(folder: Path) -> EncoderEntry:
    described = read_json(folder / "simcse.json")
    config = read_json(folder / "config.json")
    return EncoderEntry(
        name=folder.name,
        title=str(described.get("title") or folder.name),
        source=str(described.get("source") or "this project's own"),
        licence=str(described.get("licence") or "see LICENSE"),
        available=(folder / "model.safetensors").is_file(),
        note=str(described.get("note") or "Ships with the product."),
        layers=int(config.get("num_hidden_layers") or config.get("n_layers") or 0),
    )


def _minilm_entry() -> EncoderEntry:
    there = packaged.is_installed()
    return EncoderEntry(
        name=packaged.NAME,
        title="all-MiniLM-L6-v2",
        source="sentence-transformers/all-MiniLM-L6-v2 (Wang et al. 2020, arXiv:2002.10957), from PyPI",
        licence="Apache-2.0",
        available=there,
        note="Trained on 1.17 billion pairs; its first layers (minilm:4) are a real, anisotropic encoder."
        if there
        else packaged.HOW_TO_GET,
        layers=6,
    )


def resolve(name: str) -> Source:
    """Find the files behind `name`.

    `name` is a shipped name, `minilm`, a local folder, a run folder (`RUN`, `RUN@40`, `RUN@best`) or a
    Hugging Face id (`org/name`, `org/name@revision`). A trailing `:k` keeps the first k layers.

    Raises:
        HubError: The Hub was needed and did not answer, or has no such repository.
        EncoderError: No such folder, or the files cannot be trusted.
    """
    if not isinstance(name, str) or not name.strip():
        raise EncoderError("An encoder needs a name.", hint="Give minilm, a folder or a Hugging Face id.")
    base, layers = name.strip(), None
    cut = _LAYERS.match(base)
    if cut and _existing(base) is None:
        base, layers = cut["base"], int(cut["layers"])
    if layers == 0:
        raise EncoderError(f"{name!r} keeps 0 layers.", hint="Keep one layer or more, e.g. minilm:4.")
    folder, kind, note = _locate(base)
    files = _transformer_folder(folder)
    return Source(name=name.strip(), folder=files, root=folder, kind=kind, layers=layers, note=note)


def _locate(base: str) -> tuple[Path, str, str]:
    if base == packaged.NAME:
        return packaged.verified_folder(), "minilm", ""
    shipped = {path.name: path for path in _shipped()}
    if base in shipped:
        return shipped[base], "shipped", ""
    folder = _existing(base)
    if folder is not None:
        return _local(folder, None)
    at = _AT.match(base)
    folder = _existing(at["base"]) if at else None
    if at and folder is not None:
        return _local(folder, at["at"])
    if _looks_like_path(base):
        raise EncoderError(
            f"There is no folder {base}.",
            hint="Check the path, or give a shipped name such as minilm.",
            command="python -m simcse_core list encoders",
        )
    repository, revision = (at["base"], at["at"]) if at else (base, None)
    return hub.fetch(repository, revision=revision), "hub", ""


def _existing(name: str) -> Path | None:
    """The file or folder of that name; None if there is none, or none that may be looked at."""
    try:
        path = Path(name).expanduser()
        return path if path.exists() else None
    except (OSError, RuntimeError, ValueError):  # too long, forbidden; no such user; a NUL
        return None


def _local(folder: Path, at: str | None) -> tuple[Path, str, str]:
    if folder.is_file():
        raise EncoderError(f"{folder} is a file.", hint="Give the folder that holds config.json.")
    if is_run(folder):
        checkpoint, note = checkpoint_of(folder, at)
        return checkpoint, "run", note
    if at is not None:
        raise EncoderError(
            f"{folder} is not a run folder, so there is no {at!r} in it.", hint="Leave out the @ part."
        )
    return folder, "folder", ""


def _looks_like_path(base: str) -> bool:
    return base.startswith((".", "/", "~")) or base.count("/") > 1 or "\\" in base or base.endswith("/")


def _transformer_folder(root: Path) -> Path:
    """The folder of the transformer inside a sentence-transformers folder (root itself, or 0_Transformer)."""
    if (root / "config.json").is_file():
        return root
    inner = root / "0_Transformer"
    return inner if (inner / "config.json").is_file() else root
