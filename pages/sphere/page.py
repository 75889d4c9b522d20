"""Pull and spread: what the loss really optimises; by hand, downhill, as a proof, and on a real encoder."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pages.sphere import drag, flow, proof, spectrum
from pages.ui import messages
from pages.ui.frame import Frame, open_frame
from pages.ui.state import choice
from pages.ui.text import t

VIEWS: Mapping[str, Callable[[Frame], None]] = {
    "drag": drag.draw,
    "flow": flow.draw,
    "proof": proof.draw,
    "spectrum": spectrum.draw,
}


def render() -> None:
    """Draw the page."""
    page = open_frame("sphere", "sp")
    with page.presets:
        view = choice(
            t("sphere.view"),
            tuple(VIEWS),
            "drag",
            key="sp_view",
            label_visibility="collapsed",
            format_func=lambda name: t(f"sphere.views.{name}"),
        )
    with messages.boundary():
        VIEWS[view](page)
