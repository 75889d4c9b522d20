"""From a name to an `Encoder`."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from simcse_core import runtime
from simcse_core.encoders import families, layout
from simcse_core.encoders.catalogue import Source, resolve
from simcse_core.encoders.checks import check_weights, checked_config
from simcse_core.encoders.encoder import Encoder
from simcse_core.encoders.heads import DenseHead, head_from
from simcse_core.encoders.poolers import poolers
from simcse_core.encoders.prompts import Template
from simcse_core.encoders.repairs import read_repairs
from simcse_core.encoders.tokens import KEPT_FILES, TextTokenizer, read_json, special_tokens
from simcse_core.encoders.vocabulary import load_backend
from simcse_core.errors import ConfigError, EncoderError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tokenizers import Tokenizer


def load_encoder(
    name: str,
    *,
    pooling: str | None = None,
    device: str = "auto",
    precision: str = "auto",
    dropout: float | None = None,
    max_length: int | None = None,
    template: str | None = None,
    repaired: bool = True,
) -> Encoder:
    """Load an encoder by name, folder, run or Hugging Face id (`catalogue.resolve` lists the forms).

    Args:
        name: For example `minilm`, `minilm:4`, `./folder`, `runs/x@40`, `org/model`.
        pooling: A registered pooling; None takes the one the checkpoint states.
        device: auto, cpu, cuda, cuda:1 or mps.
        precision: fp32, bf16, or auto (bf16 where the device multiplies it natively).
        dropout: Hidden and attention dropout for training; None keeps the checkpoint's own.
        max_length: Most tokens a text is cut to; None takes the checkpoint's.
        template: Put around every text, with `[X]` for the text and one `[MASK]`, for pooling `mask`; None
            takes the checkpoint's, which has none as a rule.
        repaired: Apply the repairs saved with the checkpoint (`repairs`); training starts without them.

    Raises:
        EncoderError: Not found, not trusted, damaged or not supported.
        ConfigError: An option that does not exist or is out of range.
    """
    if pooling is not None:
        poolers.info(pooling)
    where = runtime.resolve_device(device)
    dtype = runtime.resolve_dtype(precision, where)
    source = resolve(name)
    stated = checked_config(source.folder, families.SUPPORTED)
    check_weights(source.folder)
    model, untrained = _load_model(source)
    backend = _backend(source.folder, str(stated["model_type"]), model)
    described = layout.read_layout(source.root, source.name)
    chosen, note = (pooling, "Given.") if pooling else (described.pooling, described.note)
    length = _max_length(max_length, source, described.max_length, model.config)
    encoder = Encoder(
        name=source.name,
        model=model.to(where),
        text_tokenizer=_tokenizer(backend, source, length, model.config, template or described.template),
        pooling=chosen,
        pooling_note=note,
        head=_head(model, chosen, described, untrained, source),
        dtype=dtype,
    ).to(where)
    encoder.repairs = read_repairs(encoder, source.root) if repaired else ()
    encoder.notes += _notes(source)
    if dropout is not None:
        encoder.set_dropout(dropout)
    elif encoder.dropout == 0:
        encoder.warn_without_dropout()
    return encoder


@contextmanager
def quiet() -> Iterator[None]:
    """Silence transformers' reports and bars: layers that were cut off on purpose are not news."""
    from transformers.utils import logging

    level = logging.get_verbosity()
    bars = logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def _load_model(source: Source) -> tuple[Any, bool]:
    """The HF model in float32, and whether its own pooler is untrained."""
    from transformers import AutoModel

    config = _config(source)
    try:
        with quiet():
            model, report = AutoModel.from_pretrained(
                source.folder,
                config=config,
                dtype=torch.float32,
                use_safetensors=True,
                local_files_only=True,
                trust_remote_code=False,
                output_loading_info=True,
                ignore_mismatched_sizes=True,  # reported, and refused by `_check_report`
            )
    except Exception as error:  # transformers and safetensors raise many kinds
        raise _unloadable(source.folder, error) from None
    _check_report(report, source.folder)
    if not all(bool(p.isfinite().all()) for p in model.parameters()):
        raise EncoderError(
            f"{source.folder} holds weights that are not finite.", hint="Use an earlier checkpoint."
        )
    untrained = any(key.startswith("pooler.") for key in report["missing_keys"])
    if untrained:
        model.pooler = None  # made up by transformers, anew on every load
    return model, untrained


