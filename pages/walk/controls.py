"""The stepper over the stages, and what the walk is asked to show."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.ui.own_text import OwnText
from pages.ui.state import choice
from pages.ui.text import t
from pages.walk.live import LEAST, LONGEST, MOST, checked
from pages.walk.recorded import recorded_encoder
from simcse_core.encoders.catalogue import list_encoders, resolve
from simcse_core.theory.walk import LETTERS, STAGES
from simcse_core.theory.walk_arrays import LAYOUTS
from simcse_core.theory.walk_batch import TEMPERATURES

DROPOUTS = (0.0, 0.1, 0.3)
STAGE = "wk_stage"
MORE, NAME = "wk-more", "wk-name"


@dataclass(frozen=True)
class Settings:
    """One view of the page.

    Attributes:
        stage: One of `STAGES`.
        layout: One of `LAYOUTS`.
        dropout: One of `DROPOUTS`.
        same_mask: Whether both views are computed under the same masks.
        temperature: One of `TEMPERATURES`.
        row: Name of the row that is looked at: a, a′, b, …
        checkpoint: Encoder.
        own: The visitor's sentences; None for the shipped ones.
    """

    stage: str
    layout: str
    dropout: float
    same_mask: bool
    temperature: float
    row: str
    checkpoint: str
    own: tuple[str, ...] | None

    @property
    def recorded(self) -> bool:
        """Whether the tensors were recorded; hard negatives are the shipped ones in any case."""
        shipped = self.own is None or self.layout == "triples"
        return shipped and self.checkpoint == recorded_encoder()


def stage_title(stage: str) -> str:
    """Name of a stage."""
    return t(f"walk.stage_name.{stage}")


def stepper() -> tuple[str, DeltaGenerator]:
    """The map of the stages, which is also the way to jump, and two buttons to go step by step.

    Returns:
        The chosen stage, and a place beside the buttons.
    """
    stage = choice(
        t("walk.stage"),
        STAGES,
        STAGES[0],
        key=STAGE,
        kind="pills",
        format_func=stage_title,
        label_visibility="collapsed",
    )
    at = STAGES.index(stage)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for name, way, icon in (("back", -1, "arrow_back"), ("next", 1, "arrow_forward")):
            st.button(
                t(f"walk.{name}"),
                key=f"wk-{name}",
                icon=f":material/{icon}:",
                icon_position="left" if way < 0 else "right",
                on_click=_go,
                args=(at + way,),
                disabled=not 0 <= at + way < len(STAGES),
                shortcut="Shift+Left" if way < 0 else "Shift+Right",
            )
        return stage, st.container(width="stretch")


def _go(to: int) -> None:
    st.session_state[STAGE] = STAGES[to]


def read(stage: str) -> Settings:
    """Draw the controls: layout, dropout and its masks, temperature, row, then texts and checkpoint."""
    layout = choice(
        t("walk.layout"),
        tuple(LAYOUTS),
        "two_view",
        key="wk_layout",
        format_func=lambda name: t(f"walk.layout_name.{name}"),
        help=t("walk.layout_help"),
    )
    one, two = st.columns(2)
    with one:
        dropout = choice(
            t("walk.dropout"), DROPOUTS, 0.1, key="wk_p", format_func=lambda p: f"{p:g}",
            help=t("walk.dropout_help"),
        )  # fmt: skip
    with two:
        same_mask = _mask(dropout, layout)
    temperature = choice(
        t("walk.temperature"), TEMPERATURES, 0.05, key="wk_tau", kind="ladder",
        format_func=lambda tau: f"{tau:g}",
    )  # fmt: skip
    checkpoint = choice(
        t("walk.checkpoint"), checkpoints(), recorded_encoder(), key="wk_ck", kind="select",
        format_func=_short,
    )  # fmt: skip
    OWN.draw(130, _name_field)
    own = OWN.current()
    row = _row(layout, 4 if own is None or layout == "triples" else len(own))
    return Settings(stage, layout, dropout, same_mask, temperature, row, checkpoint, own)


def _mask(dropout: float, layout: str) -> bool:
    """Same or new masks, where the question makes sense."""
    if dropout == 0 or layout == "triples":
        st.caption(t("walk.no_mask") if dropout == 0 else t("walk.triples_mask"))
        return False
    return choice(
        t("walk.mask"), ("new", "same"), "new", key="wk_mask", format_func=lambda m: t(f"walk.mask_name.{m}"),
        help=t("walk.mask_help"),
    ) == "same"  # fmt: skip


def _row(layout: str, size: int) -> str:
    letters = LETTERS[:size]
    names = [n for x in letters for n in (x, f"{x}′")] if layout == "interleaved" else list(letters)
    return choice(t("walk.row"), names, "a", key="wk_row", kind="pills", help=t("walk.row_help"))


def checkpoints() -> tuple[str, ...]:
    """What can be walked through: every shipped or installed encoder, runs, and what was added."""
    names = [recorded_encoder(), *(entry.name for entry in list_encoders() if entry.available)]
    return tuple(dict.fromkeys([*names, *_runs(), *st.session_state.get(MORE, [])]))


def _runs() -> list[str]:
    """The newest checkpoint of each run, pinned to its step so that its name says what it is."""
    from simcse_core.runs.store import RunStore

    steps = [(run, run.checkpoints()) for run in RunStore().list()[:20]]
    return [f"{run.folder}@{max(saved)}" for run, saved in steps if saved]


def _short(name: str) -> str:
    return name.rstrip("/").rsplit("/", 1)[-1] if name.startswith(("/", "~", ".")) else name


def _name_field() -> None:
    st.text_input(t("walk.own_name"), key=NAME, placeholder="org/name", persist_state="session")


def _take(text: str) -> None:
    """Check what was typed, which may fetch a checkpoint, and walk through it."""
    name = str(st.session_state.get(NAME, "")).strip()
    if text or not name:
        OWN.keep(checked(text))
    if name:
        resolve(name)
        name = str(Path(name).expanduser()) if name.startswith("~") else name
        st.session_state[MORE] = list(dict.fromkeys([*st.session_state.get(MORE, []), name]))
        st.session_state["wk_ck"] = name


OWN = OwnText("walk", "wk", _take, least=LEAST, most=MOST, longest=LONGEST)


def sentence_of(settings: Settings) -> int:
    """Number of the sentence that the picked row belongs to."""
    return LETTERS.index(settings.row[0])
