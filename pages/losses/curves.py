"""Loss and slope against the cosine of one pair."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.losses import curves_tries
from pages.losses.curves_data import OPENING, Settings, curve, options, recorded, share, slope_at, without
from pages.ui import messages
from pages.ui.exports import code_panel, plotly, show_data
from pages.ui.forms import parameter_form
from pages.ui.frame import Frame, open_body
from pages.ui.state import choice, remember_default, switch
from pages.ui.text import plain, prose, t
from pages.ui.theme import current_theme
from simcse_core.figures.pair_curves import Drawn, pair_curves
from simcse_core.theory.pair_curves import NEGATIVE, POSITIVE, Context

MOST = 6
PLACES = tuple(round(0.1 * k, 1) for k in range(-9, 10))
OTHERS = (1, 3, 7, 15, 31, 63)
SET_KEY = "ls_c_set"
FORMULA = (
    r"\frac{\partial L}{\partial s}>0:\ \text{pushed apart},\qquad"
    r"\frac{\partial L}{\partial s}<0:\ \text{pulled together}"
)
CODE = """from simcse_core.theory.pair_curves import Context, pair_curve

rest = Context(positive={positive}, negative={negative}, others={others})
for name, parameters in {chosen}.items():
    curve = pair_curve(name, "{side}", rest, parameters, [{at}])
    print(name, curve.loss[0], curve.slope[0])"""


def render() -> None:
    """Draw the tab under the page's header."""
    body = open_body("objectives", "ls")
    with body.controls:
        st.markdown(t("objectives.curves.look"))
        settings = _read()
    if not settings.chosen:
        body.figure.info(t("objectives.curves.none"))
        return
    with body.figure, messages.boundary(), st.spinner(t("objectives.computing"), show_time=False):
        places = list(options())
        drawn = {
            name: Drawn(options()[name], found.loss, found.slope, _place(name, places))
            for name in settings.chosen
            for found in (curve(name, settings),)
        }
        _figure(settings, drawn)
        _why(body, settings, drawn)
        with body.challenge():
            curves_tries.draw(settings, drawn)
    with body.details():
        st.markdown(prose("losses", "curves"))
        st.markdown(t("objectives.curves.without", names=", ".join(plain(title) for title in without())))
        for name in settings.chosen:
            told = recorded()["objectives"].get(name)
            if told is not None:
                st.markdown(rf"{plain(told['title'])}: ${told['equation']}$")


def _place(name: str, places: list[str]) -> int:
    """The look of an objective: the opening four have the first ones."""
    order = [*OPENING, *(other for other in places if other not in OPENING)]
    return order.index(name)


def _read() -> Settings:
    side = choice(
        t("objectives.curves.side"), (NEGATIVE, POSITIVE), NEGATIVE, key="ls_c_side",
        format_func=lambda name: t(f"objectives.curves.sides.{name}"),
    )  # fmt: skip
    chosen = _objectives()
    at = choice(
        t("objectives.curves.at"), PLACES, 0.6, key="ls_c_at", kind="ladder", format_func=_signed,
        help=t("objectives.curves.at_help"),
    )  # fmt: skip
    with st.expander(t("objectives.curves.rest"), icon=":material/groups:"):
        st.caption(t("objectives.curves.rest_help"))
        context = Context(
            choice(
                t("objectives.curves.positives"),
                (0.5, 0.6, 0.7, 0.8, 0.9, 0.95),
                0.8,
                key="ls_c_pos",
                kind="ladder",
            ),
            choice(
                t("objectives.curves.negatives"),
                (-0.2, 0.0, 0.2, 0.4, 0.6),
                0.2,
                key="ls_c_neg",
                kind="ladder",
                format_func=_signed,
            ),
            choice(t("objectives.curves.others"), OTHERS, 3, key="ls_c_n", kind="ladder"),
        )
    relative = choice(
        t("objectives.curves.scale"), ("share", "raw"), "share", key="ls_c_scale",
        format_func=lambda name: t(f"objectives.curves.scales.{name}"),
        help=t("objectives.curves.scale_help"),
    )  # fmt: skip
    return Settings(tuple(chosen), side, context, at, relative == "share", _parameters(chosen))


