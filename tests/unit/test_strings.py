"""Every text that is used exists, every text that exists is used, and learners' texts are disarmed."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from pages.ui.text import JOINER, catalogue, languages, plain, prose, section, t

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCES = [REPOSITORY / "app.py", *sorted((REPOSITORY / "pages").rglob("*.py"))]
READERS = {"t": "", "section": r"\..+"}  # function → what may follow the key it is given


def patterns_of(node: ast.expr, ending: str) -> Iterator[tuple[str, bool]]:
    """Regular expressions of the keys an argument can stand for, and whether it is one literal key."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield re.escape(node.value) + ending, not ending
    elif isinstance(node, ast.JoinedStr):
        parts = (re.escape(str(p.value)) if isinstance(p, ast.Constant) else r"[\w.]+" for p in node.values)
        yield "".join(parts) + ending, False
    elif isinstance(node, ast.IfExp):
        yield from patterns_of(node.body, ending)
        yield from patterns_of(node.orelse, ending)


def uses() -> Iterator[tuple[Path, str, bool]]:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in READERS:
                for pattern, literal in patterns_of(node.args[0], READERS[node.func.id]):
                    yield path, pattern, literal


USES = list(uses())


def test_every_key_that_is_used_exists() -> None:
    known = catalogue()
    missing = {
        (path.name, pattern) for path, pattern, _ in USES if not any(re.fullmatch(pattern, k) for k in known)
    }
    assert not missing


def test_every_key_that_exists_is_used() -> None:
    compiled = [re.compile(pattern) for pattern in {pattern for _, pattern, _ in USES}]  # more than re keeps
    assert [key for key in catalogue() if not any(one.fullmatch(key) for one in compiled)] == []


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def calls_with_values() -> Iterator[tuple[str, set[str]]]:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "t":
                key, given = node.args[0], {word.arg for word in node.keywords if word.arg}
                if isinstance(key, ast.Constant) and None not in {word.arg for word in node.keywords}:
                    yield str(key.value), given


def test_a_text_gets_the_values_it_asks_for() -> None:
    known = catalogue()
    wrong = {
        key: given
        for key, given in calls_with_values()
        if key in known and given and fields(known[key]) - given
    }
    assert not wrong


def test_a_translation_keeps_keys_and_fields() -> None:
    english = catalogue()
    for code in languages():
        for key, text in catalogue(code).items():
            assert key in english, (code, key)
            assert fields(text) == fields(english[key]), (code, key)


def test_texts_are_whole_and_free_of_doubled_space() -> None:
    for key, text in catalogue().items():
        assert text.strip() and "  " not in text, key


def test_the_interface_does_without_emoji() -> None:
    emoji = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\ufe0f]")
    assert [key for key, text in catalogue().items() if emoji.search(text)] == []


def test_prose_and_sections_are_read_from_where_they_lie() -> None:
    assert "one narrow cone" in prose("home", "why")
    assert section("shell.section")["see"] == t("shell.section.see")
    with pytest.raises(KeyError):
        t("no.such.key")
    with pytest.raises(FileNotFoundError):
        prose("home", "nothing")


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("plain words", "plain words"),
        ("two\nlines\tand  more", "two lines and more"),
        ("**bold** _it_ `code`", r"\*\*bold\*\* \_it\_ \`code\`"),
        ("$x$ <b> & [a](b) :red[x]", r"\$x\$ \<b\> \& \[a\]\(b\) \:red\[x\]"),
        ("see www.a.b, c@d.e", f"see www{JOINER}\\.a\\.b, c@{JOINER}d\\.e"),
        ("https://a.b", f"https\\:{JOINER}//a\\.b"),
        ("", ""),
    ],
)
def test_a_learners_text_is_shown_as_typed(given: str, shown: str) -> None:
    assert plain(given) == shown
