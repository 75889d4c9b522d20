"""Checkpoints: how the map of sentences grew, what a checkpoint is worth, and how to take it along."""

from __future__ import annotations

from pages.checkpoints import checkup, map_tab, taking
from pages.ui import messages
from pages.ui.frame import open_frame
from pages.ui.state import choice
from pages.ui.text import t

TABS = {"map": map_tab.draw, "checkup": checkup.draw, "taking": taking.draw}


def render() -> None:
    """Draw the page: its frame, the choice of a tab, and that tab alone."""
    page = open_frame("checkpoints", "cp")
    with page.presets:
        tab = choice(
            t("checkpoints.tab"),
            tuple(TABS),
            "map",
            key="cp_tab",
            label_visibility="collapsed",
            format_func=lambda name: t(f"checkpoints.tabs.{name}"),
        )
    with messages.boundary():
        TABS[tab](page)
