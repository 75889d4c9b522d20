"""Encoders broken on purpose, one fault each, as the doctor may meet them in a folder.

Each function takes a sound encoder of its own, which it may change, and writes the broken one into a folder.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from simcse_core.encoders.encoder import Encoder
from simcse_core.encoders.families import blocks_of
from simcse_core.encoders.loading import load_encoder
from simcse_core.evaluation.patient import Stated, stated_use
from simcse_core.registry import Registry

Breakage = Callable[[Encoder, Path], None]
SHORT = 8  # tokens that a text is cut to, special tokens included
LARGE = 1e6  # of a layer's outputs; float16 ends at 65,504

breakages: Registry[Breakage] = Registry("breakage")
"""Name → how to break; the trait `finds` names the check that must speak."""


def opened_broken(source: str, name: str, **options: Any) -> tuple[Encoder, Stated]:
    """A sound encoder, broken, saved and opened again, with what its folder states.

    Args:
        source: Of the sound encoder.
        name: Registered breakage.
        **options: As for `load_encoder`.

    Raises:
        ConfigError: There is no such breakage.
        EncoderError: The encoder cannot be loaded.
    """
    breakage = breakages[name]
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of dropout 0, which may be the fault
        breakage(load_encoder(source, **options), Path(folder))
        return load_encoder(folder, **options), stated_use(folder)


@breakages.register(
    "untrained_head",
    title="A head that was never trained",
    source="Gao et al. 2021, sec. 6.3",
    finds="pooler",
)
def untrained_head(encoder: Encoder, folder: Path) -> None:
    """A fresh dense layer after the pooler, as a pooler left out of the weights is drawn anew."""
    encoder.attach_head(keep=True, generator=torch.Generator().manual_seed(0))
    encoder.save(folder)


@breakages.register(
    "wrong_pooling", title="The first token instead of the mean", source="Gao et al. 2021, sec. 6.3",
    finds="pooler",
)  # fmt: skip
def wrong_pooling(encoder: Encoder, folder: Path) -> None:
    """The folder states another pooling than the one the encoder was trained with."""
    encoder.pooling = "cls_before_pooler" if encoder.pooling == "mean" else "mean"
    encoder.save(folder)


@breakages.register("no_dropout", title="Dropout 0", source="Gao et al. 2021, table 3", finds="dropout")
def no_dropout(encoder: Encoder, folder: Path) -> None:
    """The configuration has no dropout, as that of many checkpoints made for inference."""
    encoder.set_dropout(0.0)
    encoder.save(folder)


@breakages.register(
    "swapped_layers",
    title="First and last layer swapped",
    source="SimCSE repository, issue 285",
    finds="layers",
)
def swapped_layers(encoder: Encoder, folder: Path) -> None:
    """First and last layer change places, as in a conversion that sorts the names wrongly."""
    blocks = blocks_of(encoder.model)
    with torch.no_grad():
        for part in ("query", "key", "value", "output", "attention_norm", "up", "down", "output_norm"):
            first, last = (getattr(blocks[i], part).state_dict() for i in (0, -1))
            held = {key: tensor.clone() for key, tensor in first.items()}
            getattr(blocks[0], part).load_state_dict(last)
            getattr(blocks[-1], part).load_state_dict(held)
    encoder.save(folder)


@breakages.register(
    "collapsed", title="All sentences in one point", source="Wang & Isola 2020", finds="collapse"
)
def collapsed(encoder: Encoder, folder: Path) -> None:
    """The last layer gives nearly the same vector for every token, as after too high a learning rate."""
    norm = blocks_of(encoder.model)[-1].output_norm
    with torch.no_grad():
        norm.weight.mul_(1e-3)
        norm.bias.fill_(1.0)
    encoder.save(folder)


@breakages.register(
    "not_normalised", title="No normalisation in the chain", source="SimCSE repository, issue 122",
    finds="normalisation",
)  # fmt: skip
def not_normalised(encoder: Encoder, folder: Path) -> None:
    """The sentence-transformers chain ends at the pooling, and rows are compared by dot product."""
    encoder.save(folder)
    modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
    kept = [module for module in modules if not module["type"].endswith("Normalize")]
    (folder / "modules.json").write_text(json.dumps(kept), encoding="utf-8")
    _rewrite(folder / "config_sentence_transformers.json", similarity_fn_name="dot")


@breakages.register(
    "cut_short",
    title="Texts cut after six words",
    source="SentEval protocol: no truncation",
    finds="truncation",
)
def cut_short(encoder: Encoder, folder: Path) -> None:
    """The most tokens of a text are set far too low."""
    encoder.save(folder)
    _rewrite(folder / "sentence_bert_config.json", max_seq_length=SHORT)
    _rewrite(folder / "tokenizer_config.json", model_max_length=SHORT)


@breakages.register(
    "foreign_tokenizer", title="A tokenizer that keeps capitals", source="Rust et al. 2021, sec. 3",
    finds="language",
)  # fmt: skip
def foreign_tokenizer(encoder: Encoder, folder: Path) -> None:
    """An uncased vocabulary behind a tokenizer that no longer lowers letters: every capital is unknown."""
    encoder.save(folder)
    rules = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    rules["normalizer"] = {**(rules["normalizer"] or {}), "lowercase": False}
    (folder / "tokenizer.json").write_text(json.dumps(rules), encoding="utf-8")


@breakages.register(
    "too_large", title="A layer beyond half precision", source="IEEE 754 binary16", finds="overflow"
)
def too_large(encoder: Encoder, folder: Path) -> None:
    """One layer's outputs are larger than float16 can hold; in float32 nothing is to be seen."""
    with torch.no_grad():
        blocks_of(encoder.model)[0].output_norm.weight.fill_(LARGE)
    encoder.save(folder)


def _rewrite(file: Path, **changes: Any) -> None:
    content = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**content, **changes}), encoding="utf-8")
