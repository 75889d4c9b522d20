"""Which checkpoint, read how, repaired how, and fitted on what; all of it in the address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from pages.repair import measured
from pages.ui import checkpoints
from pages.ui.state import choice
from pages.ui.text import plain, t
from simcse_core.encoders.poolers import poolers
from simcse_core.evaluation.repairs import (
    CORPORA,
    COUNTS,
    ELSEWHERE,
    TARGET,
    default_variant,
    title_of,
    variants,
)
from simcse_core.postprocess import postprocessors

OPENING = "whitening"
SMALL = 64
CHECKPOINT = "rp_ck"


@dataclass(frozen=True)
class Settings:
    """One view of the page.

    Attributes:
        checkpoint: Name.
        pooling: Read-out.
        repair: Registered post-processor.
        parameters: Its settings.
        corpus: One of `CORPORA`.
        count: Sentences fitted on elsewhere.
    """

    checkpoint: str
    pooling: str
    repair: str
    parameters: Mapping[str, Any]
    corpus: str
    count: int

    def settings_of(self, name: str) -> Mapping[str, Any]:
        """Settings in which a repair is shown: the chosen ones, or those it comes with."""
        return self.parameters if name == self.repair else default_variant(name)

    @property
    def title(self) -> str:
        """The chosen repair with its settings."""
        return title_of(self.repair, self.parameters)


def presets() -> None:
    """One button a story; each sets the controls it is about and gives the others their defaults."""
    names = measured.checkpoints(measured.poolings()[0])
    stories: dict[str, Mapping[str, Any]] = {
        "rescue": {CHECKPOINT: names[0]},
        "trained": {CHECKPOINT: names[-1]},
        "small": {CHECKPOINT: names[0], "rp_k_whitening": SMALL},
        "leak": {CHECKPOINT: names[0], "rp_on": TARGET},
        "few": {CHECKPOINT: names[0], "rp_n": 100},
    }
    for name, values in stories.items():
        st.button(t(f"repair.preset.{name}"), key=f"rp-preset-{name}", on_click=_apply, args=(dict(values),))


def _apply(values: Mapping[str, Any]) -> None:
    defaults = {
        "rp_pool": measured.poolings()[0], "rp_fix": OPENING, "rp_on": ELSEWHERE, "rp_n": COUNTS[-1],
        "rp_k_whitening": default_variant(OPENING)["k"],
    }  # fmt: skip
    for key, value in {**defaults, **values}.items():
        st.session_state[key] = value


def checkpoint() -> tuple[str, str]:
    """Name and read-out."""
    names = measured.checkpoints(measured.poolings()[0])
    name = checkpoints.pick(names, names[0], key=CHECKPOINT, help=t("repair.checkpoint_help"))
    offered = [*measured.poolings(), *(p for p in poolers if p not in {*measured.poolings(), "mask"})]
    pooling = choice(
        t("repair.pooling"), offered, offered[0], key="rp_pool", kind="select", help=t("repair.pooling_help"),
        format_func=lambda p: poolers.info(p).title,
    )  # fmt: skip
    return name, pooling


def _within(key: str, options: Sequence[int], default: int) -> None:
    """Forget a value that another checkpoint had and this one does not: its ladder would refuse it."""
    if key in st.session_state and st.session_state[key] not in options:
        st.session_state[key] = default


def repair(width: int) -> tuple[str, Mapping[str, Any]]:
    """The registry is the list, so that a new post-processor appears by itself."""
    name = choice(
        t("repair.repair"), tuple(postprocessors), OPENING, key="rp_fix", kind="select",
        format_func=lambda n: postprocessors.info(n).title,
    )  # fmt: skip
    st.caption(plain(postprocessors.info(name).summary))
    grid = [settings["k"] for settings in variants(name, width) if "k" in settings]
    if not grid:
        return name, {}
    _within(f"rp_k_{name}", grid, default_variant(name)["k"])
    k = choice(
        t("repair.k"), grid, default_variant(name)["k"], key=f"rp_k_{name}", kind="ladder",
        format_func=lambda value: str(value) if value else t("repair.k_all"),
        help=t(f"repair.k_help.{_sense(name)}"),
    )  # fmt: skip
    return name, {"k": k}


def _sense(name: str) -> str:
    """Whether k counts what is kept or what is removed: the value for "all" tells."""
    return "kept" if default_variant(name)["k"] == 0 else "removed"


def corpus(counts: Sequence[int]) -> tuple[str, int]:
    """What the repair is fitted on, and on how many sentences."""
    found = choice(
        t("repair.on"), CORPORA, ELSEWHERE, key="rp_on", format_func=lambda c: t(f"repair.corpus.{c}"),
        help=t("repair.on_help"),
    )  # fmt: skip
    if found != ELSEWHERE:
        return found, counts[-1]
    _within("rp_n", counts, counts[-1])
    count = choice(
        t("repair.count"), counts, counts[-1], key="rp_n", kind="ladder", format_func=lambda n: f"{n:,}",
        help=t("repair.count_help"),
    )  # fmt: skip
    return found, count
