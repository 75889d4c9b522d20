"""What the page is asked to show: layout, sentences, dropout and its masks, row."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from pages.batch.live import LEAST, LONGEST, MOST, checked
from pages.batch.recorded import recorded
from pages.ui.own_text import OwnText
from pages.ui.state import choice, switch
from pages.ui.text import t
from simcse_core.theory.walk import names_of
from simcse_core.theory.walk_arrays import LAYOUTS

LAYOUT_ORDER = ("interleaved", "two_view", "triples")
DEFAULT_SIZE = 4
ROW = "bt_row"


@dataclass(frozen=True)
class Settings:
    """One view of the page.

    Attributes:
        layout: One of `LAYOUTS`.
        size: Sentences in the batch.
        dropout: One of the recorded ones.
        same_mask: Whether both views are computed under the same masks.
        row: Name of the open row: a, a′, b, …
        own: The visitor's sentences; None for the shipped ones.
    """

    layout: str
    size: int
    dropout: float
    same_mask: bool
    row: str
    own: tuple[str, ...] | None

    @property
    def live(self) -> bool:
        """Whether own sentences are shown; hard negatives are the shipped ones in any case."""
        return self.own is not None and self.layout != "triples"

    @property
    def equal_views(self) -> bool:
        """Whether both views of a sentence are the same vector."""
        return self.layout != "triples" and (self.dropout == 0 or self.same_mask)


def read() -> Settings:
    """Draw the controls: layout, size, dropout and its masks, row, own sentences."""
    layout = choice(
        t("batch.layout"), LAYOUT_ORDER, LAYOUT_ORDER[0], key="bt_lay", kind="radio",
        format_func=layout_title, help=t("batch.layout_help"),
    )  # fmt: skip
    own = OWN.current()
    live = own is not None and layout != "triples"
    size = _size(len(own) if live and own else 0)
    one, two = st.columns(2)
    with one:
        dropout = choice(
            t("batch.dropout"), tuple(recorded().made["config"]["dropouts"]), 0.1, key="bt_p",
            format_func=lambda p: f"{p:g}", help=t("batch.dropout_help"),
        )  # fmt: skip
    with two:
        same_mask = _mask(dropout, layout)
    row = _row(layout, size)
    OWN.draw(190)
    return Settings(layout, size, dropout, same_mask, row, own)


def layout_title(layout: str) -> str:
    """Name of a layout."""
    return t(f"batch.layout_name.{layout}")


def _size(own: int) -> int:
    if own:
        st.caption(t("batch.own_size", size=own))
        return own
    sizes = range(2, int(recorded().made["config"]["sentences"]) + 1)
    return choice(
        t("batch.size"), tuple(sizes), DEFAULT_SIZE, key="bt_n", kind="ladder", help=t("batch.size_help")
    )


def _mask(dropout: float, layout: str) -> bool:
    """Same or new masks, where the question makes sense."""
    if dropout == 0 or layout == "triples":
        st.caption(t("batch.no_mask") if dropout == 0 else t("batch.triples_mask"))
        return False
    return switch(t("batch.same"), key="bt_same", help=t("batch.same_help"))


def _row(layout: str, size: int) -> str:
    names = names_of(layout, size, copies=LAYOUTS[layout].parts == 2)[0]
    kept = st.session_state.get(ROW)
    if kept is not None and kept not in names:  # another layout or a smaller batch has no such row
        st.session_state[ROW] = kept[:1] if kept[:1] in names else names[0]
    return choice(t("batch.row"), names, names[0], key=ROW, kind="pills", help=t("batch.row_help"))


def _take(text: str) -> None:
    """Check what was typed and make a batch of it."""
    OWN.keep(checked(text))


OWN = OwnText("batch", "bt", _take, least=LEAST, most=MOST, longest=LONGEST)
