"""What the views of the geometry share: two checkpoints, measured or waiting, and their legend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from pages.cone.panels import short
from pages.cone.sentences import Sentences
from pages.cone.space import geometry_for, origin
from pages.ui import messages
from pages.ui.frame import Frame
from pages.ui.text import catalogue, t
from simcse_core.encoders.poolers import poolers
from simcse_core.errors import SimCSEError
from simcse_core.evaluation.geometry import Geometry

ROLES = {"A": ("before", "dashed", "circle"), "B": ("after", "solid", "diamond")}
"""Letter → role, dash and symbol."""


@dataclass(frozen=True)
class Side:
    """A checkpoint that has been measured.

    Attributes:
        letter: A or B.
        name: As the visitor chose it.
        geometry: What was measured.
        origin: Where the numbers come from, one sentence.
    """

    letter: str
    name: str
    geometry: Geometry
    origin: str

    @property
    def title(self) -> str:
        """For a legend."""
        return f"{self.letter} · {short(self.name)}"

    @property
    def role(self) -> str:
        """Attribute of `Theme`."""
        return ROLES[self.letter][0]

    @property
    def dash(self) -> str:
        """Of its lines."""
        return ROLES[self.letter][1]

    @property
    def symbol(self) -> str:
        """Of its points."""
        return ROLES[self.letter][2]

    def layer(self, asked: int | None) -> int:
        """The layer that is read: the last for None, and where there are fewer."""
        return self.geometry.layers if asked is None else min(asked, self.geometry.layers)


def sides(page: Frame, first: str, second: str, sentences: Sentences) -> list[Side]:
    """Those of A and B that are measured; for another a button or the reason stands in the figure's place."""
    found = []
    with page.figure:
        for letter, name in (("A", first), ("B", second)):
            try:
                geometry = geometry_for(name, letter, sentences)
            except SimCSEError as error:
                messages.refuse(error)
                continue
            if geometry is not None:
                found.append(Side(letter, name, geometry, origin(name, geometry, sentences)))
    return found


def origins(found: Sequence[Side]) -> None:
    """Where the numbers come from, in one line."""
    st.caption(" ".join(dict.fromkeys(side.origin for side in found)))


def brief(pooling: str) -> str:
    """A legend's name for a read-out; its title where a new one has no short name yet."""
    known = f"cone.short.{pooling}" in catalogue()
    return t(f"cone.short.{pooling}") if known else poolers.info(pooling).title


def number(value: float | None, digits: int) -> str:
    """With a real minus sign, no minus before a zero, and a dash for nothing."""
    return "–" if value is None else f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A small table; cells are Markdown."""
    lines = ["| " + " | ".join(head) + " |", "|:--" + "|--:" * (len(head) - 1) + "|"]
    st.markdown("\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]))
