"""The checkpoint doctor: nine ways in which an encoder is used wrongly, what was measured, and the fix.

A check takes a `Patient` and gives a `Finding`. It speaks of the encoder as it is loaded, on the sentences
given; without sentences of the user's own, on those that ship.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from simcse_core.data.datasets import load_dataset_records
from simcse_core.data.records import ScoredPairs
from simcse_core.encoders.encoder import Encoder
from simcse_core.encoders.reading import Progress
from simcse_core.errors import DataError
from simcse_core.evaluation import doctor_checks as doctor_checks  # its decorators fill the registry
from simcse_core.evaluation.cone import sample_sentences
from simcse_core.evaluation.patient import FAULT, FINE, WARNING, Finding, Patient, Stated, checks

SENTENCES = 400  # read at most


def examine(
    encoder: Encoder, texts: Sequence[str] | None = None, *, stated: Stated | None = None
) -> list[Finding]:
    """Every check, faults first.

    Args:
        encoder: As it is loaded and used.
        texts: What it is used on; the shipped sentences if None. At most 400 are read.
        stated: What the checkpoint's files say of its use (`stated_use`).

    Raises:
        DataError: Fewer than two different sentences.
    """
    return findings(patient_of(encoder, texts, stated=stated))


def patient_of(
    encoder: Encoder, texts: Sequence[str] | None = None, *, stated: Stated | None = None
) -> Patient:
    """What the checks look at; arguments as `examine`.

    Raises:
        DataError: Fewer than two different sentences.
    """
    read = [text for text, _ in sample_sentences(SENTENCES)] if texts is None else list(texts)
    read = list(dict.fromkeys(read))[:SENTENCES]
    if len(read) < 2:
        raise DataError(f"The doctor needs two or more different sentences; got {len(read)}.")
    return Patient(encoder, read, cast(ScoredPairs, load_dataset_records("pairs")), stated or Stated())


def findings(patient: Patient, *, progress: Progress | None = None) -> list[Finding]:
    """Every check, faults first; `progress` hears of each."""
    found = []
    for number, name in enumerate(checks, start=1):
        found.append(checks[name](patient))
        if progress is not None:
            progress(number, len(checks))
    return sorted(found, key=lambda one: (FAULT, WARNING, FINE).index(one.state))
