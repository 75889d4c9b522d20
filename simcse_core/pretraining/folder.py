"""Folders of a masked language model: written whole or not at all, opened by plain transformers."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer

from simcse_core.encoders.loading import quiet
from simcse_core.errors import EncoderError
from simcse_core.pretraining.config import PretrainConfig
from simcse_core.pretraining.vocabulary import tokenizer_settings

TIED = (
    "cls.predictions.decoder.weight",
    "cls.predictions.decoder.bias",
)  # the embeddings and the head's bias


@contextmanager
def replace_folder(folder: Path) -> Iterator[Path]:
    """A new folder to write into; it takes the place of `folder` at the end, or is removed after an error."""
    partial = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
        if folder.exists():
            folder.replace(old)
        partial.replace(folder)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_model(
    model: Any, backend: Tokenizer, config: PretrainConfig, folder: Path, *, half: bool = False
) -> None:
    """BertForMaskedLM in transformers' layout with its tokenizer.

    Args:
        model: The BertForMaskedLM.
        backend: Its tokenizer.
        config: Gives the dropout written into config.json and the most tokens of a text.
        folder: Exists.
        half: Store weights in half precision, for shipping.
    """
    weights = {k: v.detach().cpu() for k, v in model.state_dict().items() if k not in TIED}
    if half:
        weights = {k: v.half() if v.is_floating_point() else v for k, v in weights.items()}
    with quiet():
        model.save_pretrained(folder, state_dict=weights)
    rules = json.loads(backend.to_str())
    rules["truncation"] = rules["padding"] = None
    (folder / "tokenizer.json").write_text(json.dumps(rules, ensure_ascii=False), encoding="utf-8")
    settings = json.dumps(tokenizer_settings(config.positions), indent=2)
    (folder / "tokenizer_config.json").write_text(settings + "\n", encoding="utf-8")


def read_model(folder: Path) -> tuple[Any, Tokenizer]:
    """A BertForMaskedLM in float32 and its tokenizer.

    Raises:
        EncoderError: The folder holds no model with a language-model head.
    """
    from transformers import BertForMaskedLM

    if not (folder / "model.safetensors").is_file() or not (folder / "tokenizer.json").is_file():
        raise EncoderError(
            f"{folder} holds no masked language model.", hint="Give the folder `pretrain` wrote."
        )
    with quiet():
        model, report = BertForMaskedLM.from_pretrained(
            folder, dtype=torch.float32, local_files_only=True, use_safetensors=True, output_loading_info=True
        )
    if report["missing_keys"]:
        raise EncoderError(
            f"{folder} has no language-model head.", hint="Only what `pretrain` wrote, or lab-base, has one."
        )
    return model, Tokenizer.from_file(str(folder / "tokenizer.json"))


def has_head(folder: Path) -> bool:
    """Whether the weights in a folder include a language-model head."""
    from safetensors import safe_open

    with safe_open(folder / "model.safetensors", framework="pt") as weights:
        return any(name.startswith("cls.predictions.") for name in weights.keys())
