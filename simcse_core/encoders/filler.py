"""Masked tokens filled by the language-model head of a checkpoint, for positives with words replaced."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from simcse_core.encoders import families
from simcse_core.encoders.catalogue import resolve
from simcse_core.encoders.checks import check_weights, checked_config
from simcse_core.encoders.loading import quiet
from simcse_core.encoders.tokens import TextTokenizer, special_tokens
from simcse_core.encoders.vocabulary import load_backend
from simcse_core.errors import EncoderError

BATCH = 16  # texts filled together: the scores of all their tokens over the vocabulary are held at once
WORD_STARTS = ("Ġ", "▁")  # of byte-level and sentencepiece vocabularies; WordPiece marks what goes on instead
GOES_ON = "##"
NO_HEAD = (
    "Checkpoints as they come from masked pre-training have one, such as bert-base-uncased, roberta-base or "
    "distilbert-base-uncased; sentence encoders, MiniLM among them, are stored without. Set view.filler to "
    "one that has it."
)


class MaskFiller:
    """A masked language model that proposes whole words for mask tokens; on the CPU, in float32.

    Args:
        source: As for `load_encoder`. All layers are kept, whatever follows a colon: the head was trained on
            the last one.

    Raises:
        EncoderError: Not found, not trusted, damaged, without a mask token, or without a language-model head.
        HubError: The Hub was needed and did not answer.
    """

    def __init__(self, source: str) -> None:
        folder = resolve(source).folder
        family = str(checked_config(folder, families.SUPPORTED)["model_type"])
        check_weights(folder)
        self.model = _model(folder, source)
        self.tokenizer = TextTokenizer(
            load_backend(folder, family),
            special_tokens(folder),
            max_length=families.position_limit(self.model.config),
            padding_id=int(self.model.config.pad_token_id or 0),
            files={},
        )
        self.mask = self.tokenizer.special.get("mask_token", "[MASK]")
        if self.tokenizer.mask_id is None:
            raise EncoderError(f"{source} has no mask token.", hint=NO_HEAD)
        self.texts = _whole_words(self.tokenizer.backend)
        self._numbers = torch.tensor(sorted(self.texts))

    @torch.inference_mode()
    def __call__(
        self, texts: Sequence[str], generator: np.random.Generator, *, top: int = 1
    ) -> list[list[str]]:
        """A word for every mask token of each text, in order; masks of one text are filled independently.

        Args:
            texts: Hold `self.mask` any number of times; masks beyond the longest input get no word.
            generator: Draws the words; one draw a mask.
            top: Words are drawn from the likeliest so many, in proportion to their probability; 1 takes the
                likeliest. Only whole words are proposed, no special tokens and no pieces that go on with one.
        """
        found: list[list[str]] = []
        for at in range(0, len(texts), BATCH):
            batch = self.tokenizer.batch(list(texts[at : at + BATCH]))
            logits = self.model(input_ids=batch.ids, attention_mask=batch.mask.long()).logits  # (B, T, V)
            rows, places = (batch.ids == torch.tensor(self.tokenizer.mask_id)).nonzero().unbind(dim=1)
            words: list[list[str]] = [[] for _ in range(len(batch.ids))]
            for row, word in zip(
                rows.tolist(), self._draw(logits[rows, places], generator, top), strict=True
            ):
                words[row].append(word)
            found += words
        return found

    def _draw(self, logits: Tensor, generator: np.random.Generator, top: int) -> list[str]:
        """One word for each of (m, V) scores."""
        values, ranks = logits[:, self._numbers].topk(min(top, len(self._numbers)))  # (m, k), likeliest first
        reached = values.double().softmax(dim=1).cumsum(dim=1)
        drawn = torch.from_numpy(generator.random(len(values)))
        picks = (reached <= drawn[:, None]).sum(dim=1).clamp(max=values.shape[1] - 1)
        numbers = self._numbers[ranks.gather(1, picks[:, None]).squeeze(1)]
        return [self.texts[number] for number in numbers.tolist()]


def _model(folder: Path, source: str) -> Any:
    """The model with its head, or a refusal: a head drawn at random would propose noise."""
    from transformers import AutoModelForMaskedLM

    try:
        with quiet():
            model, report = AutoModelForMaskedLM.from_pretrained(
                folder,
                dtype=torch.float32,
                use_safetensors=True,
                local_files_only=True,
                trust_remote_code=False,
                output_loading_info=True,
            )
    except Exception as error:  # transformers and safetensors raise many kinds
        reason = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise EncoderError(
            f"{folder} cannot be loaded as a masked language model: {reason[:300].rstrip('.')}.", hint=NO_HEAD
        ) from None
    if report["missing_keys"]:
        raise EncoderError(f"{source} has no language-model head, so it cannot fill masks.", hint=NO_HEAD)
    return model.eval()


def _whole_words(backend: Any) -> dict[int, str]:
    """Token number → text, of the tokens that are a word of their own."""
    vocabulary = backend.get_vocab()
    start = next(
        (m for m in WORD_STARTS if 10 * sum(t.startswith(m) for t in vocabulary) > len(vocabulary)), ""
    )
    names = {
        number: token
        for token, number in vocabulary.items()
        if token.startswith(start) and not token.startswith((GOES_ON, "["))
    }
    texts = backend.decode_batch([[number] for number in names])  # special tokens decode to nothing
    told = ((number, text.strip()) for number, text in zip(names, texts, strict=True))
    return {number: text for number, text in told if text and all(c.isalnum() or c in "-'" for c in text)}
