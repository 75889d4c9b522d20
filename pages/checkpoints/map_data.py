"""What the map shows: the recorded run, a run of the lab, or two checkpoints on the same sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from numpy.typing import NDArray

from pages.ui.recordings import Recording, with_parts
from simcse_core.evaluation.atlas import Atlas, Layout

RECORDED, TWO = "recorded", "two"


@dataclass(frozen=True, eq=False)
class Recorded:
    """The recorded file.

    Attributes:
        made: How it was made.
        scores: Per step: rank correlation on scored pairs, mean cosine, uniformity.
        atlas: Sentences, neighbours, maps.
    """

    made: Mapping[str, Any]
    scores: list[dict[str, Any]]
    atlas: Atlas


def _checked(content: Any) -> Recorded:
    plain = with_parts(content, {"made", "scores", "map"})
    atlas = Atlas.from_dict(plain["map"])
    if not atlas.layouts or len(plain["scores"]) != len(atlas.steps):
        raise ValueError("no map, or a step without its scores")
    return Recorded(plain["made"], plain["scores"], atlas)


recorded = Recording("maps", _checked, public=True)
"""The recorded run."""


@dataclass(frozen=True, eq=False)
class View:
    """What is on the page.

    Attributes:
        source: `RECORDED`, `TWO` or the id of a run.
        key: Changes when the sentences or their embeddings do.
        atlas: Sentences, neighbours, maps.
        labels: What each step is called: its number, or a checkpoint's name.
        names: What `load_encoder` is given for each checkpoint; empty for a run.
        clouds: (n, d) embeddings by step, where they are at hand.
    """

    source: str
    key: str
    atlas: Atlas
    labels: tuple[str, ...]
    names: tuple[str, ...] = ()
    clouds: Mapping[int, NDArray[Any]] = field(default_factory=dict)

    @property
    def scrub(self) -> bool:
        """Whether the steps are steps of one training."""
        return self.source != TWO and len(self.atlas.steps) > 1

    def laid_out(self, layout: Layout) -> View:
        """The same with one more map."""
        return replace(self, atlas=replace(self.atlas, layouts={**self.atlas.layouts, layout.method: layout}))


def recorded_view() -> View:
    """The recorded run, ready to draw.

    Raises:
        DataError: The file is missing or damaged.
    """
    found = recorded()
    steps = found.atlas.steps
    return View(RECORDED, f"recorded {found.made['date']}", found.atlas, tuple(str(step) for step in steps))
