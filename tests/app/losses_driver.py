"""What the page of losses shows, for its tests."""

from __future__ import annotations

from typing import Any

from tests.app.apptest import charts


def tiles(at: Any) -> list[str]:
    """Titles of the tiles."""
    return [note["text"] for note in charts(at)[0]["layout"]["annotations"]]


def table(at: Any, head: str) -> list[list[str]]:
    """Rows of a Markdown table."""
    text = next(m.value for m in at.markdown if m.value.startswith(f"| {head}"))
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in text.splitlines()[2:]]
