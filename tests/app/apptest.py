"""What page tests share: the address of the repository, and what counts as a failed page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

from pages.ui.text import t

REPOSITORY = Path(__file__).resolve().parents[2]
OpenPage = Callable[..., AppTest]


def faults(at: AppTest) -> list[str]:
    """Texts of what failed on the page: uncaught exceptions, and what the boundary caught that is ours."""
    caught = [box.value for box in at.error if t("shell.failed") in box.value]
    traces = [code.value for code in at.code if "Traceback" in code.value]
    return [*(error.message for error in at.exception), *caught, *traces]
