"""The command line: a thin reader of arguments over the core.

Exit codes: 0 fine, 1 a run failed, 2 wrong input (one line on standard error), 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from simcse_core import __version__
from simcse_core.cli import (
    bench,
    card,
    checkpoint,
    evaluate,
    inspect,
    measure,
    pretrain,
    project,
    record,
    training,
)
from simcse_core.errors import SimCSEError

Command = Callable[[argparse.Namespace], int]


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line and exit code 2, like every other wrong input."""
        sys.stderr.write(f"error: {message} (see {self.prog} --help)\n")
        raise SystemExit(2)


def build_parser() -> argparse.ArgumentParser:
    """All commands with their options."""
    parser = _Parser(
        prog="python -m simcse_core", description="Contrastive sentence embeddings: train, measure, explain."
    )
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)
    for module in (inspect, measure, evaluate, bench, project, checkpoint, card, training, pretrain, record):
        module.add_commands(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = build_parser().parse_args(arguments)
    run: Command = options.run
    try:
        return run(options)
    except SimCSEError as error:
        if options.debug:
            raise
        told = f"{error} ({error.command})" if error.command else str(error)
        sys.stderr.write(f"error: {told.replace(os.linesep, ' ')}\n")
        return 2
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:  # the reader of a pipe went away, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if options.debug:
            raise
        sys.stderr.write(
            f"error: {type(error).__name__}: {error} (a fault of the program; --debug shows where)\n"
        )
        return 1
