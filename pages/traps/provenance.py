"""Names and numbers that all traps of the page write in one way."""

from __future__ import annotations

from pages.traps.recorded import recorded, seeds
from pages.ui.text import t


def signed(value: float, digits: int) -> str:
    """A number with a real minus sign, and no minus before a zero."""
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def set_title(name: str) -> str:
    """What a set of scored pairs is called."""
    return t(f"traps.set.{name.replace('-', '_')}")


def how() -> str:
    """Encoder, steps, seeds, machine of the recorded runs: one line."""
    made = recorded()["made"]
    config = made["config"]
    return t(
        "traps.how", encoder=config["encoder"]["name"], steps=config["optim"]["steps"],
        batch=config["optim"]["batch_size"], seeds=", ".join(map(str, seeds())),
        precision=recorded()["runs"][0]["precision"], device=made["device"], date=made["date"],
        torch=made["versions"]["torch"],
    )  # fmt: skip