def _config(source: Source) -> Any:
    """The configuration as transformers reads it, cut to the layers that are kept."""
    from transformers import AutoConfig

    try:
        config = AutoConfig.from_pretrained(source.folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # a wrong type or range in any field
        raise _unloadable(source.folder, error) from None
    families.keep_layers(config, source.layers)
    return config


def _unloadable(folder: Path, error: Exception) -> EncoderError:
    reason = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return EncoderError(
        f"{folder} cannot be loaded: {reason[:300].rstrip('.')}.",
        hint="Its configuration and its weights must belong together.",
    )


def _check_report(report: dict[str, Any], folder: Path) -> None:
    mismatched = sorted(report.get("mismatched_keys") or [])
    if mismatched:
        key, found, expected = mismatched[0]
        raise EncoderError(
            f"{folder}: {key} has shape {tuple(found)}, its config.json says {tuple(expected)}.",
            hint="Configuration, tokenizer and weights must be of the same checkpoint.",
        )
    missing = [key for key in report["missing_keys"] if not key.startswith("pooler.")]
    if missing:
        raise EncoderError(
            f"{folder} lacks {len(missing)} weights, {sorted(missing)[0]} among them.",
            hint="Copy the whole checkpoint, or check the number of layers in config.json.",
        )


def _backend(folder: Path, family: str, model: Any) -> Tokenizer:
    """The Rust tokenizer, refused where it knows more tokens than the model has embeddings."""
    backend = load_backend(folder, family)
    rows = model.get_input_embeddings().num_embeddings
    highest = max(backend.get_vocab().values())
    if highest >= rows:
        raise EncoderError(
            f"The tokenizer in {folder} knows {highest + 1:,} tokens, the embedding table has {rows:,} rows.",
            hint="Tokenizer and weights are of different checkpoints; copy both from the same one.",
        )
    return backend


def _tokenizer(
    backend: Tokenizer, source: Source, max_length: int, config: Any, template: str | None
) -> TextTokenizer:
    made = TextTokenizer(
        backend,
        special_tokens(source.folder),
        max_length=max_length,
        padding_id=int(config.pad_token_id or 0),
        files=_kept(source.folder),
    )
    made.template = None if template is None else Template(template)
    return made


def _notes(source: Source) -> list[str]:
    """What the catalogue and the files have to say about this checkpoint."""
    notes = [source.note] if source.note else []
    second = source.root / layout.SECOND_TOWER
    if (second / "config.json").is_file():
        notes.append(f"The first of two separate towers; the second one is in {second}.")
    return notes


def _head(
    model: Any, pooling: str, described: layout.Layout, untrained: bool, source: Source
) -> DenseHead | None:
    """The layer after the pooler, where this pooling has one."""
    if described.dense is not None and pooling == described.pooling:
        return layout.read_dense(source.root / described.dense)
    if pooling != "cls":
        return None
    pooler = getattr(model, "pooler", None)
    if pooler is None or untrained:
        raise EncoderError(
            f"{source.name} has no trained head, so pooling 'cls' has no meaning for it.",
            hint="Use cls_before_pooler or mean.",
        )
    return head_from(pooler.dense.weight.detach(), pooler.dense.bias.detach())


def _max_length(given: int | None, source: Source, stated: int | None, config: Any) -> int:
    limit = families.position_limit(config)
    if given is not None:
        if not 3 <= given <= limit:
            raise ConfigError(f"max_length is {given}; allowed for {source.name}: 3 to {limit}.")
        return given
    own = read_json(source.folder / "tokenizer_config.json").get("model_max_length")
    usable = [int(n) for n in (stated, own) if isinstance(n, int) and 3 <= n < 1_000_000]
    return min([*usable[:1], limit])


def _kept(folder: Path) -> dict[str, str]:
    """Contents of the small tokenizer files, so that `save` can write them back."""
    return {
        name: (folder / name).read_text(encoding="utf-8")
        for name in KEPT_FILES
        if (folder / name).is_file() and (folder / name).stat().st_size < 8_000_000
    }
