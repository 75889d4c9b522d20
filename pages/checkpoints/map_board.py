"""Mounts the map: everything it needs for every step; step, pin and selection come back on release."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from pages.checkpoints import map_controls
from pages.checkpoints.map_controls import Settings, spaced
from pages.checkpoints.map_data import View
from pages.ui.browser import component
from pages.ui.text import section, t
from pages.ui.theme import current_theme
from simcse_core.evaluation.cone import words_per_sentence
from simcse_core.evaluation.neighbours import shared
from simcse_core.evaluation.packing import packed, packed_rows
from simcse_core.figures.maps_churn import weight_stops

KEY = "cp-atlas"
FOLDER = Path(__file__).parent
_LARGEST = 32767  # of a 16-bit number


def draw(view: View, settings: Settings) -> None:
    """Show the map of the chosen method, and the other step beside it where that is wanted."""
    component("checkpoints_atlas", FOLDER, "atlas", parts=("atlas_lasso", "atlas_parts"))(
        key=KEY, data=told(view, settings), on_state_change=lambda: _heard(view)
    )


def told(view: View, settings: Settings) -> dict[str, Any]:
    """What the component is told."""
    atlas, layout = view.atlas, view.atlas.layouts[settings.method]
    scale = float(np.abs(layout.points).max()) or 1.0
    return {
        "id": hashlib.sha256(f"{view.key} {settings.method} {atlas.steps}".encode()).hexdigest()[:16],
        "state": _state(view, settings),
        "steps": atlas.steps,
        "labels": view.labels,
        "scrub": view.scrub,
        "beside": settings.other if settings.beside else None,
        "texts": atlas.texts,
        "subjects": [spaced(subject) for subject in atlas.subjects],
        "points": packed(np.rint(layout.points / scale * _LARGEST), "<i2"),
        "neighbours": packed(atlas.neighbours, "<u2"),
        "kept": atlas.neighbours.shape[2],
        "k": settings.k,
        "shares": layout.kept,
        "trust": layout.trustworthiness,
        **_colours(view, settings),
        "words": section("checkpoints.board"),
        "theme": asdict(current_theme()),
    }


def _state(view: View, settings: Settings) -> str:
    """Step, pin and, if there is any, the selection: `60|7|AAQ`."""
    parts = [str(view.atlas.steps[settings.at]), str(settings.pin)]
    if settings.chosen:
        parts.append(packed_rows(settings.chosen, len(view.atlas.texts)))
    return "|".join(parts)


def _colours(view: View, settings: Settings) -> dict[str, Any]:
    """Marks by subject, or a scale of numbers with its ends."""
    none = [-1] * len(view.atlas.texts)
    if settings.colour == "subject":
        order = list(settings.subjects)
        groups = [order.index(s) if s in order else -1 for s in view.atlas.subjects]
        return {"groups": groups, "names": [spaced(s) for s in order], "values": [], "stops": None,
                "low": "", "high": ""}  # fmt: skip
    values, ends = _numbers(view, settings)
    low, high = float(values.min()), float(values.max())
    shares = (values - low) / (high - low) if high > low else np.zeros(len(values))
    return {"groups": none, "names": [], "values": np.rint(255 * shares).astype(int).tolist(),
            "stops": weight_stops(), "low": ends[0], "high": ends[1]}  # fmt: skip


def _numbers(view: View, settings: Settings) -> tuple[np.ndarray[Any, Any], Sequence[str]]:
    if settings.colour == "length":
        words = np.log2(np.maximum(words_per_sentence(view.atlas.texts), 1.0))
        ends = (2 ** words.min(), 2 ** words.max())
        return words, [t("checkpoints.words", count=f"{end:.0f}") for end in ends]
    lists = view.atlas.neighbours[..., : settings.k]
    changed = settings.k - shared(lists[settings.at], lists[settings.other])
    return changed.astype(np.float64), [
        t("checkpoints.new_neighbours", count=int(end)) for end in (changed.min(), changed.max())
    ]


def _heard(view: View) -> None:
    """Keep what the component tells; what it must not tell is dropped."""
    state = st.session_state[KEY].get("state")
    parts = state.split("|") if isinstance(state, str) else []
    if 2 <= len(parts) <= 3 and all(part.isdecimal() and len(part) < 10 for part in parts[:2]):
        map_controls.keep(view, int(parts[0]), int(parts[1]))
        map_controls.keep_chosen(view, parts[2] if len(parts) == 3 else "")
