"""The list of components, read off the registries: titles, equations, parameters, sources."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import streamlit as st

from pages.ui.state import choice
from pages.ui.text import formula, plain, t
from simcse_core.registry import Info, Parameter, Range, Registry, Text, params_of

KINDS = ("losses", "views", "poolers", "postprocessors", "metrics")


@st.cache_resource(show_spinner=False)
def _registries() -> dict[str, Registry[Any]]:
    """Every registry of computing parts; loads torch, hence only when this list is opened."""
    from simcse_core.encoders.poolers import poolers
    from simcse_core.losses import losses
    from simcse_core.metrics import metrics
    from simcse_core.postprocess import postprocessors
    from simcse_core.views import views

    return dict(zip(KINDS, (losses, views, poolers, postprocessors, metrics), strict=True))


def draw() -> None:
    """Draw one kind of component at a time, each with its equation and source."""
    kind = choice(
        t("notes.kind"),
        KINDS,
        "losses",
        key="nt_kind",
        format_func=lambda name: t(f"notes.kinds.{name}"),
        label_visibility="collapsed",
    )
    with st.skeleton(height=240):
        registry = _registries()[kind]
    for name in registry:
        _draw_component(registry.info(name))


def _draw_component(info: Info[Any]) -> None:
    with st.container(border=True, width=860):
        st.markdown(f"**{plain(info.title)}** &nbsp; `{info.name}`")
        st.markdown(plain(info.summary))
        if info.equation:
            formula(info.equation)
        lines = [_line(parameter) for parameter in _parameters(info.target)]
        if lines:
            st.markdown("\n".join(lines))
        st.caption(plain(info.source))


def _parameters(target: Callable[..., Any]) -> list[Parameter]:
    """Tunable parameters; none where the keywords are for callers only, without a declared range."""
    if not any(p.kind is p.KEYWORD_ONLY for p in inspect.signature(target).parameters.values()):
        return []
    try:
        return list(params_of(target).values())
    except TypeError:
        return []


def _line(parameter: Parameter) -> str:
    allowed = parameter.allowed
    if isinstance(allowed, Text):
        span = t("notes.any_text")
    else:
        span = (
            f"{allowed.low:g} … {allowed.high:g}"
            if isinstance(allowed, Range)
            else ", ".join(allowed.options)
        )
    return f"- `{parameter.name}` = {plain(str(parameter.default))} ({plain(span)}). {plain(parameter.help)}"
