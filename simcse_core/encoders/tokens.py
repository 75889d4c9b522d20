"""Texts to token numbers: batches, long lists and streams."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simcse_core.encoders.prompts import Template, fill
from simcse_core.errors import DataError, EncoderError

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor

CHARACTERS_PER_TOKEN = 100  # texts are cut to this many characters a token before tokenising
READ = 16_384  # texts read, tokenised and sorted together; bounds the memory of a stream
READ_CHARACTERS = 8_000_000  # the same bound for long texts
KEPT_FILES = ("tokenizer_config.json", "special_tokens_map.json", "vocab.txt", "vocab.json", "merges.txt")
_ROLES = ("unk_token", "sep_token", "pad_token", "cls_token", "mask_token", "bos_token", "eos_token")


@dataclass(frozen=True)
class TokenBatch:
    """Token numbers of B texts, padded on the right to T.

    Attributes:
        ids: (B, T) int64.
        mask: (B, T) bool, true at real tokens.
    """

    ids: Tensor
    mask: Tensor

    def rows(self) -> list[list[int]]:
        """The token numbers of each text, without padding.

        Raises:
            DataError: A row is not padded on the right.
        """
        lengths = self.mask.sum(dim=1).tolist()
        if any(not bool(line[:n].all()) for line, n in zip(self.mask, lengths, strict=True)):
            raise DataError("Token batches must be padded on the right.", hint="Use Encoder.tokenize.")
        return [row[:n] for row, n in zip(self.ids.tolist(), lengths, strict=True)]


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file; empty where there is no such file.

    Raises:
        EncoderError: The file is not valid JSON, or not an object.
    """
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise EncoderError(
            f"{path} cannot be read as JSON: {error}.", hint="Fetch the checkpoint again."
        ) from None
    if not isinstance(found, dict):
        raise EncoderError(f"{path} holds a {type(found).__name__}, not an object.")
    return found


def special_tokens(folder: Path) -> dict[str, str]:
    """Role → token ("mask_token" → "[MASK]") as the checkpoint states them."""
    stated = {**read_json(folder / "tokenizer_config.json"), **read_json(folder / "special_tokens_map.json")}
    found = {}
    for role in _ROLES:
        token = stated.get(role)
        if isinstance(token, dict):
            token = token.get("content")
        if isinstance(token, str) and token:
            found[role] = token
    return found


