"""The source of the registered objective behind a layout, and which line does what.

Read from the files, not through imported functions: a page shows it before torch is loaded.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import simcse_core

LOSSES = Path(simcse_core.__file__).parent / "losses"
STEPS = ("similarities", "mask", "labels", "divide", "entropy")
"""What the lines do, in the order in which they run: all cosines, nothing meets itself, which column is the
positive, divide by τ, cross-entropy."""
FUNCTIONS = {
    "two_view": (("layouts", "two_view"), ("info_nce", "softmax_loss")),
    "interleaved": (
        ("layouts", "interleaved"),
        ("layouts", "partner_labels"),
        ("info_nce", "softmax_loss"),
    ),
    "triples": (("layouts", "two_view"), ("info_nce", "softmax_loss")),
}
"""Layout → the file and the name of each function that runs, in order."""
_DIVIDE = {"divide": ("similarities / temperature",), "entropy": ("F.cross_entropy(",)}
MARKS = {
    "two_view": {
        "similarities": ("similarities = query @ unit_rows(positive).T",),
        "mask": (),
        "labels": ("torch.arange(len(anchor)",),
        **_DIVIDE,
    },
    "interleaved": {
        "similarities": ("views = unit_rows(torch.stack", "(views @ views.T)"),
        "mask": ("itself = torch.eye(", ".masked_fill(itself"),
        "labels": ("partner_labels(len(views)", "index + 1 - 2 * (index % 2)"),
        **_DIVIDE,
    },
    "triples": {
        "similarities": ("similarities = query @ unit_rows(positive).T", "torch.cat([similarities, query"),
        "mask": (),
        "labels": ("torch.arange(len(anchor)",),
        **_DIVIDE,
    },
}
"""Layout → step → the text by which each of its lines is found; nothing where the layout masks nothing."""


@dataclass(frozen=True)
class Source:
    """Lines of code, and the places (counted from 0) of the lines of each step."""

    lines: tuple[str, ...]
    marks: dict[str, tuple[int, ...]]


@lru_cache(maxsize=8)
def loss_source(layout: str) -> Source:
    """The functions that turn the two or three parts of a batch into its loss, without their docstrings."""
    parts = [_without_docstring(LOSSES / f"{file}.py", name) for file, name in FUNCTIONS[layout]]
    lines = tuple("\n\n\n".join(parts).split("\n"))
    marks = {
        step: tuple(i for text in texts for i, line in enumerate(lines) if text in line)
        for step, texts in MARKS[layout].items()
    }
    return Source(lines, marks)


def _without_docstring(file: Path, name: str) -> str:
    """Source of a function of a file; the docstring is long and said elsewhere."""
    text = file.read_text(encoding="utf-8")
    found = next(
        node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef) and node.name == name
    )
    lines = text.split("\n")[found.lineno - 1 : found.end_lineno]
    said = found.body[0]
    if ast.get_docstring(found) is not None:
        start, end = said.lineno - found.lineno, (said.end_lineno or said.lineno) - found.lineno
        lines = lines[:start] + lines[end + 1 :]
    return "\n".join(lines)
