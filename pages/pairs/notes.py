"""What a visitor should know about these texts: a writing the checkpoint cannot read, or a text cut short."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.pairs import models
from pages.pairs.scores import Score, standing
from pages.pairs.scripts import main_script
from pages.ui.text import plain, t

NAMED = (
    "han", "kana", "hangul", "cyrillic", "arabic", "hebrew", "greek", "devanagari", "thai",
)  # fmt: skip


def draw(scores: Sequence[Score], texts: Sequence[str], pooling: str | None) -> None:
    """One note a checkpoint that has no words in the writing of the texts."""
    found = {main_script(text) for text in texts if text} - {"", "latin"}
    script = next(iter(sorted(found)), None)
    if script is None:
        return
    for score in scores:
        if script not in models.scripts(score.name, pooling):
            st.warning(_note(score, script, pooling), icon=":material/translate:")


def _note(score: Score, script: str, pooling: str | None) -> str:
    language = t(f"pairs.script.{script}") if script in NAMED else t("pairs.script.other")
    note = t("pairs.unseen", name=plain(score.title), language=language)
    if script != "han":
        return note
    own = models.background(score.name, pooling, chinese=True)
    english = standing(score.background, own.mean)
    parts = [note, t("pairs.unseen_mean", mean=f"{own.mean:.2f}", standing=english)]
    for side, cosine in score.cosines.items():
        name = t(f"pairs.side.{side}")
        parts.append(t("pairs.unseen_pair", side=name, standing=_among(own.share_below(cosine))))
    return " ".join(parts)


def _among(share: float) -> str:
    return (
        t("pairs.unseen_share", percent=f"{100 * min(share, 0.999):.0f}")
        if share < 1
        else t("pairs.unseen_all")
    )
