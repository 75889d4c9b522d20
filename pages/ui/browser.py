"""Components drawn in the browser: their files, with the scripts they share in front."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st

_SHARED = Path(__file__).parent


def script(folder: Path, *parts: str, shared: tuple[str, ...] = ("drag",)) -> str:
    """One module out of several: a component's script is sent inline, so its parts cannot import each other.

    Args:
        folder: Where the component's own files lie.
        parts: Stems of its scripts, in order; the last holds `export default`.
        shared: Stems of scripts beside this file, put in front.
    """
    files = [*(_SHARED / f"{name}.js" for name in shared), *(folder / f"{name}.js" for name in parts)]
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


@lru_cache(maxsize=32)
def component(
    name: str, folder: Path, stem: str, *, parts: tuple[str, ...] = (), shared: tuple[str, ...] = ("drag",)
) -> Any:
    """The component `name` out of `<stem>.html`, `<stem>.css` and `<stem>.js`; mount it by calling it.

    Args:
        name: Unique among all components.
        folder: Where the files lie.
        stem: Their common name.
        parts: Stems of further scripts that `<stem>.js` uses, put before it.
        shared: Stems of scripts of `pages/ui` that it uses; `drag` holds points, sliders and the agreement
            with Python.
    """
    html, css = ((folder / f"{stem}.{kind}").read_text(encoding="utf-8") for kind in ("html", "css"))
    return st.components.v2.component(
        name, html=html, css=css, js=script(folder, *parts, stem, shared=shared)
    )
