"""The cone: why unrelated sentences look alike."""

from __future__ import annotations

import math

import streamlit as st

from pages.cone import controls, dimensions, grid, layers, panels, toy, vocabulary
from pages.cone.controls import Settings
from pages.cone.recorded import recorded_spread, story
from pages.cone.sentences import Sentences
from pages.cone.views import Views, measured
from pages.ui import messages
from pages.ui.challenge import goal, guess
from pages.ui.exports import code_panel
from pages.ui.frame import Frame, open_frame
from pages.ui.state import choice
from pages.ui.text import plain, prose, t
from simcse_core.errors import SimCSEError

ANSWERS = ("0.20", "0.40", "0.60", "0.80", "1.00")
CONE, FLAT = 0.3, 0.1
FORMULA = r"\overline{\cos}=\frac{\lVert\sum_i\hat h_i\rVert^2-n}{n\,(n-1)}\approx\lVert\bar h\rVert^2"
CODE = """from simcse_core import load_encoder
from simcse_core.evaluation.cone import fitted, measure, sample_sentences

texts = [text for text, subject in sample_sentences()]
encoder = load_encoder("{name}", pooling="{pooling}", precision="fp32")
rows = encoder.encode(texts, normalize=False)
repair = fitted({repair})
print(measure(rows, repair=repair).mean_cosine)"""


VIEWS = ("sentences", "layers", "dimensions", "tokens", "axes")


def render() -> None:
    """Draw the page."""
    page = open_frame("cone", "cn")
    with page.presets.container(horizontal=True, vertical_alignment="center", gap="small"):
        view = choice(
            t("cone.view"),
            VIEWS,
            "sentences",
            key="cn_view",
            label_visibility="collapsed",
            format_func=lambda v: t(f"cone.view_name.{v}"),
        )
        if view == "sentences":
            controls.presets()
    others = {
        "layers": grid.draw,
        "dimensions": dimensions.draw,
        "tokens": vocabulary.draw,
        "axes": toy.draw,
    }
    others.get(view, _sentences)(page)


def _sentences(page: Frame) -> None:
    with page.figure:
        sign = st.container()
    with page.controls, messages.boundary():
        st.markdown(t("cone.look_sentences"))
        settings, sentences = controls.read()
        views = _measured(settings, sentences, sign)
        if views is not None:
            _fill(page, settings, sentences, views)
    with page.details():
        st.markdown(prose("cone", "details"))


def _measured(
    settings: Settings, sentences: Sentences, sign: st.delta_generator.DeltaGenerator
) -> Views | None:
    try:
        return measured(settings, sentences, sign)
    except SimCSEError as error:
        with sign:
            messages.refuse(error)
        return None


def _fill(page: Frame, settings: Settings, sentences: Sentences, views: Views) -> None:
    with page.figure:
        panels.draw_figure(settings, sentences, views)
        panels.draw_numbers(settings, sentences, views)
        panels.numbers_table(settings, views)
        code_panel(_code(settings))
    _why(page, settings, views)
    with page.challenge():
        _guess()
        _goal(settings, views)
    with page.below:
        left, right = st.columns(2, gap="large")
        with left, messages.boundary():
            panels.draw_spectrum(settings, views)
        with right, messages.boundary():
            layers.draw_layers(settings, sentences, views)


def _mean_length(mean_cosine: float, rows: int) -> float:
    """Length of the mean of unit vectors, from their mean cosine."""
    return math.sqrt(max((mean_cosine * (rows - 1) + 1) / rows, 0.0))


def _why(page: Frame, settings: Settings, views: Views) -> None:
    rows, mean = views.raw.rows, views.raw.mean_cosine
    length = _mean_length(mean, rows)
    text = t("cone.why")
    if settings.repair:
        after = _mean_length(views.first.mean_cosine, rows)
        repair = controls.repair_title(settings.repair).lower()
        text += " " + t("cone.why_repaired", repair=repair, length=f"{after:.2f}", before=f"{length:.2f}")
    page.why(
        text,
        formula=FORMULA,
        live=rf"n={rows},\qquad {length:.3f}^2\approx {mean:.3f}",
    )


def _guess() -> None:
    name = story()[0]
    token = recorded_spread(name, None, "cls_before_pooler", None, {})
    mean = recorded_spread(name, None, "mean", None, {})
    if token is None or mean is None or token.spearman is None or mean.spearman is None:
        return
    right = min(ANSWERS, key=lambda a: abs(float(a) - token.mean_cosine))
    angle = math.degrees(math.acos(min(max(token.mean_cosine, -1.0), 1.0)))
    reveal = t(
        "cone.guess_reveal",
        value=f"{token.mean_cosine:.4f}",
        degrees=f"{angle:.1f}",
        spearman=f"{token.spearman:.1f}",
        mean_spearman=f"{mean.spearman:.1f}",
    )
    question = t("cone.guess", name=plain(name))
    guess("cone.guess", question, ANSWERS, is_right=lambda a: a == right, reveal=reveal)


def _goal(settings: Settings, views: Views) -> None:
    before, after, trained = views.raw, views.first, views.second
    scores = [f"{s.spearman:.1f}" if s.spearman is not None else "–" for s in (before, after, trained)]
    reached = settings.repair is not None and before.mean_cosine > CONE and after.mean_cosine < FLAT
    praise = t(
        "cone.praise",
        before=f"{before.mean_cosine:.2f}",
        after=f"{abs(after.mean_cosine):.2f}",
        score_before=scores[0],
        score_after=scores[1],
        trained=scores[2],
    )
    goal(
        "cone.flat",
        t("cone.task"),
        reached=reached,
        status=t("cone.status", value=f"{after.mean_cosine:.2f}"),
        praise=praise if reached else t("cone.praise_before"),
    )


def _code(settings: Settings) -> str:
    parameters = "".join(f", {name}={value!r}" for name, value in settings.parameters.items())
    repair = f'"{settings.repair}", rows{parameters}' if settings.repair else "None, rows"
    from pages.cone.live import name_at

    name, _ = name_at(settings.first, settings.layer)
    return CODE.format(name=name, pooling=settings.pooling, repair=repair)
