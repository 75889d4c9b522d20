"""Notes: formulas, words, sources, data, machine."""

from __future__ import annotations

from pages.ui.frame import header


def render() -> None:
    """Draw the page."""
    header("notes", "nt")
