"""Losses side by side: runs, curves, the log-sum-exp, and towers."""

from __future__ import annotations

from pages.losses import curves, logsumexp, runs, towers
from pages.ui import messages
from pages.ui.frame import header
from pages.ui.state import choice
from pages.ui.text import t

TABS = {"runs": runs.render, "curves": curves.render, "logsumexp": logsumexp.render, "towers": towers.render}


def render() -> None:
    """Draw the page: its header, the choice of a tab, and that tab alone."""
    header("losses", "ls")
    tab = choice(
        t("losses.tab"),
        tuple(TABS),
        "runs",
        key="ls_tab",
        label_visibility="collapsed",
        format_func=lambda name: t(f"losses.tabs.{name}"),
    )
    with messages.boundary():
        TABS[tab]()
