"""The view of a real encoder: how its spectrum flattens, and whether the proof's condition holds."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.sphere.recorded import Measured, Recorded, recorded
from pages.sphere.state import signed
from pages.ui import checkpoints, messages
from pages.ui.cache import embed
from pages.ui.challenge import guess
from pages.ui.exports import code_panel, echarts, show_data
from pages.ui.frame import Frame
from pages.ui.state import choice, switch
from pages.ui.text import plain, prose, t
from pages.ui.theme import current_theme
from simcse_core.errors import SimCSEError
from simcse_core.evaluation.cone import sample_sentences
from simcse_core.figures import curves
from simcse_core.metrics.anisotropy import mean_cosine
from simcse_core.theory.flattening import Flatness, flatness

ASKED = "sp-measured"  # checkpoints this visitor had measured
ANSWERS = ("all", "before", "none")
FORMULA = r"\frac{\sigma_k}{\sigma_1},\qquad \lambda_k=\sigma_k^2,\qquad \textstyle\sum_k\lambda_k=m"
CODE = """from simcse_core import load_encoder
from simcse_core.evaluation.cone import sample_sentences
from simcse_core.theory.flattening import flatness

texts = [text for text, subject in sample_sentences()]
found = flatness(load_encoder("{name}").encode(texts))
print(found.spectrum[:5], found.effective_rank, found.uniformity)
print(found.bound.largest, found.bound.negative_share, found.bound.applies)"""


def draw(page: Frame) -> None:
    """Fill the page with the spectra."""
    with page.figure:
        sign = st.container()
    with page.controls:
        known = recorded()
        later = choice(
            t("sphere.after_steps"), tuple(known.steps)[1:], max(known.steps), key="sp_after", kind="ladder"
        )
        live, shown = _live_controls(known)
        rows = _rows(known, int(later), live, shown, sign)
    with page.figure:
        _figure(rows, known)
        code_panel(CODE.format(name=shown))
    last = list(rows.values())[-1]
    page.why(t("sphere.why_spectrum"), formula=FORMULA, live=_numbers(last.flatness))
    with page.challenge():
        _guess(known)
    with page.details():
        st.markdown(prose("sphere", "spectrum"))
    with page.below:
        _table(rows)


def _numbers(found: Flatness) -> str:
    share = found.bound.largest / found.bound.rows
    return rf"\lambda_{{\max}}/m={share:.3f},\qquad e^{{H(\sigma/\sum\sigma)}}={found.effective_rank:.0f}"


def _live_controls(known: Recorded) -> tuple[bool, str]:
    """Which third encoder: the published one, recorded, or any other, measured on request."""
    live = switch(t("sphere.any_encoder"), key="sp_any", help=t("sphere.any_encoder_help"))
    name = checkpoints.pick([known.name], known.name) if live else known.name
    return live, name


def _rows(
    known: Recorded, later: int, live: bool, name: str, sign: st.delta_generator.DeltaGenerator
) -> dict[str, Measured]:
    """Name → encoder: the start, some steps later, and a third one."""
    found = {
        t("sphere.start"): known.steps[min(known.steps)],
        t("sphere.after", step=later): known.steps[later],
    }
    if not live or name == known.name:
        return {**found, known.name: known.published}
    asked = st.session_state.setdefault(ASKED, [])
    if name not in asked:
        st.caption(t("sphere.measure_note", count=known.sentences))
        st.button(t("sphere.measure"), key="sp-measure", on_click=lambda: asked.append(name))
        return found
    try:
        with sign, st.spinner(t("sphere.measuring", count=known.sentences)):
            found[checkpoints.short(name)] = _measured_now(name)
    except SimCSEError as error:
        with sign:
            messages.refuse(error)
    return found


def _measured_now(name: str) -> Measured:
    texts = [text for text, _ in sample_sentences()]
    rows = embed(checkpoints.loadable(name), texts)
    return _flat(hashlib.sha256(rows.tobytes()).hexdigest(), rows)


@st.cache_data(max_entries=16, show_spinner=False)
def _flat(digest: str, _rows: NDArray[np.float32]) -> Measured:
    return Measured(flatness(_rows), None, mean_cosine(_rows))


def _figure(rows: Mapping[str, Measured], known: Recorded) -> None:
    spectra = {name: one.flatness.spectrum for name, one in rows.items()}
    option = curves.spectrum(spectra, current_theme(), title=t("sphere.spectrum_title"))
    for line in option["series"]:
        line["showSymbol"] = False
    first, second, *_ = rows.values()
    said = t(
        "sphere.spectrum_said",
        before=f"{first.flatness.effective_rank:.0f}",
        after=f"{second.flatness.effective_rank:.0f}",
        share_before=f"{100 * first.flatness.bound.largest / first.flatness.bound.rows:.0f}\u00a0%",
        share_after=f"{100 * second.flatness.bound.largest / second.flatness.bound.rows:.0f}\u00a0%",
    )
    echarts(option, key="sp_spectrum", alt=said, height=380)
    st.caption(said)
    st.markdown(_numbers_table(rows))
    made = known.made
    st.caption(
        t(
            "sphere.made",
            count=f"{known.sentences:,}",
            positives=known.positives,
            precision=plain(str(made["precision"])),
            device=plain(str(made["device"])),
            seed=made["seed"],
            date=plain(str(made["date"])),
            name=plain(known.name),
        )
    )


def _numbers_table(rows: Mapping[str, Measured]) -> str:
    """Markdown: one column an encoder."""
    held = {True: t("sphere.condition_holds"), False: t("sphere.condition_fails")}
    lines = {
        "effective_rank": lambda m: f"{m.flatness.effective_rank:.0f}",
        "uniformity": lambda m: signed(m.flatness.uniformity),
        "alignment": lambda m: "–" if m.alignment is None else f"{m.alignment:.3f}",
        "mean_cosine": lambda m: signed(m.mean_cosine),
        "largest_share": lambda m: f"{m.flatness.bound.largest / m.flatness.bound.rows:.3f}",
        "sum_share": lambda m: f"{m.flatness.bound.total / m.flatness.bound.rows**2:.3f}",
        "negative_share": lambda m: f"{100 * m.flatness.bound.negative_share:.1f} %",
        "condition": lambda m: held[m.flatness.bound.applies],
    }
    head = f"| {t('sphere.number.name')} | {' | '.join(plain(name) for name in rows)} |"
    rule = "|:--|" + "--:|" * len(rows)
    body = [
        f"| {t(f'sphere.number.{name}')} | {' | '.join(of(one) for one in rows.values())} |"
        for name, of in lines.items()
    ]
    return "\n".join([head, rule, *body])


def _table(rows: Mapping[str, Measured]) -> None:
    longest = max(len(one.flatness.spectrum) for one in rows.values())
    columns: dict[str, Sequence[Any]] = {t("sphere.column.rank"): list(range(1, longest + 1))}
    for name, one in rows.items():
        values = one.flatness.spectrum
        columns[name] = [*values.tolist(), *[None] * (longest - len(values))]
    show_data(columns, "spectra", key="sp_spectra", alt=t("sphere.spectrum_table"))


def _guess(known: Recorded) -> None:
    first, last = known.steps[min(known.steps)], known.steps[max(known.steps)]
    truth = [one.flatness.bound.applies for one in (first, last, known.published)]
    right = "all" if all(truth) else "before" if truth[0] else "none"
    before, after, share = (
        f"{100 * one.flatness.bound.negative_share:.1f}\u00a0%" for one in (first, last, known.published)
    )
    guess(
        "sphere.spectrum",
        t("sphere.condition_guess"),
        [t(f"sphere.condition_answers.{answer}") for answer in ANSWERS],
        is_right=lambda answer: answer == t(f"sphere.condition_answers.{right}"),
        reveal=t("sphere.condition_reveal", name=plain(known.name), before=before, after=after, share=share),
    )
