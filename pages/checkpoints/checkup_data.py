"""Check-ups: the recorded ones, and new ones made beside the page, with progress that any rerun can read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import streamlit as st

from pages.checkpoints.checkup_tasks import Work, tasks, wait
from pages.ui.cache import digest_of
from pages.ui.checkpoints import loadable, short
from pages.ui.recordings import Recording, with_parts
from pages.ui.text import plain, t
from pages.ui.theme import emphasis
from simcse_core.errors import DataError
from simcse_core.evaluation.checkup import Checkup, Progress

AFTER, BEFORE = ("lab-unsup", "lab-sup", "minilm"), ("lab-base", "minilm:4")


def _checked(content: Any) -> dict[str, Any]:
    plain = with_parts(content, {"made", "sound", "checkups", "broken"}, bool(content["checkups"]))
    every = {
        part: {n: Checkup.from_dict(c) for n, c in plain[part].items()} for part in ("checkups", "broken")
    }
    return {**plain, **every}


recorded = Recording("checkup", _checked)
"""The recorded file, its check-ups decoded."""


def recorded_names() -> tuple[str, ...]:
    """Checkpoints with a recorded check-up."""
    return tuple(recorded()["checkups"])


def opening() -> tuple[str, str]:
    """The checkpoint that the tab opens with, and the one beside it: after training and before."""
    names = recorded_names()
    after = next((name for name in AFTER if name in names), names[-1])
    before = next((name for name in BEFORE if name in names), names[0])
    return after, before


@dataclass(frozen=True)
class Request:
    """What is to be examined.

    Attributes:
        name: Checkpoint, as the pages name it.
        pooling: A registered pooling, or None for the one it states.
        texts: The learner's sentences; the shipped ones if empty.
    """

    name: str
    pooling: str | None = None
    texts: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Changes with the checkpoint's files too, where they lie in a folder."""
        name = loadable(self.name)
        return f"{name} {self.pooling} {digest_of(self.texts)} {_changed(name)}"


def _changed(name: str) -> int:
    weights = Path(name.partition("@")[0]).expanduser() / "model.safetensors"
    return weights.stat().st_mtime_ns if weights.is_file() else 0


def examination(request: Request) -> Work:
    """What makes the check-up of a request."""

    def work(hear: Progress) -> Checkup:
        from simcse_core.encoders import load_encoder
        from simcse_core.evaluation.checkup import check_up
        from simcse_core.evaluation.patient import stated_use

        name = loadable(request.name)
        stated = stated_use(name)
        encoder = load_encoder(name, pooling=request.pooling, precision="fp32")  # as the recorded ones
        return check_up(encoder, request.texts or None, stated=stated, progress=hear)

    return work


def known(request: Request) -> Checkup | None:
    """A recorded or finished check-up; None where there is none yet.

    Raises:
        Exception: What made an examination fail.
    """
    if request.pooling is None and not request.texts and request.name in recorded_names():
        found: Checkup = recorded()["checkups"][request.name]
        return found
    task = tasks().get(request.key)
    return None if task is None or task.active else cast(Checkup, task.outcome())


def found_or_asked(request: Request, *, key: str) -> Checkup | None:
    """The check-up, recorded or made now; None until somebody asks for it.

    Args:
        request: What is to be examined.
        key: Of the button.
    """
    task = tasks().get(request.key)
    name = plain(short(request.name))
    if task is not None and task.active:
        wait(task, t("checkup.going", name=name))
    done = known(request)
    if done is not None:
        return done
    st.info(t("checkup.ask", name=name))
    if not st.button(t("checkup.start", name=name), key=key, type=emphasis()):
        return None
    wait(tasks().start(request.key, examination(request)), t("checkup.going", name=name))
    st.rerun()  # without the question


def sentences_of(text: str, most: int) -> tuple[str, ...]:
    """Distinct lines of a text field.

    Raises:
        DataError: One sentence only.
    """
    lines: Sequence[str] = [line.strip() for line in text.splitlines() if line.strip()]
    found = tuple(dict.fromkeys(lines))[:most]
    if len(found) == 1:
        raise DataError(t("checkup.one_sentence"), hint=t("checkup.one_sentence_hint"))
    return found
