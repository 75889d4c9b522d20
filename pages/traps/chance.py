"""How likely a batch holds two sentences that mean the same: N and the rate are pulled in the browser."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import streamlit as st

from pages.ui.browser import component
from pages.ui.exports import show_data
from pages.ui.text import section, t
from pages.ui.theme import current_theme
from simcse_core.evaluation.false_negatives import chance_of_repeat, expected_repeats

KEY, ADDRESS = "tr-chance", "tr_repeat"
SIZES, RATES = (2.0, 1024.0), (1e-6, 0.1)
OPENING = (64.0, 1e-4)
FOLDER = Path(__file__).parent
_STATE = re.compile(r"([0-9]{1,4}(?:\.[0-9]{1,6})?) ([0-9](?:\.[0-9]{1,12})?(?:e-[0-9]{1,2})?)")


def state() -> tuple[float, float]:
    """N and rate of the address, within the sliders' ends; the opening ones where there are none."""
    found = _STATE.fullmatch(st.query_params.get(ADDRESS, ""))
    if found is None:
        return OPENING
    size, rate = float(found[1]), float(found[2])
    inside = SIZES[0] <= size <= SIZES[1] and RATES[0] <= rate <= RATES[1]
    return (size, rate) if inside else OPENING


def text_of(size: float, rate: float) -> str:
    """A state as the address and the browser write it."""
    return f"{size:g} {rate:g}"


def draw() -> None:
    """The block under the inspector."""
    st.subheader(t("traps.chance.title"), anchor=False)
    st.markdown(t("traps.chance.about"))
    theme = current_theme()
    size, rate = state()
    component("traps_chance", FOLDER, "chance")(
        key=KEY,
        data={
            "state": text_of(size, rate),
            "sizes": SIZES,
            "rates": RATES,
            "words": section("traps.chance.words"),
            "colours": {"line": theme.false, "muted": theme.muted, "grid": theme.grid},
        },
        on_state_change=_keep,
    )
    count = round(size)
    sizes = [2**k for k in range(1, 11)]
    columns = {
        t("traps.chance.column.size"): sizes,
        t("traps.chance.column.chance"): np.round(chance_of_repeat(sizes, rate), 6).tolist(),
        t("traps.chance.column.pairs"): [round(expected_repeats(n, rate), 6) for n in sizes],
    }
    st.caption(t("traps.chance.caption", size=count, rate=f"{rate:g}"))
    show_data(columns, "traps-chance", key="tr_chance_data", alt=t("traps.chance.data_alt"))


def _keep() -> None:
    """Callback: what was released goes into the address, which stays clean at the opening."""
    told = st.session_state[KEY].get("state")
    if not isinstance(told, str) or _STATE.fullmatch(told) is None:
        return
    if told == text_of(*OPENING):
        st.query_params.pop(ADDRESS, None)
    else:
        st.query_params[ADDRESS] = told
