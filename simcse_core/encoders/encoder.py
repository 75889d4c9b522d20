"""The encoder: a transformer, its tokenizer and its pooling, for inference and for training."""

from __future__ import annotations

import hashlib
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from simcse_core.encoders import families
from simcse_core.encoders.buckets import Bucket, buckets, chunks
from simcse_core.encoders.heads import DenseHead
from simcse_core.encoders.packed import TrainingForward, padding_mask
from simcse_core.encoders.poolers import poolers
from simcse_core.encoders.tokens import TokenBatch, ids_of
from simcse_core.errors import ConfigError, DataError, EncoderError
from simcse_core.registry import inputs_of

Progress = Callable[[int, int | None], None]
READ = 16_384  # texts read, tokenised and sorted together; bounds the memory of a stream
BLOCK_TOKENS = 8_192  # tokens computed together


class Encoder(nn.Module):
    """A checkpoint ready to encode and to be trained.

    Attributes:
        name: The name it was asked for by.
        model: The HF transformer (its own pooler included, where it has one); float32 master weights.
        backend: The Rust tokenizer, truncating to `max_length`.
        pooling: Registered pooling.
        pooling_note: Why this pooling: given, stated by the checkpoint, or assumed.
        head: Layer after the pooler that belongs to the checkpoint, or None.
        training_head: Layer used by `forward_train` only, or None.
        device: Where the weights are.
        dtype: Number format of the matrix products.
        max_length: Most tokens a text is cut to, special tokens included.
        notes: What a user should know about this checkpoint, one sentence each.
    """

    def __init__(
        self,
        *,
        name: str,
        model: Any,
        backend: Any,
        special: Mapping[str, str],
        pooling: str,
        pooling_note: str,
        head: nn.Module | None,
        device: torch.device,
        dtype: torch.dtype,
        max_length: int,
        keep_files: Mapping[str, str],
    ) -> None:
        """Put the parts together; use `load_encoder`."""
        super().__init__()
        self.name = name
        self.model = model
        self.backend = backend
        self.special = dict(special)
        self.pooling = pooling
        self.pooling_note = pooling_note
        self.head = head
        self.training_head: nn.Module | None = None
        self.device = device
        self.dtype = dtype
        self.max_length = max_length
        self.keep_files = dict(keep_files)
        self.notes: list[str] = []
        self.backend.enable_truncation(max_length)
        self._lock = threading.RLock()
        self._hf_tokenizer: Any = None
        self._trainer = TrainingForward(model, dtype) if model.config.model_type in families.PACKED else None
        self.to(device)
        self.eval()

    # --- facts -------------------------------------------------------------------------------------

    @property
    def layers(self) -> int:
        """Transformer layers kept."""
        return families.layer_count(self.model.config)

    @property
    def dimension(self) -> int:
        """Numbers in an embedding, d."""
        return int(self.head.dense.out_features if self.head is not None else self.model.config.hidden_size)

    @property
    def dropout(self) -> float:
        """Hidden dropout, in [0, 1]."""
        return families.dropout_of(self.model.config)

    @property
    def digest(self) -> str:
        """First 16 hex digits of a SHA-256 over weights, layers and pooling: same digest, same embeddings."""
        state = hashlib.sha256(f"{self.layers} {self.pooling} {self.max_length} {self.dtype}".encode())
        for part in (self.model, self.head):
            if part is not None:
                for key, tensor in sorted(part.state_dict().items()):
                    state.update(f"{key} {tuple(tensor.shape)}".encode())
                    state.update(tensor.detach().cpu().contiguous().view(torch.uint8).numpy().data)
        return state.hexdigest()[:16]

    @property
    def tokenizer(self) -> Any:
        """The tokenizer as transformers knows it (a fast tokenizer made from the same rules)."""
        if self._hf_tokenizer is None:
            from tokenizers import Tokenizer
            from transformers import PreTrainedTokenizerFast

            copy = Tokenizer.from_str(self.backend.to_str())
            copy.no_truncation()
            self._hf_tokenizer = PreTrainedTokenizerFast(
                tokenizer_object=copy, model_max_length=self.max_length, **self.special
            )
        return self._hf_tokenizer

    @property
    def padding_id(self) -> int:
        """Number of the padding token."""
        found = self.backend.token_to_id(self.special.get("pad_token", ""))
        return int(self.model.config.pad_token_id or 0) if found is None else int(found)

    @property
    def mask_id(self) -> int | None:
        """Number of the mask token; None where the tokenizer has none."""
        found = self.backend.token_to_id(self.special.get("mask_token", "[MASK]"))
        return None if found is None else int(found)

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the lock, so that an encoder can be copied (a momentum twin, say)."""
        return {key: value for key, value in super().__getstate__().items() if key != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore, with a lock of its own."""
        super().__setstate__(state)
        self.__dict__["_lock"] = threading.RLock()
        if self._trainer is not None:
            self._trainer = TrainingForward(self.model, self.dtype).train(self.training)

    # --- tokens ------------------------------------------------------------------------------------

    def tokenize(self, texts: Sequence[str]) -> TokenBatch:
        """Token numbers of B texts, padded on the right to the longest: ids (B, T), mask (B, T), on the CPU.

        Raises:
            DataError: A row is not a text; the message names it.
        """
        rows = ids_of(self.backend, _as_list(texts), max_length=self.max_length)
        lengths = np.fromiter((len(row) for row in rows), dtype=np.int64, count=len(rows))
        ids = np.full((len(rows), int(lengths.max(initial=0))), self.padding_id, dtype=np.int64)
        mask = np.arange(ids.shape[1]) < lengths[:, None]  # (B, T)
        ids[mask] = np.concatenate([np.asarray(row, dtype=np.int64) for row in rows]) if rows else []
        return TokenBatch(torch.from_numpy(ids), torch.from_numpy(mask))

    def tokens(self, text: str) -> list[str]:
        """The tokens of a text as the model sees them, special tokens included."""
        return [str(self.backend.id_to_token(number)) for number in self._ids([text])[0]]

    def _ids(self, texts: Sequence[str], first_row: int = 0) -> list[list[int]]:
        return ids_of(self.backend, texts, max_length=self.max_length, first_row=first_row)

    # --- dropout, modes, heads ---------------------------------------------------------------------

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

    def train(self, mode: bool = True) -> Self:
        """Switch dropout on (or off) for `forward_train`."""
        return super().train(mode)

    def attach_head(self, *, keep: bool = False, generator: torch.Generator | None = None) -> None:
        """Add SimCSE's head, dense h → h and tanh, freshly initialised.

        Args:
            keep: Keep it at test time too (supervised SimCSE): the pooling becomes `cls`.
            generator: Source of its initial weights; the global one where None.
        """
        width = int(self.model.config.hidden_size)
        head = DenseHead(width, width)
        if generator is not None:
            nn.init.normal_(head.dense.weight, std=0.02, generator=generator)
        head.to(self.device)
        if keep:
            self.head, self.training_head, self.pooling = head, None, "cls"
            self.pooling_note = "cls: trained with this head, which is kept."
        else:
            self.training_head = head

    # --- forward -----------------------------------------------------------------------------------

    def forward_train(self, texts: Sequence[str] | TokenBatch) -> Tensor:
        """Embeddings of B texts with gradients, in the current mode: (B, d) float32, input order, not normalised.

        In train mode dropout is active and the training head, if there is one, is applied. For two dropout
        views give every text twice (`[*texts, *texts]`): each row draws its own masks.
        """
        rows = self._rows(texts) if isinstance(texts, TokenBatch) else self._ids(_as_list(texts))
        if not rows:
            raise DataError("An empty batch cannot be trained on.")
        order = np.argsort([len(row) for row in rows], kind="stable")
        pooled = self._pool(
            *self._states([rows[i] for i in order], self._layers_of(self.pooling)), self.pooling
        )
        pooled = pooled[torch.from_numpy(np.argsort(order, kind="stable")).to(self.device)]
        if self.training and self.training_head is not None:
            pooled = self.training_head(pooled)
        return pooled.float()

    def forward(self, texts: Sequence[str] | TokenBatch) -> Tensor:
        """Same as `forward_train`."""
        return self.forward_train(texts)

    def _rows(self, batch: TokenBatch) -> list[list[int]]:
        lengths = batch.mask.sum(dim=1)
        expected = torch.arange(batch.mask.shape[1], device=batch.mask.device) < lengths[:, None]
        if not torch.equal(expected, batch.mask.bool()):
            raise DataError("Token batches must be padded on the right.", hint="Use Encoder.tokenize.")
        return [row[:n] for row, n in zip(batch.ids.tolist(), lengths.tolist(), strict=True)]

    def _layers_of(self, pooling: str) -> dict[int, int]:
        """Layer as the pooler names it → layer counted from 0 (the embedding layer)."""
        named = poolers.info(pooling).traits["layers"]
        return {
            layer: max(self.layers + 1 + layer, 0) if layer < 0 else min(layer, self.layers)
            for layer in named
        }

    def _states(
        self, rows: Sequence[Sequence[int]], layers: Mapping[int, int]
    ) -> tuple[list[tuple[dict[int, Tensor], Tensor, Tensor]], None]:
        """For each bucket of rows sorted by length: states by pooler's layer name, mask and ids, all (B, T, …)."""
        lengths = np.asarray([len(row) for row in rows], dtype=np.int64)
        parts = buckets(lengths, overhead=self._overhead())
        ids = self._padded(rows, parts)
        sizes = torch.from_numpy(lengths).to(self.device)
        if self._trainer is not None:
            self._trainer.train(self.training)
            flat = self._trainer(ids, sizes, parts, set(layers.values()))
        found = []
        for part in parts:
            mask = padding_mask(part, sizes)
            block = ids[part.start : part.stop].view(part.count, part.length)
            if self._trainer is not None:
                states = {
                    name: flat[layer][part.start : part.stop].view(part.count, part.length, -1)
                    for name, layer in layers.items()
                }
            else:
                with torch.autocast(
                    self.device.type, dtype=torch.bfloat16, enabled=self.dtype == torch.bfloat16
                ):
                    every = self.model(
                        input_ids=block, attention_mask=mask.long(), output_hidden_states=True
                    ).hidden_states
                states = {name: every[layer].float() for name, layer in layers.items()}
            found.append((states, mask, block))
        return found, None

    def _overhead(self) -> int:
        """What one more bucket costs, in tokens: little on a CPU, a lot where kernels are launched."""
        return 8 if self.device.type == "cpu" else 4096

    def _padded(self, rows: Sequence[Sequence[int]], parts: Sequence[Bucket]) -> Tensor:
        """(N,) token numbers of the buckets' padded rows, on the device."""
        flat = np.full(parts[-1].stop, self.padding_id, dtype=np.int64)
        for part in parts:
            block = flat[part.start : part.stop].reshape(part.count, part.length)
            for line, row in zip(block, rows[part.first : part.first + part.count], strict=True):
                line[: len(row)] = row
        ids = torch.from_numpy(flat)
        if self.device.type == "cuda":
            return ids.pin_memory().to(self.device, non_blocking=True)
        return ids.to(self.device)

    def _pool(self, found: Any, _: None, pooling: str) -> Tensor:
        pooled = []
        for states, mask, ids in found:
            pooled.append(self._pool_one(pooling, states, mask, ids))
        return torch.cat(pooled)

    def _pool_one(self, pooling: str, states: Mapping[int, Tensor], mask: Tensor, ids: Tensor) -> Tensor:
        needs = inputs_of(poolers[pooling])
        extra: dict[str, Any] = {}
        if "head" in needs:
            extra["head"] = self.head
        if "marks" in needs:
            if self.mask_id is None:
                raise EncoderError(
                    f"{self.name} has no mask token.", hint="Use another pooling, such as mean."
                )
            extra["marks"] = ids == self.mask_id
        pooled: Tensor = poolers[pooling](states, mask, **extra).float()
        if self.head is not None and "head" not in needs:
            pooled = self.head(pooled)
        return pooled

    # --- inference ---------------------------------------------------------------------------------

    def encode(
        self, texts: Iterable[str], *, normalize: bool = True, progress: Progress | None = None
    ) -> NDArray[np.float32]:
        """Embeddings of texts, (n, d) float32, rows in input order, each equal to encoding it alone.

        Args:
            texts: Any iterable; it is read in blocks, so memory stays bounded by the result.
            normalize: Scale each row to length 1 (a zero row stays zero).
            progress: Called with texts done and their number (None where it is not known).

        Raises:
            DataError: A row is not a text; the message names it, counted from 1.
        """
        total = len(texts) if isinstance(texts, Sequence) else None
        done: list[NDArray[np.float32]] = []
        count = 0
        with self._lock, torch.inference_mode():
            training = self.training
            self.eval()
            try:
                for block in _blocks(texts):
                    offset = count
                    count += len(block)
                    done.append(self._encode_block(block, offset, normalize, progress, total))
            finally:
                self.train(training)
        return np.concatenate(done) if done else np.zeros((0, self.dimension), dtype=np.float32)

    def _encode_block(
        self, texts: list[str], offset: int, normalize: bool, progress: Progress | None, total: int | None
    ) -> NDArray[np.float32]:
        rows = self._ids(texts, offset)
        lengths = np.asarray([len(row) for row in rows], dtype=np.int64)
        order = np.argsort(lengths, kind="stable")
        result = np.empty((len(rows), self.dimension), dtype=np.float32)
        layers = self._layers_of(self.pooling)
        for piece in chunks(lengths[order], tokens=BLOCK_TOKENS):
            chosen = order[piece]
            pooled = self._pool(*self._states([rows[i] for i in chosen], layers), self.pooling)
            result[chosen] = (F.normalize(pooled, dim=-1) if normalize else pooled).cpu().numpy()
            if progress is not None:
                progress(offset + piece.stop, total)
        return result

    def encode_layers(
        self, texts: Iterable[str], *, poolings: Sequence[str], normalize: bool = True
    ) -> dict[tuple[int, str], NDArray[np.float32]]:
        """Embeddings read at every layer, in one pass: (layer, pooling) → (n, d); layer 0 is the embedding layer.

        At layer l a pooling sees the encoder as if it had only l layers; `cls` goes through a head made for
        the last layer, so it is given there only.
        """
        wanted = [(layer, name) for layer in range(self.layers + 1) for name in poolings]
        wanted = [(layer, name) for layer, name in wanted if name != "cls" or layer == self.layers]
        collected: dict[tuple[int, str], list[NDArray[np.float32]]] = {key: [] for key in wanted}
        count = 0
        with self._lock, torch.inference_mode():
            training = self.training
            self.eval()
            for block in _blocks(texts):
                for key, values in self._layers_block(block, count, wanted, normalize).items():
                    collected[key].append(values)
                count += len(block)
            self.train(training)
        empty = np.zeros((0, self.dimension), dtype=np.float32)
        return {key: np.concatenate(parts) if parts else empty for key, parts in collected.items()}

    def _layers_block(
        self, texts: list[str], offset: int, wanted: Sequence[tuple[int, str]], normalize: bool
    ) -> dict[tuple[int, str], NDArray[np.float32]]:
        rows = self._ids(texts, offset)
        lengths = np.asarray([len(row) for row in rows], dtype=np.int64)
        order = np.argsort(lengths, kind="stable")
        result = {key: np.empty((len(rows), self.dimension), dtype=np.float32) for key in wanted}
        every = {layer: layer for layer in range(self.layers + 1)}
        for piece in chunks(lengths[order], tokens=BLOCK_TOKENS):
            chosen = order[piece]
            found, _ = self._states([rows[i] for i in chosen], every)
            for layer, name in wanted:
                cut = [(_as_if(states, layer), mask, ids) for states, mask, ids in found]
                pooled = self._pool(cut, None, name)
                result[layer, name][chosen] = (
                    (F.normalize(pooled, dim=-1) if normalize else pooled).cpu().numpy()
                )
        return result

    def save(self, folder: str | Path, *, extra: Mapping[str, Any] | None = None, half: bool = False) -> None:
        """Write a folder that transformers, sentence-transformers and `load_encoder` open as it is."""
        from simcse_core.encoders.saving import save_encoder

        save_encoder(self, Path(folder), extra=extra, half=half)


def _as_if(states: Mapping[int, Tensor], layer: int) -> dict[int, Tensor]:
    """States by the poolers' layer names, of an encoder that ends at `layer`."""
    return {1: states[min(1, layer)], -1: states[layer], -2: states[max(layer - 1, 0)]}


def _as_list(texts: Iterable[str]) -> list[str]:
    if isinstance(texts, str):
        raise DataError("A single string was given where a list of texts is needed.", hint="Write [text].")
    return list(texts)


def _blocks(texts: Iterable[str]) -> Iterator[list[str]]:
    if isinstance(texts, (str, bytes)):
        raise DataError("A single string was given where a list of texts is needed.", hint="Write [text].")
    stream = iter(texts)
    while block := list(islice(stream, READ)):
        yield block
