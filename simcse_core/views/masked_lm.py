"""Replace a share of the words by what a masked language model puts in their place."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated

from simcse_core.registry import Range, Text
from simcse_core.views import Generator, Texts, views
from simcse_core.views.words import cased, chosen, core, some

if TYPE_CHECKING:
    from simcse_core.encoders.filler import MaskFiller

OWN = "own"


@views.register(
    "masked_lm",
    title="Words filled by a masked language model",
    source="Gao, Yao & Chen 2021 (SimCSE), arXiv:2104.08821, table 1 (“MLM k %”)",
    equation=r"x_i^+=x_i[w_k\to\hat w],\;\;\hat w\sim p_{\mathrm{MLM}}(\cdot\mid x_i[w_k\to\mathrm{[MASK]}])",
    gives={"sentences": ("anchor", "positive")},
    fetches=("filler",),
)
def masked_lm(
    records: Sequence[str],
    generator: Generator,
    source: str,
    *,
    rate: Annotated[
        float, Range(0.0, 0.9, "Share of the words masked and filled", (0.1, 0.15, 0.3, 0.5))
    ] = 0.15,
    top: Annotated[
        int, Range(1, 1000, "Drawn from so many likeliest words; 1 takes the likeliest", (1, 5, 10, 50))
    ] = 10,
    filler: Annotated[str, Text("Masked language model that fills, or own for the encoder's")] = OWN,
) -> Texts:
    """The positive has a share of its words masked, and each filled with a word that fits the place.

    The model that fills is the untrained one at every step, as in SimCSE. A word can come back as it was. A
    masked word is filled by one token, so a rare word of several pieces never comes back. The meaning often
    changes: that is what the published ablation shows.

    Args:
        records: B sentences.
        generator: Draws the words, and what fills them.
        source: Name of the encoder that is trained.
        rate: Share of the words, rounded to whole words; 0 leaves the sentence.
        top: 1 takes the likeliest word, more draw from so many in proportion to their probability.
        filler: Checkpoint with a language-model head: a folder or a Hugging Face id; "own" takes that of the
            encoder that is trained, where it has one.

    Returns:
        `anchor`, the B sentences; `positive`, each with words filled. A sentence that holds the mask token
        itself stays as it is. Dropout acts on both.

    Raises:
        EncoderError: The model cannot be loaded, or has no language-model head.
        HubError: The model is not here and the Hub is out of reach.
    """
    model = _filler(source if filler == OWN else filler)
    sentences = [record.split() for record in records]
    places = [_places(words, generator, rate, model.mask) for words in sentences]
    masked = [
        " ".join(
            word.replace(core(word), model.mask) if at in hidden else word for at, word in enumerate(words)
        )
        for words, hidden in zip(sentences, places, strict=True)
    ]
    filled = model([text for text, hidden in zip(masked, places, strict=True) if hidden], generator, top=top)
    words_of = iter(filled)
    for words, hidden in zip(sentences, places, strict=True):
        for at, new in zip(hidden, next(words_of) if hidden else (), strict=False):  # what was cut off stays
            words[at] = words[at].replace(core(words[at]), cased(new, core(words[at])))
    return {"anchor": list(records), "positive": [" ".join(words) for words in sentences]}


def _places(words: list[str], generator: Generator, rate: float, mask: str) -> list[int]:
    """Which words are masked, in order; words that are all punctuation are not."""
    if any(mask in word for word in words):
        return []
    able = [at for at, word in enumerate(words) if core(word)]
    count = min(some(len(words), rate), len(able))
    return sorted(able[i] for i in chosen(generator, len(able), count))


@lru_cache(maxsize=1)
def _filler(source: str) -> MaskFiller:
    from simcse_core.encoders.filler import MaskFiller

    return MaskFiller(source)
