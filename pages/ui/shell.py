"""From the list of pages to a running app: navigation, sidebar, boundary around every page."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass

import streamlit as st

from pages.ui import appearance, memory, messages, status
from pages.ui.messages import on_script_error as on_script_error
from pages.ui.text import LANGUAGE_KEY, language, languages, t
from simcse_core import runtime


@dataclass(frozen=True)
class Entry:
    """One page of the app.

    Attributes:
        section: Heading in the navigation, a key of the strings `shell.section`.
        name: Package under `pages/`; its `page.render()` draws the page, and it is the page's address.
        icon: Material icon.
        default: Whether it is served at `/`.
    """

    section: str
    name: str
    icon: str

    def render(self) -> None:
        """Import and draw the page; what it raises stays inside its body."""
        with messages.boundary():
            importlib.import_module(f"pages.{self.name}.page").render()

    def page(self, *, default: bool) -> st.Page:
        """The entry as Streamlit wants it."""
        title = t(f"shell.nav.{self.name}")
        return st.Page(self.render, title=title, icon=self.icon, url_path=self.name, default=default)


_listed: ContextVar[Mapping[Entry, st.Page]] = ContextVar("listed_pages")


def listed_pages() -> Mapping[Entry, st.Page]:
    """The pages of the app, in order, while one of them is drawn."""
    return _listed.get({})


def show(entries: Sequence[Entry]) -> None:
    """Draw the app for one visitor: navigation, sidebar and the page of the address."""
    logo = runtime.assets() / "logo.svg"
    st.set_page_config(
        page_title=t("shell.app"),
        page_icon=str(runtime.assets() / "logo-mark.svg"),
        layout="wide",
        menu_items={"About": t("shell.about")},
    )
    st.logo(str(logo), icon_image=str(runtime.assets() / "logo-mark.svg"), size="large")
    pages = {entry: entry.page(default=entry is entries[0]) for entry in entries}
    phone = on_a_phone()
    current = st.navigation(list(pages.values()), position="sidebar" if phone else "hidden", expanded=True)
    _listed.set(pages)
    with st.sidebar:
        if not phone:
            menu(pages)
        language_picker()
        with messages.boundary():
            status.card()
        appearance.watch()
    current.run()
    memory.set_libraries_apart()


def on_a_phone() -> bool:
    """Whether the visitor's browser calls itself a phone's; Streamlit's own menu goes by the same."""
    return "Mobi" in st.context.headers.get("User-Agent", "")


def menu(pages: Mapping[Entry, st.Page]) -> None:
    """Links to the pages under their sections.

    Streamlit's own menu puts its section headings where a list allows none, a fault for screen readers.
    Phones get it all the same, without headings: it alone can close the drawer it lies in behind a link.
    """
    section = ""
    with st.container(gap="xxsmall"):
        for entry, page in pages.items():
            if entry.section != section:
                section = entry.section
                st.space("xxsmall")
                st.caption(t(f"shell.section.{section}"))
            st.page_link(page, width="stretch")


def language_picker() -> None:
    """Choice of language; absent while there is only one."""
    if len(languages()) > 1:
        st.selectbox(
            t("shell.language"), languages(), index=languages().index(language()), key=LANGUAGE_KEY,
            bind="query-params", format_func=lambda code: t(f"shell.languages.{code}"),
        )  # fmt: skip


def announce() -> None:
    """Tell Streamlit, before the first visitor, that `pages/` holds packages and not page files.

    Streamlit serves the files of a folder `pages/` by itself until a script first calls `st.navigation`; the
    first visitor of a fresh server who opens `/notes` would then be told that there is no such page. One call
    at start, outside any session, settles it. That it lacks a session is on purpose, so no warning is logged.
    """
    warnings = logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context")
    level = warnings.level
    warnings.setLevel(logging.ERROR)
    st.navigation([st.Page(_nothing)])
    warnings.setLevel(level)


def _nothing() -> None:
    """Page of `announce`; never drawn."""
