"""Chinese under a checkpoint: recorded where it is, computed with a sign of life elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.traps.recorded import recorded
from pages.ui.cache import embed, shared_encoder
from pages.ui.checkpoints import loadable, short
from pages.ui.text import plain, t
from simcse_core.data.datasets import load_dataset_records, load_scored_pairs
from simcse_core.evaluation.language import pieces
from simcse_core.metrics.sts import cosines, spearman
from simcse_core.search.background import Background, background_sentences

Pair = tuple[str, str]


@dataclass(frozen=True)
class Reading:
    """The shipped Chinese pairs under a checkpoint, with the visitor's own pair behind them if there is one.

    Attributes:
        cosines: One a pair.
        tokens: Of both sides of every pair.
        unknown: The token for what is not in the vocabulary; None where the tokenizer has none.
        backgrounds: Random pairs of English ("en") and of Chinese sentences ("zh").
        spearman: Rank correlation x 100 with people on Chinese ("zh") and English pairs ("en").
        fresh: Number format and device, where it was computed now; empty where it was recorded.
    """

    cosines: Sequence[float]
    tokens: Sequence[list[list[str]]]
    unknown: str | None
    backgrounds: Mapping[str, Background]
    spearman: Mapping[str, float]
    fresh: tuple[str, str] | tuple[()]


def read_pairs(name: str, own: Pair | None, place: DeltaGenerator) -> Reading:
    """All shipped pairs, and the visitor's; signs of life go to `place`.

    Raises:
        SimCSEError: The checkpoint cannot be loaded.
    """
    told = recorded()["chinese"].get(name)
    if told is not None:
        backgrounds = {language: Background.from_dict(one) for language, one in told["backgrounds"].items()}
        found = Reading(told["cosines"], told["tokens"], told["unknown"], backgrounds, told["spearman"], ())
    else:
        with place, st.spinner(t("traps.language.reading", name=plain(short(name)))):
            found = _measured(name)
    if own is None:
        return found
    with place, st.spinner(t("traps.language.reading", name=plain(short(name)))):
        return _with_own(name, found, own)


def _measured(name: str) -> Reading:
    loaded = loadable(name)
    encoder = shared_encoder(loaded).encoder
    zh, en = load_scored_pairs("pairs-zh"), load_scored_pairs("pairs")
    scored = {
        language: cosines(embed(loaded, one.first), embed(loaded, one.second))
        for language, one in (("zh", zh), ("en", en))
    }
    texts = {"en": background_sentences(), "zh": [str(one) for one in load_dataset_records("sentences-zh")]}
    return Reading(
        [float(value) for value in scored["zh"]],
        [[pieces(encoder, a), pieces(encoder, b)] for a, b in zip(zh.first, zh.second, strict=True)],
        encoder.special.get("unk_token"),
        {language: Background.measure(embed(loaded, some)) for language, some in texts.items()},
        {"zh": spearman(scored["zh"], zh.score), "en": spearman(scored["en"], en.score)},
        (str(encoder.dtype).removeprefix("torch."), str(encoder.device)),
    )


def _with_own(name: str, found: Reading, own: Pair) -> Reading:
    loaded = loadable(name)
    encoder = shared_encoder(loaded).encoder
    first, second = embed(loaded, own).astype(np.float64)
    return Reading(
        [*found.cosines, float(np.clip(first @ second, -1.0, 1.0))],
        [*found.tokens, [pieces(encoder, text) for text in own]],
        found.unknown,
        found.backgrounds,
        found.spearman,
        (str(encoder.dtype).removeprefix("torch."), str(encoder.device)),
    )
