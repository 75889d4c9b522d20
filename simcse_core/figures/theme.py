"""The palette: one colour and one mark per role, on every page, light and dark."""

from __future__ import annotations

import html
from dataclasses import dataclass

WEIGHTS = "Cividis"
"""Plotly name of the scale for weights and densities."""


@dataclass(frozen=True)
class Theme:
    """Colours of one appearance, as `#rrggbb`.

    Attributes:
        name: `light` or `dark`.
        background: Page behind the figure; figures themselves are transparent.
        text: Anchors, titles, axis labels.
        muted: Secondary text, tick labels.
        grid: Grid lines and frames.
        positive: Positive pairs and the arrows that pull.
        negative: In-batch negatives; drawn with an `outline`, because amber alone is too pale on white.
        hard: Hard negatives (contradictions).
        false: False negatives: a negative that means the same.
        noise: Noise negatives.
        before: The raw model; dashed.
        after: The trained model or the current run; solid.
        outline: Edge of pale marks, at least 3:1 against the background.
        diverging: Cosine from -1 to 1: amber low, background at 0, blue high, as (position, colour).
    """

    name: str
    background: str
    text: str
    muted: str
    grid: str
    positive: str
    negative: str
    hard: str
    false: str
    noise: str
    before: str
    after: str
    outline: str
    diverging: tuple[tuple[float, str], ...]


LIGHT = Theme(
    name="light",
    background="#ffffff",
    text="#0f1820",
    muted="#5b6673",
    grid="#e3e8ec",
    positive="#0072b2",
    negative="#e69f00",
    hard="#d55e00",
    false="#cc79a7",
    noise="#7f7f7f",
    before="#7f7f7f",
    after="#009e73",
    outline="#6b4a00",
    diverging=((0.0, "#c98200"), (0.25, "#f0cd8a"), (0.5, "#ffffff"), (0.75, "#7db8dc"), (1.0, "#005a91")),
)
DARK = Theme(
    name="dark",
    background="#12161c",
    text="#e6eaf0",
    muted="#a3adba",
    grid="#2a333e",
    positive="#56b4e9",
    negative="#f0b429",
    hard="#ff8a3d",
    false="#e39bc4",
    noise="#9aa3ae",
    before="#9aa3ae",
    after="#2cc295",
    outline="#ffe0a3",
    diverging=((0.0, "#f0b429"), (0.25, "#7d6126"), (0.5, "#12161c"), (0.75, "#23618a"), (1.0, "#56b4e9")),
)


def plotly_text(text: str) -> str:
    """A learner's text for a Plotly label or hover: its subset of HTML and its templates are disarmed."""
    return html.escape(text, quote=False).replace("%{", "%\u2060{")


def faded(colour: str, opacity: float) -> str:
    """`#rrggbb` as `rgba(r,g,b,opacity)`; opacity in [0, 1]."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"
