"""The encoder: a transformer, its tokenizer and its pooling, for inference and for training."""

from __future__ import annotations

import hashlib
import threading
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from simcse_core.encoders import families
from simcse_core.encoders.cutoff import Kept
from simcse_core.encoders.engine import Engine, fingerprint
from simcse_core.encoders.heads import DenseHead
from simcse_core.encoders.reading import Progress, embed, pool, reading_of
from simcse_core.encoders.repairs import Repair, digest_of, save_repairs
from simcse_core.encoders.tokens import TextTokenizer, TokenBatch, as_list
from simcse_core.errors import ConfigError, DataError


class Encoder(nn.Module):
    """A checkpoint ready to encode and to be trained; made by `load_encoder`.

    Attributes:
        name: The name it was asked for by.
        model: The HF transformer (its own pooler included, where it has one); float32 master weights.
        text_tokenizer: The Rust tokenizer, truncating to `max_length`.
        pooling: Registered pooling.
        pooling_note: Why this pooling: given, stated by the checkpoint, or assumed.
        head: Layer after the pooler that belongs to the checkpoint, or None.
        training_head: Layer used by `forward_train` only, or None.
        repairs: Applied by `encode` after the pooling, in order; not by `encode_layers` and `forward_train`.
        dtype: Number format of the matrix products.
        notes: What a user should know about this checkpoint, one sentence each.
        lock: Held while a chunk is computed, so that threads can share an encoder and take turns.
    """

    def __init__(
        self,
        *,
        name: str,
        model: Any,
        text_tokenizer: TextTokenizer,
        pooling: str,
        pooling_note: str,
        head: DenseHead | None,
        dtype: torch.dtype,
    ) -> None:
        """Put the parts together; use `load_encoder`."""
        super().__init__()
        self.name = name
        self.model: Any = model
        self.text_tokenizer = text_tokenizer
        self.pooling = pooling
        self.pooling_note = pooling_note
        self.head: DenseHead | None = head
        self.training_head: DenseHead | None = None
        self.repairs: tuple[Repair, ...] = ()
        self.dtype = dtype
        self.notes: list[str] = []
        self._digest = (b"", "")  # of the weights with this fingerprint
        self.engine = Engine(model, dtype, text_tokenizer.padding_id)
        self.lock = threading.RLock()
        self.eval()

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.engine.device

    @property
    def layers(self) -> int:
        """Transformer layers kept."""
        return families.layer_count(self.model.config)

    @property
    def dimension(self) -> int:
        """Numbers in an embedding, d, after the repairs."""
        return self.repairs[-1].width if self.repairs else self.width

    @property
    def width(self) -> int:
        """Numbers in an embedding before any repair."""
        return self.head.dense.out_features if self.head is not None else int(self.model.config.hidden_size)

    @property
    def max_length(self) -> int:
        """Most tokens a text is cut to, special tokens included."""
        return self.text_tokenizer.max_length

    @property
    def template(self) -> str | None:
        """Text that is put around every sentence, with `[X]` for the sentence and one `[MASK]`; or None."""
        template = self.text_tokenizer.template
        return None if template is None else template.text

    @property
    def dropout(self) -> float:
        """Hidden dropout, in [0, 1]."""
        return families.dropout_of(self.model.config)

    @property
    def digest(self) -> str:
        """First 16 hex digits of a SHA-256 over weights, reading (layers, pooling, length …) and repairs."""
        told = f"{self.layers} {self.pooling} {self.max_length} {self.dtype}"
        facts = (f"{told} {self.template}" if self.template else told).encode()
        facts += digest_of(self.repairs).encode()
        mark = facts + fingerprint(self.model) + (b"" if self.head is None else fingerprint(self.head))
        if self._digest[0] != mark:
            state = hashlib.sha256(facts)
            for part in (self.model, self.head):
                for key, tensor in sorted(part.state_dict().items() if part is not None else ()):
                    state.update(f"{key} {tuple(tensor.shape)}".encode())
                    state.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
            self._digest = (mark, state.hexdigest()[:16])
        return self._digest[1]

    @property
    def tokenizer(self) -> Any:
        """The tokenizer as transformers knows it (a fast tokenizer made from the same rules)."""
        return self.text_tokenizer.as_transformers()

    @property
    def backend(self) -> Any:
        """The Rust tokenizer."""
        return self.text_tokenizer.backend

    @property
    def special(self) -> Mapping[str, str]:
        """Special tokens by role ("mask_token" → "[MASK]")."""
        return self.text_tokenizer.special

    @property
    def mask_id(self) -> int | None:
        """Number of the mask token; None where the tokenizer has none."""
        return self.text_tokenizer.mask_id

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the lock, so that an encoder can be copied (a momentum twin, say)."""
        return {key: value for key, value in self.__dict__.items() if key != "lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore, with a lock of its own."""
        super().__setstate__({**state, "lock": threading.RLock()})  # type: ignore[no-untyped-call]

    def tokenize(self, texts: Sequence[str]) -> TokenBatch:
        """Token numbers of B texts, padded on the right to the longest: ids (B, T), mask (B, T), on the CPU.

        Raises:
            DataError: A row is not a text; the message names it.
        """
        return self.text_tokenizer.batch(as_list(texts))

    def tokens(self, text: str) -> list[str]:
        """The tokens of a text as the model sees them, special tokens included."""
        return [str(self.backend.id_to_token(number)) for number in self.text_tokenizer.ids([text])[0]]

    def set_dropout(self, probability: float) -> None:
        """Set hidden and attention dropout everywhere, for every family.

        Raises:
            ConfigError: Not in [0, 1).
        """
        if not 0.0 <= probability < 1.0:
            raise ConfigError(f"Dropout is {probability}; allowed: 0 to below 1.")
        families.set_dropout(self.model, probability)

    def warn_without_dropout(self) -> None:
        """Note, and warn, that the checkpoint ships without dropout (two views would be identical)."""
        note = (
            f"{self.name} ships with dropout 0: two training views of a sentence would be identical. "
            "Set a dropout such as 0.1 to train it by unsupervised SimCSE."
        )
        self.notes.append(note)
        warnings.warn(note, UserWarning, stacklevel=3)

    def attach_head(self, *, keep: bool = False, generator: torch.Generator | None = None) -> None:
        """Add SimCSE's head, dense h → h and tanh, freshly initialised.

        Args:
            keep: Keep it at test time too (supervised SimCSE): the pooling becomes `cls`.
            generator: Source of its initial weights; the global one where None.
        """
        width = int(self.model.config.hidden_size)
        head = DenseHead(width, width, generator=generator).to(self.device)
        if keep:
            self.head, self.training_head, self.pooling = head, None, "cls"
            self.pooling_note = "The head it is trained with is kept."
        else:
            self.training_head = head

    def token_rows(self, texts: Sequence[str] | Sequence[Sequence[int]] | TokenBatch) -> list[list[int]]:
        """Token numbers of each text, special tokens included; rows of numbers stay as they are.

        Raises:
            DataError: A row is not a text, or a batch is not padded on the right.
        """
        if isinstance(texts, TokenBatch):
            return texts.rows()
        if texts and isinstance(texts[0], (list, tuple)):
            return [list(row) for row in cast(Sequence[Sequence[int]], texts)]
        return self.text_tokenizer.ids(as_list(cast(Sequence[str], texts)))

    def forward_train(
        self, texts: Sequence[str] | Sequence[Sequence[int]] | TokenBatch, *, kept: Kept | None = None
    ) -> Tensor:
        """Embeddings of B texts with gradients: (B, d) float32, in input order, not normalised.

        In train mode dropout is active and the training head, if there is one, is applied. For two dropout
        views give every text twice (`[*texts, *texts]`): each row draws its own masks. `kept` says what is
        cut off each text's embeddings.

        Raises:
            DataError: No texts, a row that is not a text, or a batch that is not padded on the right.
        """
        rows = self.token_rows(texts)
        if not rows:
            raise DataError("An empty batch cannot be trained on.")
        reading = reading_of(self, self.pooling, self.layers)
        order = np.argsort([len(row) for row in rows], kind="stable")
        pieces = self.engine.learn(
            [rows[i] for i in order],
            set(reading.layers.values()),
            training=self.training,
            kept=None if kept is None else kept.take(order),
        )
        pooled = torch.cat([pool(self, piece, reading) for piece in pieces])
        pooled = pooled[torch.from_numpy(np.argsort(order, kind="stable")).to(self.device)]
        if self.training and self.training_head is not None:
            pooled = self.training_head(pooled)
        return pooled.float()

    def forward(self, texts: Sequence[str] | Sequence[Sequence[int]] | TokenBatch) -> Tensor:
        """Same as `forward_train`."""
        return self.forward_train(texts)

    def encode(
        self, texts: Iterable[str], *, normalize: bool = True, progress: Progress | None = None
    ) -> NDArray[np.float32]:
        """Embeddings of texts, (n, d) float32, rows in input order, each equal to encoding it alone.

        Texts with the same tokens are computed once. Only the first 100 × `max_length` characters are read.

        Args:
            texts: Any iterable; it is read in blocks, so memory stays bounded by the result.
            normalize: Scale each row to length 1 (a zero row stays zero).
            progress: Called with texts done and their number (None where it is not known).

        Raises:
            DataError: A row is not a text; the message names it, counted from 1.
        """
        reading = reading_of(self, self.pooling, self.layers)
        found = embed(
            self, texts, {"": reading}, normalize=normalize, progress=progress, repairs=self.repairs
        )
        return found[""]

    def encode_layers(
        self,
        texts: Iterable[str],
        *,
        poolings: Sequence[str],
        normalize: bool = True,
        progress: Progress | None = None,
    ) -> dict[tuple[int, str], NDArray[np.float32]]:
        """Embeddings at every layer, in one pass: (layer, pooling) → (n, d); layer 0 is the embeddings.

        At layer l a pooling sees the encoder as if it had only l layers. `cls` goes through a head made for
        the last layer, so it is given there only. Repairs are of one reading and not applied. Arguments as
        `encode`.
        """
        readings = {
            (layer, name): reading_of(self, name, layer)
            for layer in range(self.layers + 1)
            for name in poolings
            if name != "cls" or layer == self.layers
        }
        return embed(self, texts, readings, normalize=normalize, progress=progress)

    def save(
        self,
        folder: str | Path,
        *,
        extra: Mapping[str, Any] | None = None,
        half: bool = False,
        layout: str = "sentence-transformers",
    ) -> None:
        """Write a folder that others open as it is; see `saving.save_encoder`."""
        from simcse_core.encoders.saving import save_encoder

        save_encoder(self, Path(folder), extra=extra, half=half, layout=layout)
        save_repairs(self, Path(folder))
