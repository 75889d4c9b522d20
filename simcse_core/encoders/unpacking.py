"""A checkpoint that arrives as a .zip: unpacked into a folder of its own, nothing that could do harm."""

from __future__ import annotations

import hashlib
import shutil
import stat
import zipfile
from pathlib import Path, PurePosixPath

from simcse_core import runtime
from simcse_core.encoders.checks import CONVERT, check_weights, checked_config
from simcse_core.errors import EncoderError

ALLOWED = (".safetensors", ".json", ".txt", ".model", ".spm", ".md", ".jsonl")
PICKLED = (".bin", ".pkl", ".pt", ".pth", ".ckpt")
LARGEST = 600_000_000  # bytes, unpacked
MOST = 500  # files
PIECE = 1 << 20
_HINT = (
    "Zip the folder that `save_pretrained`, sentence-transformers or this product wrote, and nothing else."
)


def unpack_checkpoint(archive: Path, *, into: Path | None = None, largest: int = LARGEST) -> Path:
    """The checkpoint inside a .zip file, as a folder that `load_encoder` opens.

    Files of other kinds (pictures, code, optimiser states) are left out; nothing is run. The same archive is
    unpacked once.

    Args:
        archive: The .zip file.
        into: Where to keep it; the product's home if None.
        largest: Most bytes unpacked, counted while they come: an archive may lie about its size.

    Raises:
        EncoderError: No .zip file, a path that leaves the folder, a link, too large, pickled weights only, or
            no checkpoint inside.
    """
    from simcse_core.encoders.families import SUPPORTED

    with archive.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()[:16]
    target = (into or runtime.home() / "imports") / digest
    if not target.is_dir():
        _unpack_whole(archive, target, largest)
    root = _root(target)
    try:
        checked_config(root, SUPPORTED)
        check_weights(root)
    except EncoderError:
        shutil.rmtree(target, ignore_errors=True)
        raise
    return root.parent if root.name == "0_Transformer" else root


def _unpack_whole(archive: Path, target: Path, largest: int) -> None:
    """All or nothing: a folder beside it is renamed once it is complete and has been checked."""
    partial = target.with_name(f"{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        with zipfile.ZipFile(archive) as found:
            _unpack(found, partial, largest)
        _root(partial)
        partial.replace(target)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise EncoderError(f"The file is no readable .zip archive: {error}.", hint=_HINT) from None
    except OSError as error:
        raise EncoderError(
            f"The archive cannot be unpacked: {error.strerror or error}.", hint=_HINT
        ) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _unpack(found: zipfile.ZipFile, folder: Path, largest: int) -> None:
    entries = [entry for entry in found.infolist() if not entry.is_dir()]
    if len(entries) > MOST:
        raise EncoderError(f"The archive holds {len(entries):,} files; {MOST} are allowed.", hint=_HINT)
    left = largest
    for entry in entries:
        path = _inside(entry)
        if path.suffix.lower() in ALLOWED:
            left = _copy(found, entry, folder / path, left, largest)
    names = [PurePosixPath(entry.filename) for entry in entries]
    if not any(name.suffix == ".safetensors" for name in names) and any(n.suffix in PICKLED for n in names):
        raise EncoderError("The archive has only pickled weights, which can run code; refused.", hint=CONVERT)


def _inside(entry: zipfile.ZipInfo) -> PurePosixPath:
    """The path of an entry, which must stay below the folder."""
    path = PurePosixPath(entry.filename.replace("\\", "/"))
    named = bool(path.parts) and ":" not in path.parts[0] and "\0" not in entry.filename
    below = named and not path.is_absolute() and ".." not in path.parts
    if not below or stat.S_ISLNK(entry.external_attr >> 16):
        raise EncoderError(
            f"The archive holds {entry.filename[:80]!r}, which would lie outside its folder; refused.",
            hint=_HINT,
        )
    return path


def _copy(found: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, left: int, largest: int) -> int:
    """Unpack one file; returns how many bytes may still come."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with found.open(entry) as source, target.open("xb") as out:
        while piece := source.read(PIECE):
            left -= len(piece)
            if left < 0:
                raise EncoderError(
                    f"Unpacked, the archive is larger than {largest / 1e6:,.0f} MB.",
                    hint="Open such a checkpoint from a local folder.",
                )
            out.write(piece)
    return left


def _root(folder: Path) -> Path:
    """The folder with config.json, the outermost and first of them."""
    found = sorted(folder.rglob("config.json"), key=lambda path: (len(path.parts), str(path)))
    for path in found:
        if (path.parent / "modules.json").is_file() or _is_transformer(path.parent):
            return path.parent
    raise EncoderError("The archive holds no checkpoint: no config.json beside weights.", hint=_HINT)


def _is_transformer(folder: Path) -> bool:
    """Weights, or a run's weights, beside the configuration; those of a pooling have none."""
    return any(folder.glob("*.safetensors")) or any(folder.glob("pytorch_model*"))
