"""How findings write numbers."""

from __future__ import annotations


def percent(share: float, digits: int = 0) -> str:
    """A share in [0, 1] as "23 %", with a space that does not break."""
    return f"{100 * share:.{digits}f}\u00a0%"
