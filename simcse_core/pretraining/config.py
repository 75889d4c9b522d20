"""`PretrainConfig`: the complete description of a masked-LM run, read from TOML."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from simcse_core import runtime
from simcse_core.errors import ConfigError
from simcse_core.registry import Choice, Range, Text, params_of


@dataclass(frozen=True, kw_only=True)
class TextSource:
    """One file of plain text and the right to train on it.

    Attributes:
        name: File name without `.txt` or `.txt.xz`.
        share: Part of the corpus it should fill, before short sources run out, in (0, 1].
        licence: Under which the text may be used and trained weights given away.
        origin: Where the text comes from, for the model card.
        shipped: Whether it is this project's own `assets/data/sentences`.
    """

    name: str
    share: float
    licence: str
    origin: str
    shipped: bool = False


@dataclass(frozen=True, kw_only=True)
class PretrainConfig:
    """Start x vocabulary x text x optimisation; frozen and stored as JSON."""

    start: Annotated[str, Choice(("warm", "scratch"), "First layers of an encoder, or fresh weights")] = (
        "warm"
    )
    encoder: Annotated[str, Text("Encoder of the BERT kind that a warm start takes")] = "minilm"
    layers: Annotated[int, Range(1, 24, "Transformer layers")] = 4
    width: Annotated[int, Range(8, 1024, "Hidden size of a start from scratch")] = 256
    heads: Annotated[int, Range(1, 16, "Attention heads of a start from scratch")] = 4
    intermediate: Annotated[int, Range(8, 4096, "Inner size of a start from scratch")] = 1024
    vocabulary: Annotated[int, Range(100, 65_000, "Pieces of the tokenizer, special tokens included")] = (
        10_000
    )
    positions: Annotated[int, Range(16, 512, "Most tokens a text can have")] = 256
    max_length: Annotated[int, Range(8, 512, "Tokens kept of a line of training text")] = 96
    corpus_tokens: Annotated[int, Range(100, 10**10, "Size of the corpus, about")] = 10_000_000
    held_out: Annotated[int, Range(1, 100_000, "Lines kept for measuring")] = 1000
    mask_share: Annotated[float, Range(0.01, 0.5, "Share of the words to predict")] = 0.15
    dropout: Annotated[float, Range(0.0, 0.5, "Hidden and attention dropout rate")] = 0.1
    tokens_per_step: Annotated[int, Range(64, 1_000_000, "Tokens of a batch, padding included")] = 4096
    steps: Annotated[int, Range(0, 10_000_000, "Optimiser steps; 0 goes by the minutes")] = 0
    minutes: Annotated[float, Range(0.01, 10_000.0, "Wall-clock budget where steps is 0")] = 15.0
    learning_rate: Annotated[float, Range(1e-6, 0.1, "Peak step size of AdamW")] = 5e-4
    warmup: Annotated[float, Range(0.0, 0.5, "Share of the budget with a rising rate")] = 0.05
    weight_decay: Annotated[float, Range(0.0, 1.0, "Decoupled decay of the matrices")] = 0.01
    clip_norm: Annotated[float, Range(0.0, 1e3, "Largest gradient norm; 0 leaves it")] = 1.0
    evaluate_every: Annotated[int, Range(1, 1_000_000, "Steps between two measurements")] = 100
    save_every: Annotated[int, Range(1, 1_000_000, "Steps between two checkpoints")] = 200
    precision: Annotated[str, Choice(("auto", "bf16", "fp32"), "Format of the matrix products")] = "auto"
    device: Annotated[str, Text("auto, cpu, cuda or mps")] = "auto"
    seed: Annotated[int, Range(0, 2**31 - 1, "Seeds weights, order of the text and masks")] = 42
    sources: Annotated[tuple[TextSource, ...], Text("Text and its licence; given in the file only")] = ()

    def to_dict(self) -> dict[str, Any]:
        """Nested plain values."""
        plain = dataclasses.asdict(self)
        return {**plain, "sources": list(plain["sources"])}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> PretrainConfig:
        """Inverse of `to_dict`; what is left out has its default.

        Raises:
            ConfigError: An unknown field or a value out of range; all that is wrong, at once.
        """
        settings = dict(plain)
        given = settings.pop("sources", ())
        try:
            sources = tuple(TextSource(**source) for source in given)
        except TypeError as error:
            raise ConfigError(
                f"A source is not understood: {error}.", hint="It has name, share, licence and origin."
            ) from None
        bad = [s.name for s in sources if not 0 < s.share <= 1 or not s.licence]
        if bad:
            raise ConfigError(f"Source {bad[0]!r} needs a licence and a share above 0, at most 1.")
        return dataclasses.replace(cls(), sources=sources).with_settings(settings)

    def with_settings(self, settings: Mapping[str, Any]) -> PretrainConfig:
        """A copy with settings changed, checked.

        Raises:
            ConfigError: All that is wrong, at once.
        """
        params, accepted, problems = params_of(type(self)), {}, []
        for name, value in settings.items():
            if name == "sources" or name not in params:
                problems.append(f"there is no setting {name!r}")
                continue
            try:
                accepted[name] = params[name].check(value)
            except ConfigError as error:
                problems.append(str(error).rstrip("."))
        changed = dataclasses.replace(self, **accepted)
        if changed.max_length > changed.positions:
            problems.append(f"max_length {changed.max_length} is above positions {changed.positions}")
        if changed.width % changed.heads:
            problems.append(f"width {changed.width} is no multiple of heads {changed.heads}")
        if problems:
            raise ConfigError("; ".join(problems) + ".")
        return changed


def load_config(name: str) -> PretrainConfig:
    """The configuration in a TOML file, or the shipped one of that name (`assets/pretraining`).

    Raises:
        ConfigError: No such configuration, or what is in it is wrong.
    """
    shipped = runtime.assets() / "pretraining"
    path = Path(name) if name.endswith(".toml") else shipped / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in shipped.glob("*.toml")))
        raise ConfigError(f"There is no configuration {name!r}.", hint=f"There are: {known}; or give a file.")
    try:
        plain = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}.") from None
    return PretrainConfig.from_dict(plain)
