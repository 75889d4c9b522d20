"""A switch between light and dark redraws the figures; what Streamlit paints too pale on dark is mended.

Streamlit recolours its own elements in the browser and runs nothing, so figures would keep the other palette.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import streamlit as st

from pages.ui.theme import current_theme
from simcse_core.figures.theme import DARK

WATCH = """
export default function ({ parentElement, setTriggerValue }) {
  const host = parentElement.host ?? parentElement;
  const read = () => getComputedStyle(host).getPropertyValue("--st-background-color").trim();
  let known = read();
  const timer = setInterval(() => {
    const now = read();
    if (now === known) return;
    known = now;
    setTriggerValue("switched", now);
  }, 400);
  return () => clearInterval(timer);
}
"""


@lru_cache(maxsize=1)
def _component() -> Any:
    return st.components.v2.component("appearance", js=WATCH)


def watch() -> None:
    """Run the page again whenever the background changes; draws nothing."""
    if current_theme() is DARK:  # white on the light primary colour has a contrast of 2
        st.html(f"<style>[data-tag] * {{ color: {DARK.background} !important }}</style>")
    _component()(key="appearance", height=1, on_switched_change=lambda: None)
