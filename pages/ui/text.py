"""Every word on the pages: a catalogue per language, and the disarming of learners' texts.

`assets/strings/<language>/<page>.toml` holds short texts; `t("pairs.look")` reads key `look` there.
`pages/<name>/<part>.md` holds prose; `pages/<name>/<part>.<language>.md` is its translation.
"""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st

from simcse_core import runtime

DEFAULT = "en"
LANGUAGE_KEY = "lang"
_PAGES = Path(__file__).resolve().parent.parent
JOINER = "\u2060"  # invisible; keeps Markdown from making a link of an address, which no backslash prevents
_LINK = re.compile(r"https?:|www|@", re.IGNORECASE)
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|~$<>&:^=])")


def languages() -> list[str]:
    """Codes of the languages that have a folder of strings, the default first."""
    folder = runtime.assets() / "strings"
    return list(_languages(folder, folder.stat().st_mtime_ns))


@lru_cache(maxsize=8)
def _languages(folder: Path, changed: int) -> tuple[str, ...]:
    found = sorted(path.name for path in folder.iterdir() if path.is_dir())
    return (DEFAULT, *(code for code in found if code != DEFAULT))


def language() -> str:
    """The visitor's language: the setting `lang` of the address or the sidebar, else English."""
    chosen = str(st.session_state.get(LANGUAGE_KEY, DEFAULT))
    return chosen if chosen == DEFAULT or chosen in languages() else DEFAULT


def _flat(table: dict[str, Any], prefix: str) -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}.{key}")
        else:
            flat[f"{prefix}.{key}"] = str(value)
    return flat


@lru_cache(maxsize=64)
def _file(path: Path, changed: int) -> dict[str, str]:
    return _flat(tomllib.loads(path.read_text(encoding="utf-8")), path.stem)


def catalogue(code: str = DEFAULT) -> dict[str, str]:
    """Every string of a language, by full key; a file that changed on disk is read again."""
    strings: dict[str, str] = {}
    for path in sorted((runtime.assets() / "strings" / code).glob("*.toml")):
        strings |= _file(path, path.stat().st_mtime_ns)
    return strings


def _page_strings(code: str, name: str) -> dict[str, str]:
    path = runtime.assets() / "strings" / code / f"{name}.toml"
    try:
        return _file(path, path.stat().st_mtime_ns)
    except FileNotFoundError:
        return {}


def t(key: str, **values: object) -> str:
    """The text of `key` in the visitor's language, with `{name}` filled in; English where it is untranslated.

    Raises:
        KeyError: There is no such text in any language.
    """
    name, code = key.split(".", 1)[0], language()
    strings = _page_strings(DEFAULT, name)
    text = strings[key] if code == DEFAULT else (strings | _page_strings(code, name))[key]
    return text.format(**values) if values else text


def section(prefix: str) -> dict[str, str]:
    """Every text below `prefix`, by the rest of its key: for parts that take all their words at once."""
    return {key.removeprefix(f"{prefix}."): t(key) for key in catalogue() if key.startswith(f"{prefix}.")}


def prose(page: str, part: str) -> str:
    """Markdown of `pages/<page>/<part>.md` in the visitor's language, else in English."""
    translated = _PAGES / page / f"{part}.{language()}.md"
    path = translated if translated.exists() else _PAGES / page / f"{part}.md"
    return path.read_text(encoding="utf-8")


def plain(text: str) -> str:
    """A learner's text where Markdown is read (labels, captions, options): shown as typed, on one line.

    Prefer `st.text` where a whole element holds the text.
    """
    line = _LINK.sub(r"\g<0>" + JOINER, " ".join(text.split()))
    return _SPECIAL.sub(r"\\\1", line)


def formula(latex: str) -> None:
    """Draw LaTeX (without delimiters) as a formula of its own that breaks over lines on a narrow screen.

    `st.latex` scrolls sideways instead, in a box that the keyboard does not reach.
    """
    st.markdown(rf"$\displaystyle {latex}$")
