"""Cosines of one comparison under several checkpoints, recorded or computed, and what they mean in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from pages.pairs import checkpoints, models, recorded
from pages.ui.text import t
from simcse_core.errors import SimCSEError
from simcse_core.search.background import Background

SIDES = ("same", "different")


@dataclass(frozen=True)
class Score:
    """One checkpoint's view of a comparison.

    Attributes:
        name: Checkpoint as chosen.
        title: Its human name.
        cosines: Side ("same", "different") → cosine with the original; only sides that have a text.
        background: Random pairs under this checkpoint.
    """

    name: str
    title: str
    cosines: dict[str, float]
    background: Background

    def share(self, side: str) -> float:
        """Share of random pairs below the cosine of a side, in [0, 1]."""
        return self.background.share_below(self.cosines[side])

    @property
    def nearer(self) -> str | None:
        """Which side is nearer to the original; None where there is only one."""
        return max(self.cosines, key=self.cosines.__getitem__) if len(self.cosines) == 2 else None


@dataclass(frozen=True)
class Trouble:
    """A checkpoint that could not be used, and why."""

    name: str
    error: SimCSEError


def measure(
    names: Iterable[str], pooling: str | None, texts: Sequence[str]
) -> tuple[list[Score], list[Trouble]]:
    """Scores of (original, same, different) under each checkpoint; what fails is told apart, not raised."""
    scores, troubles = [], []
    for name in names:
        try:
            cosines = _recorded(name, pooling, texts) or _computed(name, pooling, texts)
            found = models.background(name, pooling)
            scores.append(Score(name, checkpoints.title(name), cosines, found))
        except SimCSEError as error:
            troubles.append(Trouble(name, error))
    return scores, troubles


def _recorded(name: str, pooling: str | None, texts: Sequence[str]) -> dict[str, float] | None:
    for example in recorded.examples().values() if pooling is None else ():
        if tuple(texts) == example.texts and name in example.scores:
            return dict(example.scores[name])
    return None


def _computed(name: str, pooling: str | None, texts: Sequence[str]) -> dict[str, float]:
    sides = [side for side, text in zip(SIDES, texts[1:], strict=True) if text]
    rows = models.embed_few(name, pooling, [text for text in texts if text]).astype(np.float64)
    return {side: float(np.clip(rows[0] @ row, -1, 1)) for side, row in zip(sides, rows[1:], strict=True)}


def percent(share: float) -> str:
    """A share as a percentage that never rounds up to 100."""
    value = 100 * share
    digits = 2 if value >= 99.9 or value <= 0.1 else 1 if value >= 99 or value <= 1 else 0
    return f"{min(value, 100 - 10.0**-digits):.{digits}f}" if share < 1 else "100"


def standing(background: Background, cosine: float) -> str:
    """Where a cosine stands among random pairs, as the end of a sentence."""
    share = background.share_below(cosine)
    if share >= 1:
        return t("pairs.above_all", pairs=f"{background.pairs:,}")
    if share <= 0:
        return t("pairs.below_all", pairs=f"{background.pairs:,}")
    return t("pairs.above", percent=percent(share))


def short_standing(background: Background, cosine: float) -> str:
    """The same for the label of a mark."""
    share = background.share_below(cosine)
    return t("pairs.mark_all") if share >= 1 else t("pairs.mark", percent=percent(share))
