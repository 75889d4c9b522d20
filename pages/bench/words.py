"""How this page writes numbers, checkpoints and sets."""

from __future__ import annotations

from pages.ui.checkpoints import short
from pages.ui.text import plain, t
from simcse_core.bench import SHIPPED, SICK_ALL

MISSING = "–"


def number(value: float | None, digits: int = 1, *, sign: bool = False) -> str:
    """A number with a real minus sign and no minus before a zero; a dash where there is none."""
    if value is None:
        return MISSING
    rounded = round(value, digits) + 0.0
    return f"{rounded:{'+' if sign else ''}.{digits}f}".replace("-", "−")


def ends(low: float | None, high: float | None, digits: int = 1) -> str:
    """An interval."""
    return MISSING if low is None or high is None else f"{number(low, digits)} to {number(high, digits)}"


def label(name: str) -> str:
    """A checkpoint's name without its folder, as typed."""
    return short(name)


def shown(name: str) -> str:
    """A checkpoint's name where Markdown is read."""
    return plain(label(name))


def set_title(name: str) -> str:
    """What a set of scored pairs is called."""
    if name == SHIPPED:
        return t("bench.set.pairs")
    return t("bench.set.sick_all") if name == SICK_ALL else name
