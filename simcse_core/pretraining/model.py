"""BERT with its language-model head: fresh, or from the first layers of another encoder; and its loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as F

from simcse_core.encoders import Encoder
from simcse_core.encoders.buckets import Bucket
from simcse_core.encoders.packed import TrainingForward
from simcse_core.errors import EncoderError
from simcse_core.pretraining.config import PretrainConfig


def scratch_model(config: PretrainConfig, vocabulary: int) -> Any:
    """A freshly initialised BertForMaskedLM, its head tied to the embeddings."""
    return _bert(config, vocabulary, config.width, config.heads, config.intermediate)


def warm_model(config: PretrainConfig, encoder: Encoder, backend: Tokenizer) -> Any:
    """A BertForMaskedLM with the encoder's layers, and its embeddings of the pieces of `backend`.

    The language-model head is fresh, tied to the embeddings.

    Args:
        config: Number of layers and positions.
        encoder: Of the BERT kind, with at least as many layers.
        backend: Its pieces are among the encoder's own.

    Raises:
        EncoderError: Another family, too few positions, or a piece that the encoder does not have.
    """
    own = encoder.model.config
    if own.model_type != "bert" or own.hidden_act != "gelu":
        raise EncoderError(f"{encoder.name} is not of the BERT kind.", hint="Start from minilm.")
    if config.positions > own.max_position_embeddings or config.layers > encoder.layers:
        raise EncoderError(
            f"{encoder.name} has {encoder.layers} layers and {own.max_position_embeddings} positions; "
            f"{config.layers} and {config.positions} were asked for."
        )
    model = _bert(
        config, backend.get_vocab_size(), own.hidden_size, own.num_attention_heads, own.intermediate_size
    )
    rows = torch.from_numpy(rows_of(backend, encoder.backend))
    wanted = model.bert.state_dict()
    given = dict(encoder.model.state_dict())
    table = "embeddings.word_embeddings.weight"
    given[table] = given[table][rows]
    given["embeddings.position_embeddings.weight"] = given["embeddings.position_embeddings.weight"][
        : config.positions
    ]
    model.bert.load_state_dict({k: given[k].detach().cpu() if k in given else v for k, v in wanted.items()})
    return model


def rows_of(backend: Tokenizer, full: Tokenizer) -> NDArray[np.int64]:
    """(V,) number in `full` of each piece of `backend`.

    Raises:
        EncoderError: A piece that `full` does not have.
    """
    there = full.get_vocab()
    pieces = sorted(backend.get_vocab().items(), key=lambda item: item[1])
    missing = [piece for piece, _ in pieces if piece not in there]
    if missing:
        raise EncoderError(f"The full vocabulary has no piece {missing[0]!r}.")
    return np.asarray([there[piece] for piece, _ in pieces], dtype=np.int64)


def _bert(config: PretrainConfig, vocabulary: int, width: int, heads: int, inner: int) -> Any:
    from transformers import BertConfig, BertForMaskedLM

    described = BertConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        num_hidden_layers=config.layers,
        num_attention_heads=heads,
        intermediate_size=inner,
        max_position_embeddings=config.positions,
        hidden_dropout_prob=config.dropout,
        attention_probs_dropout_prob=config.dropout,
        pad_token_id=0,
        tie_word_embeddings=True,
    )
    return BertForMaskedLM(described)


def start_bias(model: Any, counts: NDArray[np.int64]) -> None:
    """Set the head's bias to the log frequencies (V,) of the pieces, plus one each."""
    share = (counts + 1) / (counts + 1).sum()
    with torch.no_grad():
        model.cls.predictions.bias.copy_(torch.from_numpy(np.log(share)).float())


def logits(model: Any, states: Tensor, dtype: torch.dtype) -> Tensor:
    """The language-model head: (m, h) states → (m, V) float32; matrix products in `dtype`."""
    head = model.cls.predictions
    dense, norm = head.transform.dense, head.transform.LayerNorm
    x = F.linear(states.to(dtype), dense.weight.to(dtype), dense.bias.to(dtype)).float()
    x = norm(head.transform.transform_act_fn(x))
    table = model.bert.embeddings.word_embeddings.weight
    scores: Tensor = F.linear(x.to(dtype), table.to(dtype)).float() + head.bias
    return scores


def predict(
    model: Any,
    ids: Tensor,
    lengths: Tensor,
    parts: Sequence[Bucket],
    places: Tensor,
    *,
    dtype: torch.dtype,
    training: bool,
) -> Tensor:
    """Logits (m, V) float32 at `places` of the packed rows; arguments as `TrainingForward`."""
    forward = TrainingForward(model.bert, dtype)
    last = int(model.config.num_hidden_layers)
    states = forward(ids, lengths, parts, {last}, training=training)[last]
    return logits(model, states[places], dtype)
