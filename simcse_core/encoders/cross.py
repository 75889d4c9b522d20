"""The cross-encoder: one tower reads both texts of a pair at once and gives one score."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from simcse_core.encoders.checks import check_weights, checked_config
from simcse_core.encoders.encoder import Encoder
from simcse_core.encoders.engine import Piece
from simcse_core.encoders.loading import load_encoder
from simcse_core.encoders.packed import drop
from simcse_core.encoders.saving import save_tokenizer
from simcse_core.encoders.tokens import read_json
from simcse_core.errors import DataError, EncoderError

FAMILIES = ("bert",)
ARCHITECTURE = "BertForSequenceClassification"
CHUNK = 128  # pairs computed together
CLASSIFIER = "classifier"
INPUTS = ["input_ids", "token_type_ids", "attention_mask"]
TextPairs = Sequence[tuple[str, str]]


class CrossEncoder(nn.Module):
    """A transformer on "[CLS] a [SEP] b [SEP]", its pooler, and a linear layer: one logit a pair.

    The same computation as transformers' `BertForSequenceClassification` with one label, on the packed
    forward of `Encoder`, so that both towers are timed on equal terms.

    Attributes:
        encoder: Owner of transformer, tokenizer and engine; its own pooling and head are not used.
        classifier: h → 1; drawn as in BERT where it is new.
    """

    def __init__(self, encoder: Encoder, *, generator: torch.Generator | None = None) -> None:
        """Put a fresh classifier on an encoder, which belongs to the cross-encoder from here on.

        Raises:
            EncoderError: The encoder is not a BERT with a pooler and two token types.
        """
        super().__init__()
        config = encoder.model.config
        if config.model_type not in FAMILIES or getattr(encoder.model, "pooler", None) is None:
            raise EncoderError(
                f"{encoder.name} ({config.model_type}) cannot read pairs here.",
                hint="Give a BERT with a pooler, such as minilm:4.",
            )
        if config.type_vocab_size < 2:
            raise EncoderError(f"{encoder.name} has one token type; a pair needs two.")
        self.encoder = encoder
        self.classifier = nn.Linear(int(config.hidden_size), 1)
        nn.init.normal_(self.classifier.weight, std=float(config.initializer_range), generator=generator)
        nn.init.zeros_(self.classifier.bias)
        self.classifier.to(encoder.device)
        self.eval()

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.encoder.device

    def token_rows(self, pairs: TextPairs) -> tuple[list[list[int]], list[list[int]]]:
        """Token numbers of each pair with its special tokens, and their token types (0 first, 1 second text).

        A pair longer than `max_length` loses tokens of its longer text.

        Raises:
            DataError: No pairs, or a row that is not two texts; the message names it.
        """
        if not pairs:
            raise DataError("There are no pairs to score.")
        for row, pair in enumerate(pairs, start=1):
            if len(pair) != 2 or not all(isinstance(text, str) for text in pair):
                raise DataError(f"Row {row} is not a pair of texts: {pair!r:.60}.")
        found = self.encoder.backend.encode_batch([tuple(pair) for pair in pairs])
        return [one.ids for one in found], [one.type_ids for one in found]

    def logits(self, pairs: TextPairs) -> Tensor:
        """Logits of B pairs with gradients, (B,) float32; with dropout in train mode."""
        return self._logits(pairs, infer=False)

    def forward(self, pairs: TextPairs) -> Tensor:
        """Same as `logits`."""
        return self.logits(pairs)

    def score(self, pairs: TextPairs) -> NDArray[np.float32]:
        """Probability that the texts of each pair are alike, (n,) in [0, 1]; one forward pass a pair.

        Raises:
            DataError: As `token_rows`.
        """
        found = []
        with self.encoder.lock, torch.inference_mode():
            for at in range(0, len(pairs), CHUNK):
                found.append(self._logits(pairs[at : at + CHUNK], infer=True).sigmoid().cpu().numpy())
        return np.concatenate(found) if found else np.zeros(0, dtype=np.float32)

    def save(self, folder: str | Path) -> None:
        """Write the folder as transformers does; sentence-transformers' `CrossEncoder` opens it too."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        config = copy.deepcopy(self.encoder.model.config)
        config.architectures, config.num_labels = [ARCHITECTURE], 1
        config.save_pretrained(folder)
        parts = {"bert": self.encoder.model, CLASSIFIER: self.classifier}
        weights = {
            f"{name}.{key}": tensor.detach().cpu().contiguous()
            for name, part in parts.items()
            for key, tensor in part.state_dict().items()
        }
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
        save_tokenizer(self.encoder, folder)
        settings = read_json(folder / "tokenizer_config.json")
        settings["model_input_names"] = INPUTS  # a generic fast tokenizer would leave the token types out
        text = json.dumps(settings, indent=2, ensure_ascii=False) + "\n"
        (folder / "tokenizer_config.json").write_text(text, encoding="utf-8")

    def _logits(self, pairs: TextPairs, *, infer: bool) -> Tensor:
        rows, kinds = self.token_rows(pairs)
        order = np.argsort([len(row) for row in rows], kind="stable")
        sorted_rows, sorted_kinds = [rows[i] for i in order], [kinds[i] for i in order]
        last, engine = {self.encoder.layers}, self.encoder.engine
        if infer:
            pieces = engine.infer(sorted_rows, last, kinds=sorted_kinds)
        else:
            pieces = engine.learn(sorted_rows, last, training=self.training, kinds=sorted_kinds)
        back = torch.from_numpy(np.argsort(order, kind="stable")).to(self.device)
        return self._read(pieces)[back]

    def _read(self, pieces: Sequence[Piece]) -> Tensor:
        """Logits (B,) float32 of the pieces, in their order."""
        model: Any = self.encoder.model
        first = torch.cat([piece.states[self.encoder.layers][:, 0] for piece in pieces]).float()
        pooled = model.pooler.activation(model.pooler.dense(first))
        if self.training:
            own = getattr(model.config, "classifier_dropout", None)
            pooled = drop(pooled, self.encoder.dropout if own is None else float(own))
        logits: Tensor = self.classifier(pooled).squeeze(1).float()
        return logits


def load_cross_encoder(folder: str | Path, *, device: str = "auto", precision: str = "auto") -> CrossEncoder:
    """Open a folder that `CrossEncoder.save`, transformers or sentence-transformers wrote; safetensors only.

    Raises:
        EncoderError: Not found, pickled, damaged, not a BERT, or without a classifier of one label.
    """
    folder = Path(folder)
    checked_config(folder, FAMILIES)
    check_weights(folder)
    encoder = load_encoder(str(folder), pooling="mean", device=device, precision=precision)
    cross = CrossEncoder(encoder)
    found = _classifier_weights(folder)
    fitting = {name: x.shape for name, x in cross.classifier.state_dict().items()}
    if {name: x.shape for name, x in found.items()} != fitting:
        raise EncoderError(
            f"{folder} has no classifier with one label.",
            hint="Give a cross-encoder for similarity: BertForSequenceClassification with num_labels 1.",
        )
    cross.classifier.load_state_dict(found)
    return cross


def _classifier_weights(folder: Path) -> dict[str, Tensor]:
    file = folder / "model.safetensors"
    weights = load_file(file) if file.is_file() else {}
    mark = f"{CLASSIFIER}."
    return {name.removeprefix(mark): x.float() for name, x in weights.items() if name.startswith(mark)}