class TextTokenizer:
    """A checkpoint's tokenizer, truncating to `max_length` and fast on long lists; safe to share by threads.

    Attributes:
        backend: The Rust tokenizer; it truncates, and never pads.
        special: Special tokens by role ("mask_token" → "[MASK]").
        max_length: Most tokens a text is cut to, special tokens included.
        padding_id: Number that fills padded rows.
        files: Contents of the small tokenizer files of the checkpoint, by name.
        template: Put around every text, or None.
    """

    def __init__(
        self,
        backend: Tokenizer,
        special: Mapping[str, str],
        *,
        max_length: int,
        padding_id: int,
        files: Mapping[str, str],
    ) -> None:
        """Take over `backend`."""
        self.backend = backend
        self.special = dict(special)
        self.max_length = max_length
        self.files = dict(files)
        self.template: Template | None = None
        found = backend.token_to_id(self.special.get("pad_token", ""))
        self.padding_id = padding_id if found is None else int(found)
        backend.no_padding()
        backend.enable_truncation(max_length)

    @property
    def mask_id(self) -> int | None:
        """Number of the mask token; None where there is none."""
        found = self.backend.token_to_id(self.special.get("mask_token", "[MASK]"))
        return None if found is None else int(found)

    def ids(self, texts: Sequence[str], *, first_row: int = 0) -> list[list[int]]:
        """Token numbers of each text with its special tokens, inside the template where there is one.

        Raises:
            DataError: A row is not a string, or not valid Unicode; the message names the row, counted from 1.
        """
        if self.template is None:
            return self.plain_ids(texts, first_row=first_row)
        return fill(self, self.template, texts, first_row=first_row).rows

    def plain_ids(self, texts: Sequence[str], *, first_row: int = 0) -> list[list[int]]:
        """Token numbers of each text with its special tokens, at most `max_length` a text, no template.

        Only the first `CHARACTERS_PER_TOKEN * max_length` characters of a text are looked at, so that a
        megabyte on one line costs no more than a page.

        Raises:
            DataError: A row is not a string, or not valid Unicode; the message names the row, counted from 1.
        """
        limit = CHARACTERS_PER_TOKEN * self.max_length
        cut = []
        for row, text in enumerate(texts, start=first_row + 1):
            if not isinstance(text, str):
                raise DataError(f"Row {row} is not a text but {type(text).__name__}: {text!r:.40}.")
            cut.append(text if len(text) <= limit else text[:limit])
        try:
            return [one.ids for one in self.backend.encode_batch_fast(cut)]
        except (TypeError, UnicodeEncodeError):
            raise _not_unicode(cut, first_row) from None

    def batch(self, texts: Sequence[str]) -> TokenBatch:
        """Token numbers of B texts, padded on the right to the longest, on the CPU."""
        rows = self.ids(texts)
        lengths = np.asarray([len(row) for row in rows], dtype=np.int64)
        ids = np.full((len(rows), int(lengths.max(initial=0))), self.padding_id, dtype=np.int64)
        mask = np.arange(ids.shape[1]) < lengths[:, None]  # (B, T)
        ids[mask] = [number for row in rows for number in row]
        return make_batch(ids, mask)

    def rules(self) -> str:
        """The content of a tokenizer.json, without truncation or padding."""
        found = json.loads(self.backend.to_str())
        found["truncation"] = found["padding"] = None
        return json.dumps(found, ensure_ascii=False)

    def as_transformers(self) -> Any:
        """A fast transformers tokenizer with the same rules."""
        from tokenizers import Tokenizer
        from transformers import PreTrainedTokenizerFast

        return PreTrainedTokenizerFast(
            tokenizer_object=Tokenizer.from_str(self.rules()),
            model_max_length=self.max_length,
            **self.special,
        )


def make_batch(ids: NDArray[np.int64], mask: NDArray[np.bool_]) -> TokenBatch:
    """A batch from arrays, both (B, T)."""
    import torch

    return TokenBatch(torch.from_numpy(ids), torch.from_numpy(mask))


def distinct_rows(rows: Sequence[Sequence[int]]) -> tuple[list[tuple[int, ...]], NDArray[np.int64]]:
    """The distinct rows, in order of first appearance, and for each row (n,) which of them it is."""
    seen: dict[tuple[int, ...], int] = {}
    place = np.asarray([seen.setdefault(tuple(row), len(seen)) for row in rows], dtype=np.int64)
    return list(seen), place


def as_list(texts: Iterable[str]) -> list[str]:
    """The texts as a list.

    Raises:
        DataError: A single string was given.
    """
    if isinstance(texts, (str, bytes)):
        raise DataError("A single string was given where a list of texts is needed.", hint="Write [text].")
    return list(texts)


def blocks(
    texts: Iterable[str], *, size: int = READ, characters: int = READ_CHARACTERS
) -> Iterator[list[str]]:
    """The texts in lists of at most `size` texts, closed early once they hold `characters` characters.

    Raises:
        DataError: A single string was given.
    """
    block: list[str] = []
    held = 0
    for text in as_list(texts) if isinstance(texts, (str, bytes)) else texts:
        block.append(text)
        held += len(text) if isinstance(text, str) else 0
        if len(block) == size or held >= characters:
            yield block
            block, held = [], 0
    if block:
        yield block


def _not_unicode(texts: Sequence[str], first_row: int) -> DataError:
    for row, text in enumerate(texts, start=first_row + 1):
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            return DataError(
                f"Row {row} is not valid Unicode (a lone surrogate at character {error.start + 1}).",
                hint="Read the file as UTF-8, or drop the broken character.",
            )
    return DataError(f"The tokenizer refused one of the rows {first_row + 1} to {first_row + len(texts)}.")
