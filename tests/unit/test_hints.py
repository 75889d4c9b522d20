"""Hints are shown on pages: they say what to do in words; what to type stands in `command`."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import simcse_core
from simcse_core.cli import main
from simcse_core.errors import SimCSEError

PACKAGE = Path(simcse_core.__file__).parent
TERMINAL = ("cli", "recording", "pretraining")  # only reached from a command line
TYPED = re.compile(r"python -m|\bpip\b|\bhf auth|(^|\s)--[a-z]|`list ")
FILES = [f for f in sorted(PACKAGE.rglob("*.py")) if f.relative_to(PACKAGE).parts[0] not in TERMINAL]


def texts(node: ast.AST, known: dict[str, ast.AST]) -> list[str]:
    """The literal texts in an expression, constants of its file followed."""
    names = [known[n.id] for n in ast.walk(node) if isinstance(n, ast.Name) and n.id in known]
    literal = [n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    return literal + [text for found in names for text in texts(found, {})]


def hints(file: Path) -> list[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    known = {
        t.id: n.value
        for n in tree.body
        if isinstance(n, ast.Assign)
        for t in n.targets
        if isinstance(t, ast.Name)
    }
    given = [
        k.value for n in ast.walk(tree) if isinstance(n, ast.Call) for k in n.keywords if k.arg == "hint"
    ]
    return [text for value in given for text in texts(value, known)]


def test_no_hint_of_the_core_is_a_command() -> None:
    found = {f"{file.name}: {text}" for file in FILES for text in hints(file) if TYPED.search(text)}
    assert not found
    assert sum(len(hints(file)) for file in FILES) > 80  # they are found at all


@pytest.mark.parametrize(
    "text", ["Run python -m x.", "pip install y", "Use --device cpu.", "a name from `list encoders`"]
)
def test_commands_are_recognised(text: str) -> None:
    assert TYPED.search(text)


def test_a_command_is_told_on_the_command_line_and_not_in_the_message(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = SimCSEError("No.", hint="Do this.", command="do --this")
    assert (str(error), error.hint, error.command) == ("No. Do this.", "Do this.", "do --this")
    assert main(["similarity", "--model", "./nowhere", "one", "two"]) == 2
    assert "(python -m simcse_core list encoders)" in capsys.readouterr().err
