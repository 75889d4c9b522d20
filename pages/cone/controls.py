"""Checkpoints, read-out, sentences, repair and colour: what the page is asked to show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from pages.cone.prompt import Prompt, pick_prompt
from pages.cone.recorded import recorded_layer, recorded_names, split_name, story
from pages.cone.sentences import Sentences, pick
from pages.ui.forms import parameter_form
from pages.ui.state import choice, switch
from pages.ui.text import plain, t
from simcse_core.encoders.catalogue import list_encoders, resolve
from simcse_core.encoders.poolers import poolers
from simcse_core.encoders.tokens import read_json
from simcse_core.errors import SimCSEError
from simcse_core.postprocess import postprocessors

NONE, LAST = "none", "last"
MORE = "cn-more"  # checkpoints this visitor added
PROBLEM = "cn-problem"
COLOURS = ("plain", "subject", "length", "words")
SUBJECTS = ("recipes", "physics-and-space", "sport")
PRESETS: Mapping[str, Mapping[str, Any]] = {
    "training": {},
    "first_token": {"cn_pool": "cls_before_pooler"},
    "centre": {"cn_fix": "centering"},
    "whiten": {"cn_fix": "whitening"},
}


@dataclass(frozen=True)
class Settings:
    """One view of the page.

    Attributes:
        first: Checkpoint A, which is repaired.
        second: Checkpoint B.
        pooling: Read-out of both.
        prompt: Template around the sentences, for the read-out `mask`.
        layer: Layer at which both are read; None for the last of each.
        repair: Post-processor; None for none.
        parameters: Of the repair.
        both: Whether B is repaired too.
        colour: One of `COLOURS`.
        subjects: Subjects to highlight.
    """

    first: str
    second: str
    pooling: str
    prompt: Prompt
    layer: int | None
    repair: str | None
    parameters: Mapping[str, Any]
    both: bool
    colour: str
    subjects: Sequence[str]


def presets() -> None:
    """One button a story; each sets the controls and leaves the rest at its default."""
    for name, values in PRESETS.items():
        st.button(t(f"cone.preset.{name}"), key=f"cn-preset-{name}", on_click=_apply, args=(dict(values),))


def _apply(values: Mapping[str, Any]) -> None:
    first, second = story()
    defaults = {
        "cn_a": first,
        "cn_b": second,
        "cn_pool": "mean",
        "cn_layer": LAST,
        "cn_fix": NONE,
        "cn_both": False,
    }
    for key, value in {**defaults, **values}.items():
        st.session_state[key] = value


def read() -> tuple[Settings, Sentences]:
    """Draw the controls, in the order of the story: who, read how, on what, mended how, coloured by what."""
    first, second = pick_checkpoints()
    pooling = pick_pooling()
    prompt = pick_prompt(pooling)
    at = pick_layer(first, second)
    repair, parameters, both = _repair()
    sentences = pick()
    colour, subjects = _colour(sentences)
    return Settings(first, second, pooling, prompt, at, repair, parameters, both, colour, subjects), sentences


def pick_checkpoints() -> tuple[str, str]:
    """Checkpoints A and B."""
    names, (first, second) = checkpoints(), story()
    one, two = st.columns(2)
    with one:
        a = choice(t("cone.first"), names, first, key="cn_a", kind="select", format_func=_title)
    with two:
        b = choice(t("cone.second"), names, second, key="cn_b", kind="select", format_func=_title)
    another()
    return a, b


def pick_pooling() -> str:
    """The read-out of both."""
    return choice(
        t("cone.pooling"),
        tuple(poolers),
        "mean",
        key="cn_pool",
        kind="select",
        format_func=_pooling_title,
        help=t("cone.pooling_help"),
    )


def pick_layer(first: str, second: str) -> int | None:
    """The layer at which both are read; None for the last of each."""
    deepest = max(layer_count(first), layer_count(second))
    layer = choice(
        t("cone.layer"),
        (*range(deepest + 1), LAST),
        LAST,
        key="cn_layer",
        kind="ladder",
        help=t("cone.layer_help"),
    )
    return None if layer == LAST else int(layer)


def _pooling_title(name: str) -> str:
    return poolers.info(name).title


def repair_title(name: str | None) -> str:
    """What a repair is called in a legend."""
    return t("cone.no_repair") if name in {None, NONE} else postprocessors.info(str(name)).title


def _repair() -> tuple[str | None, Mapping[str, Any], bool]:
    """The registry is the list, so that a new post-processor appears by itself."""
    name = choice(
        t("cone.repair"),
        (NONE, *postprocessors),
        NONE,
        key="cn_fix",
        kind="select",
        format_func=repair_title,
        help=t("cone.repair_help"),
    )
    if name == NONE:
        return None, {}, False
    st.caption(plain(postprocessors.info(name).summary))
    kind: Any = postprocessors[name]
    parameters = parameter_form(kind.fit, key=f"cn_{name}", labels={"k": t("cone.k")})
    return name, parameters, switch(t("cone.both"), key="cn_both")


def _colour(sentences: Sentences) -> tuple[str, Sequence[str]]:
    groups = sorted(set(sentences.subjects or ()))
    offered = COLOURS if groups else tuple(c for c in COLOURS if c != "subject")
    colour = choice(
        t("cone.colour"),
        offered,
        "plain",
        key="cn_colour",
        kind="pills",
        format_func=lambda c: t(f"cone.by.{c}"),
    )
    if colour != "subject":
        return colour, ()
    chosen = st.multiselect(
        t("cone.subjects"),
        groups,
        [s for s in SUBJECTS if s in groups],
        max_selections=4,
        key="cn_subjects",
        bind="query-params",
        format_func=lambda s: str(s).replace("-", " "),
    )
    return colour, chosen


def checkpoints() -> tuple[str, ...]:
    """What can be looked at: recorded encoders and their cuts, shipped ones, runs, and what was added."""
    names = [*story(), *recorded_names()]
    names += [entry.name for entry in list_encoders() if entry.available]
    return tuple(dict.fromkeys([*names, *_runs(), *st.session_state.get(MORE, [])]))


def _runs() -> list[str]:
    """The newest checkpoint of each run, pinned to its step so that its name says what it is."""
    from simcse_core.runs.store import RunStore

    found = []
    for run in RunStore().list()[:20]:
        steps = run.checkpoints()
        if steps:
            found.append(f"{run.folder}@{max(steps)}")
    return found


def _title(name: str) -> str:
    return name.rstrip("/").rsplit("/", 1)[-1] if name.startswith(("/", "~", ".")) else name


def layer_count(name: str) -> int:
    """Transformer layers of a checkpoint, from its configuration; those of A where there is none."""
    known = recorded_layer(name, None)
    if known is not None:
        return known
    usual = recorded_layer(story()[0], None) or 1
    base, kept = split_name(name)
    try:
        stated = read_json(resolve(base).folder / "config.json")
    except SimCSEError:
        return usual
    layers = int(stated.get("num_hidden_layers") or stated.get("n_layers") or usual)
    return min(kept, layers) if kept else layers


def another() -> None:
    """Add a folder or a Hugging Face id to both lists."""
    with st.popover(t("cone.another"), icon=":material/add:", type="tertiary"):
        st.text_input(t("cone.another_field"), key="cn-name", persist_state="session", placeholder="org/name")
        st.caption(t("cone.another_help"))
        st.button(t("cone.another_add"), key="cn-add", on_click=_add)
        problem = st.session_state.get(PROBLEM)
        if problem:
            st.error(plain(problem))


def _add() -> None:
    """Check the name, which may fetch it, and choose it as A."""
    name = str(st.session_state.get("cn-name", "")).strip()
    st.session_state[PROBLEM] = ""
    try:
        resolve(name)
    except SimCSEError as error:
        st.session_state[PROBLEM] = f"{error.message} {error.hint}"
        return
    name = str(Path(name).expanduser()) if name.startswith("~") else name
    st.session_state[MORE] = list(dict.fromkeys([*st.session_state.get(MORE, []), name]))
    st.session_state["cn_a"] = name
