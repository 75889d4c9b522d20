"""`record` and `docs`: the files that the product makes of itself."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from simcse_core.cli.output import say
from simcse_core.errors import ConfigError


def add_commands(commands: Any) -> None:
    """Add the parsers of this file."""
    record = commands.add_parser("record", help="make the recorded results of assets/recorded anew")
    record.add_argument("names", nargs="+", metavar="NAME", help="recorders, or all")
    record.add_argument("--data", metavar="DIR", help="folder with the public STS sets")
    record.set_defaults(run=run_record)
    docs = commands.add_parser("docs", help="write docs/reference.md from the registries")
    docs.add_argument("--check", action="store_true", help="only say whether it is up to date")
    docs.set_defaults(run=run_docs)


def run_record(options: argparse.Namespace) -> int:
    """Make recorded files anew."""
    from simcse_core.recording import record, recorders

    if options.data and not (Path(options.data) / "STS-B" / "test.tsv").exists():
        raise ConfigError(f"--data: {options.data} has no STS-B/test.tsv.")
    names = recorders() if options.names == ["all"] else options.names
    for name in names:
        say(f"{name}: {record(name, sts=Path(options.data) if options.data else None)}")
    return 0


def run_docs(options: argparse.Namespace) -> int:
    """Write or check the generated reference."""
    from simcse_core.cli.reference import reference

    target = Path(__file__).resolve().parents[2] / "docs" / "reference.md"
    text = reference()
    if options.check:
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            raise ConfigError(f"{target.name} is out of date.", hint="Run: python -m simcse_core docs")
        say(f"{target.name} is up to date")
        return 0
    target.parent.mkdir(exist_ok=True)
    target.write_text(text, encoding="utf-8")
    say(str(target))
    return 0
