"""Widgets read off a component's signature; no page writes the sliders of a component by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from pages.ui.state import Kind, choice, switch
from simcse_core.registry import Choice, Parameter, Range, Registry, Text, params_of

MAX_STEPS = 100


def _number(value: float) -> str:
    return f"{value:g}"


def _ladder(parameter: Parameter, allowed: Range) -> list[float]:
    """A few meaningful values in rising order, the default among them."""
    kind = int if isinstance(parameter.default, int) else float
    if not allowed.ladder and kind is int and allowed.high - allowed.low <= MAX_STEPS:
        return list(range(int(allowed.low), int(allowed.high) + 1))
    values = allowed.ladder or tuple(allowed.low + (allowed.high - allowed.low) * i / 10 for i in range(11))
    return sorted({kind(value) for value in (*values, parameter.default)})


def parameter_widget(parameter: Parameter, *, key: str, label: str | None = None) -> Any:
    """One widget for one parameter; returns a value that the parameter accepts."""
    label = label or parameter.name.replace("_", " ").capitalize()
    allowed = parameter.allowed
    if isinstance(allowed, Choice):
        kind: Kind = "segments" if len(allowed.options) <= 4 else "select"
        return choice(label, allowed.options, parameter.default, key=key, kind=kind, help=allowed.help)
    if isinstance(allowed, Text):
        typed = st.text_input(
            label, parameter.default, key=key, help=allowed.help, persist_state="session", max_chars=300
        )
        return typed.strip() or parameter.default
    if isinstance(parameter.default, bool):
        return switch(label, key=key, default=parameter.default, help=allowed.help)
    values = _ladder(parameter, allowed)
    default = parameter.default
    return choice(label, values, default, key=key, kind="ladder", format_func=_number, help=allowed.help)


def parameter_form(
    target: Callable[..., Any], *, key: str, skip: Sequence[str] = (), labels: dict[str, str] | None = None
) -> dict[str, Any]:
    """Widgets for every parameter of a registered function or class, and their checked values.

    Args:
        target: `losses[name]`, for example.
        key: Page prefix; the address shows `<key>_<parameter>`.
        skip: Parameters that the page sets itself.
        labels: Labels by parameter, where the plain name is not enough.
    """
    chosen = {}
    for name, parameter in params_of(target).items():
        if name not in skip:
            value = parameter_widget(parameter, key=f"{key}_{name}", label=(labels or {}).get(name))
            chosen[name] = parameter.check(value)
    return chosen


def component_picker(
    label: str,
    registry: Registry[Any],
    default: str,
    *,
    key: str,
    only: Sequence[str] | None = None,
    help: str | None = None,
) -> str:
    """Choose a registered component by its title and show its first line; `only` limits the list."""
    names = [name for name in registry if only is None or name in only]
    name = choice(
        label,
        names,
        default,
        key=key,
        kind="segments" if len(names) <= 4 else "select",
        format_func=lambda n: registry.info(n).title,
        help=help,
    )
    st.caption(registry.info(name).summary)
    return name
