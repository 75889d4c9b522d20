"""Where the next run starts: MiniLM cut at a layer, shipped encoders, own runs, any folder or Hub id."""

from __future__ import annotations

import streamlit as st

from pages.lab import adopt, jobs
from pages.lab.model import short_id
from pages.ui.state import choice
from pages.ui.text import t
from simcse_core.config import RunConfig

KEY, OTHER, OTHER_KEY = "lb_encoder", "other", "lb_other_encoder"
RUN_MARK = "run:"
MOST_RUNS = 12


def picker(base: RunConfig) -> str:
    """The encoder's name as `load_encoder` takes it."""
    options = names(base)
    adopt.default(KEY, base.encoder.name)
    chosen = choice(
        t("lab.field.encoder"), options, base.encoder.name, key=KEY, kind="select", format_func=title,
        help=t("lab.field.encoder_help"),
    )  # fmt: skip
    if chosen == OTHER:
        typed = st.text_input(
            t("lab.field.other_encoder"), key=OTHER_KEY, persist_state="session",
            placeholder="sentence-transformers/all-mpnet-base-v2", help=t("lab.field.other_encoder_help"),
        )  # fmt: skip
        return (typed or "").strip() or base.encoder.name
    if chosen.startswith(RUN_MARK):
        return str(jobs.store().root / chosen.removeprefix(RUN_MARK))
    return chosen


def names(base: RunConfig) -> list[str]:
    """Everything that can be chosen; the preset's own encoder is always there."""
    from simcse_core.encoders.catalogue import list_encoders

    found = [f"minilm:{k}" for k in range(1, 6)]
    found += ["minilm", *(e.name for e in list_encoders() if e.available and e.name != "minilm")]
    runs = [run for run in jobs.store().list() if run.summary()][:MOST_RUNS]
    found += [f"{RUN_MARK}{run.id}" for run in runs]
    return [*found, *{base.encoder.name}.difference(found), OTHER]


def title(name: str) -> str:
    """Name of an encoder for people."""
    from simcse_core.encoders.catalogue import list_encoders

    if name == OTHER:
        return t("lab.encoder.other")
    if name.startswith(RUN_MARK):
        return t("lab.encoder.run", name=short_id(name))
    if name.startswith("minilm:"):
        return t("lab.encoder.cut", layers=name.removeprefix("minilm:"))
    return next((e.title for e in list_encoders() if e.name == name), name)
