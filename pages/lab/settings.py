"""Settings of the next run, read off `RunConfig` and the registries; in the address, text excepted."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

import streamlit as st

from pages.lab import adopt, data, encoders, jobs, session
from pages.ui import forms
from pages.ui.state import choice, seed_control
from pages.ui.text import plain, t
from simcse_core.config import SECTIONS, RunConfig
from simcse_core.errors import SimCSEError
from simcse_core.presets import PRESETS
from simcse_core.registry import Parameter, Range, Text, params_of

PREFIX = "lb"
PRESET_KEY = "lb_preset"
SEED_KEY = "lb_seed"
SKIPPED = ("device",)  # one device, one queue: the page trains where the worker is
LADDERS: dict[str, tuple[float, ...]] = {
    "learning_rate": (3e-6, 1e-5, 3e-5, 5e-5, 1e-4, 3e-4, 1e-3, 1e-2, 1.0),  # the last ones to see it break
    "steps": (5, 10, 20, 40, 80, 160, 320, 1000, 2000),
    "batch_size": (2, 8, 16, 32, 64, 128, 256, 512),
    "limit": (0, 16, 64, 256, 1000, 3000),
}


def preset_pills() -> RunConfig:
    """Choose a preset; its values are the defaults of all settings, so the address shows what differs."""
    names = list(PRESETS)
    chosen = choice(
        t("lab.preset"), names, names[0], key=PRESET_KEY, kind="pills" if len(names) <= 6 else "select",
        format_func=lambda name: PRESETS[name].title,
    )  # fmt: skip
    adopt.note_preset(chosen)
    return PRESETS[chosen].config


def controls(base: RunConfig) -> RunConfig | None:
    """Widgets for everything; None (and the reason on the page) while the settings do not fit together."""
    values: dict[str, Any] = {}
    values["data.train"], kind = data.training_picker(base)
    values["encoder.name"] = encoders.picker(base)
    loss = _component("loss", base, kind)
    values |= loss
    values |= _component("view", base, kind, str(loss.get("loss.name", "")))
    left, right = st.columns(2)
    with left:
        values |= _fields(base, "optim", ("steps",)) | _fields(base, "encoder", ("dropout",))
    with right:
        values |= _fields(base, "optim", ("batch_size", "learning_rate"))
    with st.expander(t("lab.advanced"), icon=":material/tune:"):
        values |= _fields(base, "encoder", ("pooling", "head", "max_length", "towers"))
        values |= _fields(base, "optim", _rest("optim", ("steps", "batch_size", "learning_rate")))
        values |= _around(base, str(loss.get("loss.name", "")))
        values |= _fields(base, "evaluation", ("every", "keep")) | _fields(base, "data", ("limit",))
        values["evaluation.sets"] = data.evaluation_picker(base)
        values["seed"] = seed_control(t("lab.field.seed"), key=SEED_KEY, default=base.seed)
    adopt.done()
    _limits_line()
    return _checked(base, values)


def _checked(base: RunConfig, values: dict[str, Any]) -> RunConfig | None:
    if values["data.train"] is None:
        return None
    try:
        config = base.with_settings(values).check()
    except SimCSEError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return None
    return config


def _rest(section: str, taken: Iterable[str]) -> tuple[str, ...]:
    return tuple(n for n in params_of(SECTIONS[section]) if n not in {*taken, *SKIPPED})


def _fields(base: RunConfig, section: str, names: Iterable[str]) -> dict[str, Any]:
    """Widgets for plain fields of a section, with the preset's values as defaults."""
    found = {}
    for name in names:
        parameter = params_of(SECTIONS[section])[name]
        if not isinstance(parameter.allowed, Text):
            own, key = _offered(parameter, getattr(getattr(base, section), name)), f"{PREFIX}_{name}"
            adopt.default(key, own.default)
            found[f"{section}.{name}"] = forms.parameter_widget(own, key=key, label=t(f"lab.field.{name}"))
    return found


def _around(base: RunConfig, loss: str) -> dict[str, Any]:
    """What is put around the loss; a queue only where the loss acts on rows of candidates."""
    from simcse_core.losses import losses

    found = _fields(base, "wrap", ("chunk",))
    if not loss or "on_similarities" not in losses.info(loss).traits:
        return found | {"wrap.queue": 0}
    found |= _fields(base, "wrap", ("queue",))
    return found | (_fields(base, "wrap", ("momentum",)) if found["wrap.queue"] else {})


def _offered(parameter: Parameter, default: Any) -> Parameter:
    """The parameter with the preset's default and a ladder within the page's limits."""
    allowed = parameter.allowed
    if not isinstance(allowed, Range):
        return Parameter(parameter.name, default, allowed)
    most = getattr(jobs.limits(), parameter.name, allowed.high)
    ladder = LADDERS.get(parameter.name, allowed.ladder) or (allowed.low, allowed.high)
    kept = tuple(v for v in ladder if allowed.low <= v <= min(most, allowed.high))
    return Parameter(parameter.name, min(default, most), dataclasses.replace(allowed, ladder=kept))


def _component(section: str, base: RunConfig, kind: str, loss: str = "") -> dict[str, Any]:
    """Pick a loss that these records can train, or a view that joins them with it, and its parameters."""
    registry, names = _fitting(section, kind, loss)
    preset = getattr(base, section)
    if not names:
        st.error(t("lab.nothing_fits"), icon=":material/error:")
        return {}
    default = preset.name if preset.name in names else names[0]
    adopt.default(f"{PREFIX}_{section}", default)
    name = forms.component_picker(
        t(f"lab.field.{section}"), registry, default, key=f"{PREFIX}_{section}", only=names
    )
    if "fetches" in registry.info(name).traits:
        st.caption(t("lab.fetches"))
    if "pooling" in registry.info(name).traits:
        st.caption(t("lab.needs_pooling", pooling=registry.info(name).traits["pooling"]))
    given = preset.parameters if name == preset.name else {}
    found = {f"{section}.name": name}
    for key, parameter in params_of(registry[name]).items():
        if key != "hard_weight" or kind == "triples":
            own = _offered(parameter, given.get(key, parameter.default))
            adopt.default(f"{PREFIX}_{name}_{key}", own.default)
            found[f"{section}.{key}"] = forms.parameter_widget(own, key=f"{PREFIX}_{name}_{key}")
    return found


def _fitting(section: str, kind: str, loss: str) -> tuple[Any, list[str]]:
    from simcse_core.losses import losses  # imports torch: the slow part of the first visit to a fresh server
    from simcse_core.training.fitting import losses_for, views_for
    from simcse_core.views import views

    if section == "view":
        return views, views_for(kind, loss) if loss else []
    return losses, losses_for(kind)


def _limits_line() -> None:
    most = jobs.limits()
    st.caption(t("lab.limits", steps=most.steps, batch=most.batch_size))


def estimate(config: RunConfig | None, last: Any) -> None:
    """How long Play would take, and what it would do with the settings changed since the run in front."""
    session.keep_config(config)
    if config is None:
        return
    seconds = jobs.seconds_for(config, last)
    took = t("lab.estimate_unknown") if seconds is None else t("lab.estimate", seconds=max(1, round(seconds)))
    words = t(
        "lab.next_run", steps=config.optim.steps, batch=config.optim.batch_size, seed=config.seed, took=took
    )
    if last is not None and last.status == "paused" and last.config.digest() != config.digest():
        words += " " + t("lab.changed")
    st.caption(words)
