"""Temperature: which negatives feel the push; on a circle, on real sentences, and in trained encoders."""

from __future__ import annotations

from pages.temperature import real, sweep, toy
from pages.ui.frame import open_frame
from pages.ui.state import choice
from pages.ui.text import t

VIEWS = {"circle": toy.draw, "sentences": real.draw, "sweep": sweep.draw}


def render() -> None:
    """Draw the page."""
    page = open_frame("temperature", "tp")
    with page.presets:
        view = choice(
            t("temperature.view"),
            tuple(VIEWS),
            "circle",
            key="tp_on",
            label_visibility="collapsed",
            format_func=lambda name: t(f"temperature.on.{name}"),
        )
    VIEWS[view](page)
