"""The frame of every page: question, one sentence on what to see, figure, and a column in a fixed order.

The containers exist before they are filled, so a page may read its controls first and draw its figure after.
"""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.ui import state
from pages.ui.exports import page_address
from pages.ui.text import formula as display
from pages.ui.text import t

FIGURE_SHARE = (0.62, 0.38)
HEADER_SHARE = (0.8, 0.2)


@dataclass(frozen=True)
class Frame:
    """A page's places, from top to bottom: header, then figure beside controls, Why, Try, Details.

    Attributes:
        name: The page's package and prefix of its strings.
        prefix: Prefix of its keys in the address.
        presets: Row under the question, for preset pills.
        figure: The main figure, first on a phone too.
        controls: Settings, next to what they change.
        below: Full width under both columns, for linked helpers and tables.
    """

    name: str
    prefix: str
    presets: DeltaGenerator
    figure: DeltaGenerator
    controls: DeltaGenerator
    _why: DeltaGenerator
    _challenge: DeltaGenerator
    _details: DeltaGenerator
    below: DeltaGenerator

    def why(self, text: str, *, formula: str = "", live: str = "") -> None:
        """Why it is so: plain words, the formula, and the formula with the live numbers (both LaTeX)."""
        with self._why:
            st.header(t("shell.why"), anchor=False)
            st.markdown(text)
            for line in filter(None, (formula, live)):
                display(line)

    def challenge(self) -> DeltaGenerator:
        """Place of the one challenge; fill it with `pages.ui.challenge`."""
        self._challenge.header(t("shell.try"), anchor=False)
        return self._challenge

    def details(self) -> DeltaGenerator:
        """Collapsed block for definitions, caveats and code."""
        return self._details.expander(t("shell.details"), icon=":material/notes:")


def open_frame(name: str, prefix: str) -> Frame:
    """Draw the header of a page and make its places.

    The question is the string `<name>.question`, the sentence under it `<name>.look`.

    Args:
        name: The page's package.
        prefix: Two letters; every key of the page in the address starts with them and an underscore.
    """
    header(name, prefix)
    return open_body(name, prefix)


def open_body(name: str, prefix: str) -> Frame:
    """The places under a header that is drawn already, for a page whose tabs are framed one by one.

    Args:
        name: Prefix of the tab's strings.
        prefix: As in `open_frame`.
    """
    presets = st.container()
    figure, side = st.columns(FIGURE_SHARE, gap="large")
    controls, why, challenge, details = (side.container() for _ in range(4))
    return Frame(name, prefix, presets, figure, controls, why, challenge, details, st.container())


def header(name: str, prefix: str) -> None:
    """Question as title, one sentence on what to look at, Share and Reset."""
    words, actions = st.columns(HEADER_SHARE, vertical_alignment="bottom")
    with words:
        st.title(t(f"{name}.question"), anchor=False)
        st.markdown(t(f"{name}.look"))
    with actions.container(horizontal=True, horizontal_alignment="right", gap="small"):
        share(name)
        st.button(
            t("shell.reset"),
            icon=":material/restart_alt:",
            type="tertiary",
            key=f"{prefix}-reset",
            on_click=state.reset,
            args=(prefix,),
            help=t("shell.reset_help"),
        )


def share(name: str) -> None:
    """The address of the view as it stands, to copy."""
    with st.popover(t("shell.share"), icon=":material/link:", type="tertiary"):
        st.caption(t("shell.share_help"))
        st.code(page_address("" if name == "home" else name), language=None, wrap_lines=True)
