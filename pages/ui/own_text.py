"""The learner's own sentences: a field in a popover, what was wrong with them, and the way back."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages.ui import messages, state
from pages.ui.text import t
from simcse_core.errors import SimCSEError


class OwnText:
    """Sentences a visitor typed for one page; free text never enters the address.

    The page's strings have `own` (the popover), `own_field`, `own_help`, `own_go` and `own_end`.
    """

    def __init__(self, page: str, prefix: str, take: Callable[[str], None], **limits: int) -> None:
        """Name it after a page.

        Args:
            page: Whose strings are used.
            prefix: Of the keys in the session, as `bt`.
            take: Given what was typed; calls `keep`, or raises a SimCSEError that is shown by the field.
            limits: Numbers that `own_field` names.
        """
        self.page, self.prefix, self.take, self.limits = page, prefix, take, limits
        self.key, self._problem = f"{prefix}_own", f"{prefix}-problem"

    def current(self) -> tuple[str, ...] | None:
        """The visitor's sentences; None for the shipped ones."""
        state.remember_default(self.key, None)
        own: tuple[str, ...] | None = st.session_state.get(self.key)
        return own

    def keep(self, sentences: tuple[str, ...]) -> None:
        """From now on these are the sentences of the page."""
        st.session_state[self.key] = sentences

    def draw(self, height: int, beside: Callable[[], object] = lambda: None) -> None:
        """The popover, with whatever `beside` draws under the field, and the way back to the shipped ones."""
        with st.container(horizontal=True, gap="small"):
            with st.popover(t(f"{self.page}.own"), icon=":material/edit:", type="tertiary"):
                st.text_area(
                    t(f"{self.page}.own_field", **self.limits), key=f"{self.prefix}-text", height=height,
                    persist_state="session",
                )  # fmt: skip
                beside()
                st.caption(t(f"{self.page}.own_help"))
                st.button(t(f"{self.page}.own_go"), key=f"{self.prefix}-go", on_click=self._go)
                problem = st.session_state.get(self._problem)
                if problem is not None:
                    messages.refuse(problem)
            if self.current():
                st.button(
                    t(f"{self.page}.own_end"), key=f"{self.prefix}-end", icon=":material/undo:",
                    type="tertiary", on_click=self._give_back,
                )  # fmt: skip

    def _go(self) -> None:
        st.session_state[self._problem] = None
        try:
            self.take(str(st.session_state.get(f"{self.prefix}-text", "")).strip())
        except SimCSEError as error:
            st.session_state[self._problem] = error

    def _give_back(self) -> None:
        st.session_state[self.key] = None
