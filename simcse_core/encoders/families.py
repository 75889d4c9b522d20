"""Model families: what is supported, and where each keeps its layers, attention and dropout."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

from simcse_core.errors import EncoderError

SUPPORTED = ("bert", "roberta", "xlm-roberta", "camembert", "electra", "distilbert", "mpnet", "modernbert")
PACKED = ("bert", "roberta", "xlm-roberta", "camembert", "electra", "distilbert")
POSITIONS_AFTER_PADDING = ("roberta", "xlm-roberta", "camembert", "mpnet")
_DROPOUT_FIELDS = (
    "hidden_dropout_prob",
    "attention_probs_dropout_prob",
    "dropout",
    "attention_dropout",
    "embedding_dropout",
    "mlp_dropout",
)


@dataclass(frozen=True)
class Block:
    """One post-norm transformer layer of the BERT kind, as references into the HF model."""

    query: nn.Linear
    key: nn.Linear
    value: nn.Linear
    output: nn.Linear
    attention_norm: nn.LayerNorm
    up: nn.Linear
    down: nn.Linear
    output_norm: nn.LayerNorm
    activation: Callable[..., Any]


@dataclass(frozen=True)
class Embedder:
    """The embedding layer of the BERT kind, as references into the HF model.

    Attributes:
        word: (vocabulary, e).
        position: (positions, e).
        kind: (token types, e), of which type 0 is added to every token; None where there are no types.
        norm: Layer normalisation over e.
        project: e → h where they differ (small ELECTRA), else None.
        padding: Padding token's number, where positions count from the number after it; None where from 0.
    """

    word: nn.Embedding
    position: nn.Embedding
    kind: nn.Embedding | None
    norm: nn.LayerNorm
    project: nn.Linear | None
    padding: int | None


@dataclass(frozen=True)
class Dropouts:
    """Probabilities, in [0, 1].

    Attributes:
        hidden: After the embeddings and after the second dense layer.
        output: After the dense layer of the attention; DistilBERT has none there.
        attention: On the attention weights.
    """

    hidden: float = 0.0
    output: float = 0.0
    attention: float = 0.0


def blocks_of(model: Any) -> list[Block]:
    """The layers of a packed family's HF model, first to last."""
    if model.config.model_type == "distilbert":
        return [_distilbert_block(layer) for layer in model.transformer.layer]
    return [
        Block(
            query=layer.attention.self.query,
            key=layer.attention.self.key,
            value=layer.attention.self.value,
            output=layer.attention.output.dense,
            attention_norm=layer.attention.output.LayerNorm,
            up=layer.intermediate.dense,
            down=layer.output.dense,
            output_norm=layer.output.LayerNorm,
            activation=layer.intermediate.intermediate_act_fn,
        )
        for layer in model.encoder.layer
    ]


def _distilbert_block(layer: Any) -> Block:
    return Block(
        query=layer.attention.q_lin,
        key=layer.attention.k_lin,
        value=layer.attention.v_lin,
        output=layer.attention.out_lin,
        attention_norm=layer.sa_layer_norm,
        up=layer.ffn.lin1,
        down=layer.ffn.lin2,
        output_norm=layer.output_layer_norm,
        activation=layer.ffn.activation,
    )


def embedder_of(model: Any) -> Embedder:
    """The embedding layer of a packed family's HF model."""
    table = model.embeddings
    after = model.config.model_type in POSITIONS_AFTER_PADDING
    return Embedder(
        word=table.word_embeddings,
        position=table.position_embeddings,
        kind=getattr(table, "token_type_embeddings", None),
        norm=table.LayerNorm,
        project=getattr(model, "embeddings_project", None),
        padding=int(model.config.pad_token_id) if after else None,
    )


def activation_name(config: Any) -> str:
    """Name of the activation between the two dense layers, as transformers spells it."""
    return str(getattr(config, "hidden_act", None) or getattr(config, "activation", ""))


def dropouts_of(config: Any) -> Dropouts:
    """The dropouts of a packed family, as its HF forward applies them."""
    if config.model_type == "distilbert":
        return Dropouts(hidden=float(config.dropout), output=0.0, attention=float(config.attention_dropout))
    hidden = float(config.hidden_dropout_prob)
    return Dropouts(hidden=hidden, output=hidden, attention=float(config.attention_probs_dropout_prob))


def layer_count(config: Any) -> int:
    """Transformer layers in a configuration."""
    return int(config.num_hidden_layers)


def keep_layers(config: Any, layers: int | None) -> None:
    """Cut a configuration to its first `layers` layers, in place.

    Raises:
        EncoderError: More layers than there are.
    """
    there = layer_count(config)
    if layers is None or layers == there:
        return
    if not 1 <= layers <= there:
        raise EncoderError(
            f"{layers} layers were asked for; the checkpoint has {there}.", hint=f"Use 1 to {there}."
        )
    config.num_hidden_layers = layers
    if getattr(config, "layer_types", None):
        config.layer_types = list(config.layer_types)[:layers]


def position_limit(config: Any) -> int:
    """Most tokens a text may have, special tokens included."""
    after = config.model_type in POSITIONS_AFTER_PADDING
    padding = 1 if config.model_type == "mpnet" else int(config.pad_token_id or 0)
    return int(config.max_position_embeddings) - (padding + 1 if after else 0)


def dropout_of(config: Any) -> float:
    """Hidden dropout of a configuration, in [0, 1]; ModernBERT has none of that name: its largest one."""
    for field in ("hidden_dropout_prob", "dropout"):
        value = getattr(config, field, None)
        if value is not None:
            return float(value)
    return max(float(getattr(config, field, 0.0) or 0.0) for field in _DROPOUT_FIELDS)


def set_dropout(model: Any, probability: float) -> None:
    """Set hidden and attention dropout everywhere in an HF model, and in its configuration, in place."""
    for field in _DROPOUT_FIELDS:
        if hasattr(model.config, field):
            setattr(model.config, field, probability)
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = probability
        if isinstance(getattr(module, "attention_dropout", None), float):  # ModernBERT
            module.attention_dropout = probability
        if isinstance(getattr(module, "out_drop", None), (nn.Identity, nn.Dropout)):
            module.out_drop = nn.Dropout(probability)
