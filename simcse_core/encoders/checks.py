"""What a checkpoint folder must look like before anything is loaded from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from simcse_core.encoders.tokens import read_json
from simcse_core.errors import EncoderError

CONVERT = (
    "Convert it in an environment you trust: AutoModel.from_pretrained(folder).save_pretrained(folder) "
    "writes model.safetensors; or use https://huggingface.co/spaces/safetensors/convert"
)


def checked_config(folder: Path, supported: tuple[str, ...]) -> dict[str, Any]:
    """The configuration of a checkpoint folder.

    Raises:
        EncoderError: Missing, needs code of its own, of an unsupported architecture, or a decoder.
    """
    config = read_json(folder / "config.json")
    if not config:
        raise EncoderError(
            f"{folder} has no config.json.",
            hint="Give a folder written by transformers or sentence-transformers.",
        )
    if config.get("auto_map"):
        raise EncoderError(
            f"{folder} needs code of its own (auto_map), which is never run here.",
            hint="Use a checkpoint of a built-in architecture.",
        )
    family = config.get("model_type")
    if family not in supported:
        raise EncoderError(
            f"The architecture {family!r} is not supported.", hint=f"Supported: {', '.join(supported)}."
        )
    if config.get("is_decoder") or config.get("position_embedding_type", "absolute") != "absolute":
        raise EncoderError(
            f"{folder} is a decoder or has relative positions.", hint="Only plain encoders are read."
        )
    return config


def check_weights(folder: Path) -> None:
    """Refuse weights that are missing, pickled, cut short or not safetensors.

    Raises:
        EncoderError: With what to do about it.
    """
    files = weight_files(folder)
    if not files:
        pickled = [
            name
            for name in ("pytorch_model.bin", "model.pkl", "pytorch_model.pt")
            if (folder / name).is_file()
        ]
        if pickled or any(folder.glob("pytorch_model*.bin")):
            raise EncoderError(
                f"{folder} has only pickled weights, which can run code; refused.", hint=CONVERT
            )
        raise EncoderError(f"{folder} has no model.safetensors.", hint="Copy the whole checkpoint folder.")
    for file in files:
        _check_safetensors(file)


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a checkpoint: one, or the shards its index names.

    Raises:
        EncoderError: A shard that the index names is missing.
    """
    single = folder / "model.safetensors"
    if single.is_file():
        return [single]
    index = read_json(folder / "model.safetensors.index.json")
    files = [folder / name for name in sorted(set(index.get("weight_map", {}).values()))]
    for file in files:
        if not file.is_file():
            raise EncoderError(f"{file} is missing.", hint="Copy every shard of the checkpoint.")
    return files


def _check_safetensors(file: Path) -> None:
    """Read the header and compare the size it promises with the size of the file."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        try:
            if not 2 <= length <= size - 8:
                raise ValueError("its header is longer than the file")
            header = json.loads(stream.read(length))
            ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
            promised = 8 + length + max(ends, default=0)
            if promised != size:
                raise ValueError(f"{size:,} bytes instead of {promised:,}")
        except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            raise EncoderError(
                f"{file} is damaged or cut short ({error}).", hint="Fetch or copy the file again."
            ) from None
