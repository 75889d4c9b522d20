"""Everything the core refuses, as exceptions that say what is wrong and what to do about it."""

from __future__ import annotations


class SimCSEError(Exception):
    """Base of every error a user can cause or mend; never raised for a bug of ours.

    Attributes:
        message: What was given and why it cannot be used, one sentence.
        hint: What to do instead, in words that also make sense on a page; may be empty.
        command: What to type to that end; the command line shows it and pages do not. May be empty.
    """

    def __init__(self, message: str, *, hint: str = "", command: str = "") -> None:
        super().__init__(message if not hint else f"{message} {hint}")
        self.message = message
        self.hint = hint
        self.command = command


class DataError(SimCSEError):
    """Texts, tables or arrays that cannot be used: names the file, row and column where there is one."""


class EncoderError(SimCSEError):
    """A checkpoint that cannot be found, trusted or loaded."""


class HubError(EncoderError):
    """The Hugging Face Hub did not answer, or has no such repository."""


class ConfigError(SimCSEError):
    """A setting that does not exist or is out of its range."""


class TrainingError(SimCSEError):
    """A run that cannot go on: non-finite loss, not enough data, out of memory."""


class RunError(SimCSEError):
    """A run folder that is missing, unreadable, busy or in the wrong state."""
