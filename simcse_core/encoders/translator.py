"""Translation by MarianMT models, for positives that went to another language and back."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

import torch

from simcse_core.encoders import hub
from simcse_core.encoders.checks import check_weights, checked_config
from simcse_core.encoders.loading import quiet
from simcse_core.errors import EncoderError, HubError

BATCH = 32  # sentences translated together
LONGEST = 256  # tokens read and written


def _fetched(source: str) -> Path:
    try:
        return hub.fetch(source)
    except HubError as error:
        raise HubError(
            error.message,
            hint="Name folders that hold the two models, or train on the shipped data set round-trips.",
        ) from None


class Translator:
    """One direction of translation, such as `Helsinki-NLP/opus-mt-en-de`.

    Args:
        source: Local folder or Hugging Face id of a MarianMT model with safetensors weights.

    Raises:
        EncoderError: Not a MarianMT model, damaged, without safetensors, or sentencepiece is not installed.
        HubError: The Hub is unreachable or has no such model.
    """

    def __init__(self, source: str) -> None:
        folder = Path(source) if Path(source).is_dir() else _fetched(source)
        checked_config(folder, ("marian",))
        check_weights(folder)
        if importlib.util.find_spec("sentencepiece") is None:
            raise EncoderError(
                "Translation needs sentencepiece.",
                hint="Install that package on this machine.",
                command="pip install sentencepiece",
            )
        from transformers import MarianMTModel, MarianTokenizer

        try:
            with quiet():
                self.tokenizer = MarianTokenizer.from_pretrained(folder, local_files_only=True)
                self.model = MarianMTModel.from_pretrained(
                    folder, local_files_only=True, use_safetensors=True, trust_remote_code=False
                ).eval()
        except Exception as error:  # transformers, safetensors and sentencepiece raise many kinds
            reason = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
            raise EncoderError(
                f"{folder} cannot be loaded as a MarianMT model: {reason[:300]}.",
                hint="It needs config.json, model.safetensors, vocab.json, source.spm and target.spm.",
            ) from None

    @torch.inference_mode()
    def __call__(self, texts: Sequence[str], *, beams: int = 1) -> list[str]:
        """The translations, in order; with one beam greedily, so that the same text always gives the same."""
        found: list[str] = []
        for at in range(0, len(texts), BATCH):
            batch = self.tokenizer(
                list(texts[at : at + BATCH]),
                return_tensors="pt", padding=True, truncation=True, max_length=LONGEST,
            )  # fmt: skip
            written = self.model.generate(**batch, num_beams=beams, do_sample=False, max_length=LONGEST)
            found += self.tokenizer.batch_decode(written, skip_special_tokens=True)
        return found
