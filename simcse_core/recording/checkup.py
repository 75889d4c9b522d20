"""Check-ups of the shipped encoders, and of one of them broken in every way that is registered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from simcse_core.encoders import list_encoders, load_encoder
from simcse_core.evaluation.broken import breakages, opened_broken
from simcse_core.evaluation.checkup import RESAMPLES, check_up
from simcse_core.evaluation.doctor import SENTENCES
from simcse_core.evaluation.patient import stated_use
from simcse_core.recording.provenance import made, made_alike, write_compact

ENCODERS = ("lab-base", "lab-unsup", "lab-sup", "minilm:4", "minilm")
SOUND = ("minilm", "lab-sup")  # the first that is here is broken on purpose: in all nine ways it shows
COMMAND = "python -m simcse_core record checkup"
SAME = ("config", "versions")
OPTIONS: dict[str, Any] = {"device": "cpu", "precision": "fp32"}


def record(
    out: Path, *, encoders: Sequence[str] = ENCODERS, broken: str | None = None, sentences: int = SENTENCES
) -> dict[str, Any]:
    """Examine and write; what was recorded in the same way by the same weights is kept.

    Args:
        out: Target file, written after each encoder.
        encoders: Names; those that are not on this machine are left out.
        broken: Sound encoder to break on purpose; the first of `SOUND` that is here if None.
        sentences: How many of the shipped sentences are read; a test takes fewer.
    """
    here = tuple(name for name in encoders if _available(name))
    sound = broken or next((name for name in SOUND if name in here), here[-1])
    how = made(
        COMMAND, seed=0, device="cpu", precision="fp32",
        config={"sentences": sentences, "resamples": RESAMPLES},
    )  # fmt: skip
    kept = made_alike(out, how, SAME) or {"checkups": {}, "broken": {}}
    result: dict[str, Any] = {"made": how, "sound": sound, "checkups": {}, "broken": {}}
    for part, name, checkup in _made(here, sound, sentences, kept):
        result[part][name] = checkup
        write_compact(out, result)
    return result


def _available(name: str) -> bool:
    """Whether a shipped encoder is here; a folder or a run is taken at its word."""
    known = {entry.name: entry.available for entry in list_encoders()}
    return known.get(name.partition(":")[0], Path(name).exists())


def _made(
    encoders: Sequence[str], sound: str, sentences: int, kept: dict[str, Any]
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Part of the file, name in it, check-up."""
    from simcse_core.evaluation.cone import sample_sentences

    texts = [text for text, _ in sample_sentences(sentences)]
    for name in encoders:
        encoder = load_encoder(name, **OPTIONS)
        old = kept["checkups"].get(name)
        if old is None or old["facts"]["digest"] != encoder.digest:
            old = check_up(encoder, texts, stated=stated_use(name)).to_dict()
        yield "checkups", name, old
    for name in breakages:
        encoder, stated = opened_broken(sound, name, **OPTIONS)
        encoder.name, encoder.notes = f"{sound}, {name}", []  # they named a folder that is gone
        old = kept["broken"].get(name)
        if old is None or old["facts"]["digest"] != encoder.digest:
            old = check_up(encoder, texts, stated=stated).to_dict()
        yield "broken", name, old
