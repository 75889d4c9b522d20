"""From settings to measured states: recorded ones where there are, computed ones elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from streamlit.delta_generator import DeltaGenerator

from pages.cone import live
from pages.cone.controls import Settings
from pages.cone.recorded import recorded_reference, recorded_spread
from pages.cone.sentences import Sentences
from simcse_core.evaluation.cone import Spread


@dataclass(frozen=True)
class Views:
    """The states of one view of the page.

    Attributes:
        raw: A as it is.
        first: A after the repair; the same as `raw` without one.
        second: B, repaired too where that was asked for.
        reference: Evenly spread directions of the same n and d as `first`.
        fresh: Letters of the checkpoints that were computed now; the others were recorded.
    """

    raw: Spread
    first: Spread
    second: Spread
    reference: Spread
    fresh: frozenset[str]


def measured(settings: Settings, sentences: Sentences, place: DeltaGenerator) -> Views:
    """Every state the page draws; signs of life go to `place`.

    Raises:
        SimCSEError: A checkpoint cannot be loaded, or a repair cannot be learned.
    """
    fresh: set[str] = set()

    def state(letter: str, repair: str | None, parameters: Mapping[str, Any]) -> Spread:
        name = settings.first if letter == "A" else settings.second
        found = None
        if sentences.source == "shipped" and settings.prompt.recorded:
            found = recorded_spread(name, settings.layer, settings.pooling, repair, parameters)
        if found is None:
            fresh.add(letter)
        return found or live.spread_of(
            name,
            settings.layer,
            settings.pooling,
            repair,
            parameters,
            sentences.texts,
            sentences.pairs,
            place,
            settings.prompt,
        )

    raw = state("A", None, {})
    first = state("A", settings.repair, settings.parameters) if settings.repair else raw
    asked = (settings.repair, settings.parameters) if settings.both else (None, {})
    second = state("B", *asked)
    reference = recorded_reference(first.rows, first.dimension) or live.reference_of(
        first.rows, first.dimension
    )
    return Views(raw, first, second, reference, frozenset(fresh))
