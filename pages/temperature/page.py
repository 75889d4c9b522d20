"""Temperature: which negatives feel the push; on a circle, on real sentences, and in trained encoders."""

from __future__ import annotations

import importlib
import importlib.util

from pages.temperature import toy
from pages.ui.frame import open_frame
from pages.ui.state import choice
from pages.ui.text import t

VIEWS = {"circle": "toy", "sentences": "real", "sweep": "sweep"}


def render() -> None:
    """Draw the page."""
    page = open_frame("temperature", "tp")
    there = [view for view, name in VIEWS.items() if importlib.util.find_spec(f"pages.temperature.{name}")]
    with page.presets:
        view = choice(
            t("temperature.view"),
            there,
            "circle",
            key="tp_on",
            label_visibility="collapsed",
            format_func=lambda name: t(f"temperature.on.{name}"),
        )
    if view == "circle":
        toy.draw(page)
    else:
        importlib.import_module(f"pages.temperature.{VIEWS[view]}").draw(page)
