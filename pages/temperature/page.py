"""The page /temperature."""

from __future__ import annotations

from pages.ui.frame import open_frame


def render() -> None:
    """Draw the page."""
    open_frame("temperature", "tp")