def _objectives() -> list[str]:
    known = options()
    remember_default(SET_KEY, list(OPENING))
    with st.popover(t("objectives.curves.choose"), icon=":material/checklist:"):
        picked = st.pills(
            t("objectives.curves.chosen"), list(known), selection_mode="multi", default=list(OPENING),
            key=SET_KEY, bind="query-params", format_func=lambda name: known.get(name, name),
        )  # fmt: skip
    chosen = [name for name in known if name in picked]
    if len(chosen) > MOST:
        st.caption(t("objectives.curves.most", most=MOST))
    return chosen[:MOST]


def _parameters(chosen: list[str]) -> dict[str, dict[str, Any]]:
    """Of the chosen objectives, read off their signatures; nothing where the visitor leaves the defaults."""
    if not switch(t("objectives.curves.tune"), key="ls_c_tune", help=t("objectives.curves.tune_help")):
        return {}
    from simcse_core.losses import losses
    from simcse_core.registry import params_of

    found = {}
    for name in chosen:
        if params_of(losses[name]):
            with st.container(border=True):
                st.markdown(f"**{plain(losses.info(name).title)}**")
                values = parameter_form(losses[name], key=f"ls_c_{name}")
            defaults = {key: parameter.default for key, parameter in params_of(losses[name]).items()}
            found[name] = values if values != defaults else {}
    return found


def _signed(value: float) -> str:
    return f"{value:g}".replace("-", "−")


def _words(settings: Settings) -> dict[str, str]:
    unit = "share" if settings.relative else "raw"
    return {
        "title": t("objectives.curves.figure", side=t(f"objectives.curves.sides.{settings.side}").lower()),
        "cosine": t("objectives.curves.cosine"),
        "loss": t(f"objectives.curves.loss.{unit}"),
        "slope": t(f"objectives.curves.slope.{unit}"),
        "pair": t("objectives.curves.pair"),
    }


def _figure(settings: Settings, drawn: dict[str, Drawn]) -> None:
    context = settings.context
    marks = {
        t("objectives.curves.mark_negatives"): context.negative,
        t("objectives.curves.mark_positives"): context.positive,
    }
    cosines = recorded()["cosines"]
    figure = pair_curves(
        cosines, list(drawn.values()), current_theme(), at=settings.at, marks=marks,
        relative=settings.relative, words=_words(settings),
    )  # fmt: skip
    told = "; ".join(f"{one.name} {100 * abs(share(one, settings.at)):.0f} %" for one in drawn.values())
    plotly(figure, key="ls_c_figure", alt=t("objectives.curves.alt", at=_signed(settings.at), shares=told))
    st.caption(t("objectives.curves.caption", at=_signed(settings.at), shares=plain(told)))
    columns: dict[str, Any] = {t("objectives.curves.cosine"): list(cosines)}
    for one in drawn.values():
        columns[f"{one.name}: L"] = one.loss.tolist()
        columns[f"{one.name}: ∂L/∂s"] = one.slope.tolist()
    show_data(columns, "pair-curves", key="ls_c_data", alt=t("objectives.curves.table"))
    chosen = {name: dict(settings.parameters.get(name, {})) for name in drawn}
    code_panel(
        CODE.format(
            positive=context.positive, negative=context.negative, others=context.others, chosen=chosen,
            side=settings.side, at=settings.at,
        )
    )  # fmt: skip


def _why(body: Frame, settings: Settings, drawn: dict[str, Drawn]) -> None:
    head = rf"\partial L/\partial s\ \text{{at}}\ s={settings.at:g}:"
    lines = [rf"\quad\text{{{_latex(one.name)}}}\ {slope_at(one, settings.at):.3g}" for one in drawn.values()]
    body.why(
        t(f"objectives.curves.why.{settings.side}"),
        formula=FORMULA,
        live=r"\begin{array}{l}" + r"\\".join([head, *lines]) + r"\end{array}",
    )


def _latex(text: str) -> str:
    return "".join(c if c.isalnum() or c in " ,.()-" else " " for c in text)
