"""Data, models, recorded results and this machine, as tables."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator
from typing import Any

import streamlit as st

from pages.ui.exports import json_button
from pages.ui.text import prose, t
from simcse_core import __version__, runtime


def _table(columns: dict[str, list[Any]], *, key: str, alt: str) -> None:
    titled = {t(f"notes.column.{name}"): values for name, values in columns.items()}
    st.dataframe(titled, hide_index=True, width="stretch", key=key, alt=alt)


def draw_data() -> None:
    """Every data set, shipped or public, with licence and size."""
    from simcse_core.data.datasets import available, datasets, load_dataset_records

    st.markdown(prose("notes", "data"), width=860)
    infos = [datasets.info(name) for name in datasets]
    columns: dict[str, list[Any]] = {
        "name": [info.name for info in infos],
        "what": [info.summary for info in infos],
        "rows": [info.traits["rows"] or len(load_dataset_records(info.name)) for info in infos],
        "language": [info.traits["language"] for info in infos],
        "licence": [info.traits["licence"] for info in infos],
        "source": [info.source for info in infos],
        "here": [available(info.name) for info in infos],
    }
    _table(columns, key="nt-data", alt=t("notes.data_alt"))


def draw_models() -> None:
    """Every encoder known by name, and what it may be used for."""
    from simcse_core.encoders.catalogue import list_encoders

    st.markdown(prose("notes", "models"), width=860)
    entries = list_encoders()
    columns: dict[str, list[Any]] = {
        "name": [entry.name for entry in entries],
        "what": [entry.note for entry in entries],
        "layers": [entry.layers for entry in entries],
        "licence": [entry.licence for entry in entries],
        "source": [entry.source for entry in entries],
        "here": [entry.available for entry in entries],
    }
    _table(columns, key="nt-models", alt=t("notes.models_alt"))


def _recorded() -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and `made` block of every recorded file."""
    for path in sorted((runtime.assets() / "recorded").glob("*.json")):
        yield path.stem, json.loads(path.read_text(encoding="utf-8"))["made"]


def draw_recorded() -> None:
    """What made each figure that a page opens on."""
    st.markdown(t("notes.recorded"), width=860)
    made = dict(_recorded())
    columns: dict[str, list[Any]] = {
        "name": list(made),
        "command": [how["command"] for how in made.values()],
        "seed": [how["seed"] for how in made.values()],
        "device": [how["device"] for how in made.values()],
        "date": [how["date"] for how in made.values()],
        "torch": [how["versions"].get("torch", "") for how in made.values()],
    }
    _table(columns, key="nt-recorded", alt=t("notes.recorded_alt"))
    json_button(made, "recorded-results", key="nt-made")


def draw_machine() -> None:
    """Versions and the device that this app computes on, and the licence."""
    with st.skeleton(height=120):
        device = runtime.resolve_device("auto")
        precision = str(runtime.resolve_dtype("auto", device)).removeprefix("torch.")
    facts = {
        t("notes.machine.app"): __version__,
        t("notes.machine.device"): f"{device.type}, {os.cpu_count()} × {platform.machine()}",
        t("notes.machine.precision"): precision,
        **runtime.versions(),
    }
    columns: dict[str, list[Any]] = {"name": list(facts), "value": list(facts.values())}
    _table(columns, key="nt-machine", alt=t("notes.machine_alt"))
    json_button(facts, "versions", key="nt-versions")
    st.markdown(t("notes.licence"), width=860)
