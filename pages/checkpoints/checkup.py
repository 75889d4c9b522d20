"""The check-up tab: what a checkpoint is worth, and whether it is being used wrongly."""

from __future__ import annotations

import streamlit as st

from pages.checkpoints import checkup_panels as panels
from pages.checkpoints.checkup_bring import bring
from pages.checkpoints.checkup_data import (
    Request,
    found_or_asked,
    opening,
    recorded,
    recorded_names,
    sentences_of,
)
from pages.checkpoints.checkup_panels import Patients
from pages.ui import messages
from pages.ui.challenge import goal, guess
from pages.ui.checkpoints import pick, short
from pages.ui.exports import code_panel
from pages.ui.frame import Frame
from pages.ui.state import choice
from pages.ui.text import prose, t
from simcse_core.encoders.poolers import poolers
from simcse_core.evaluation.calibration import SAME
from simcse_core.evaluation.checkup import Checkup
from simcse_core.evaluation.patient import FAULT

OWN, NOTHING = "own", "nothing"
COSINES = tuple(round(i / 50, 2) for i in range(-10, 51))
ASKED = 0.72
HARMLESS = 1.0  # points of Spearman that a hidden fault may cost
MOST_TEXTS, LONGEST = 400, 40_000
FORMULA = r"t^{*}=\arg\max_t\;\tfrac12 P(\cos\ge t\mid \text{same})+\tfrac12 P(\cos<t\mid \text{other})"
CODE = """from simcse_core import load_encoder
from simcse_core.evaluation.checkup import check_up
from simcse_core.evaluation.patient import stated_use

encoder = load_encoder("{name}"{pooling}, precision="fp32")
found = check_up(encoder, stated=stated_use("{name}"))
for finding in found.findings:
    print(finding.state, finding.check, finding.told, finding.fix)
print(found.calibration.sentence({cosine}))"""


def draw(page: Frame) -> None:
    """Fill the page."""
    with page.figure:
        sign = st.container()
    with page.controls, messages.boundary():
        st.markdown(t("checkup.look"))
        request, fault = _which()
        cosine = choice(
            t("checkup.cosine"),
            COSINES,
            ASKED,
            key="cp_c_cos",
            kind="ladder",
            format_func=lambda v: f"{v:.2f}",
        )
        beside = _beside()
        with sign, messages.boundary():
            checkup = recorded()["broken"][fault] if fault else found_or_asked(request, key="cp-c-start")
            if checkup is not None:
                name = t("checkup.broken_name", name=recorded()["sound"]) if fault else short(request.name)
                _fill(page, Patients(name, checkup, beside, cosine), request, fault)
    with page.details():
        st.markdown(prose("checkpoints", "checkup"))


def _which() -> tuple[Request, str | None]:
    """What is examined; or the fault that the shipped encoder was given."""
    names = recorded_names()
    faults = (NOTHING, *recorded()["broken"])
    fault = choice(
        t("checkup.break"),
        faults,
        NOTHING,
        key="cp_c_break",
        kind="select",
        format_func=_fault_title,
        help=t("checkup.break_help", name=recorded()["sound"]),
    )
    if fault != NOTHING:
        return Request(recorded()["sound"]), fault
    name = pick(names, opening()[0], help=t("checkup.pick_help"))
    bring("cp-c-zip")
    pooling = choice(
        t("checkup.pooling"),
        (OWN, *(n for n in poolers if n != "mask")),
        OWN,
        key="cp_c_pool",
        kind="select",
        format_func=lambda n: t("checkup.pooling_own") if n == OWN else poolers.info(n).title,
        help=t("checkup.pooling_help"),
    )
    with st.popover(t("checkup.texts"), icon=":material/notes:", type="tertiary"):
        text = st.text_area(
            t("checkup.texts_label"),
            key="cp-c-texts",
            max_chars=LONGEST,
            height=200,
            persist_state="session",
            help=t("checkup.texts_help", most=MOST_TEXTS),
        )
    return Request(name, None if pooling == OWN else pooling, sentences_of(text or "", MOST_TEXTS)), None


def _fault_title(name: str) -> str:
    return t(f"checkup.breaks.{name}")


def _beside() -> tuple[str, Checkup] | None:
    """A second checkpoint in the figure."""
    name = choice(
        t("checkup.beside"),
        (NOTHING, *recorded_names()),
        opening()[1],
        key="cp_c_beside",
        kind="select",
        format_func=lambda n: t("checkup.nothing") if n == NOTHING else n,
    )
    return None if name == NOTHING else (name, recorded()["checkups"][name])


def _fill(page: Frame, patients: Patients, request: Request, fault: str | None) -> None:
    panels.draw_verdict(patients)
    panels.draw_figure(patients)
    panels.draw_findings(patients)
    if not fault:
        name = request.name.replace("\\", "\\\\").replace('"', '\\"')
        pooling = f', pooling="{request.pooling}"' if request.pooling else ""
        code_panel(CODE.format(name=name, pooling=pooling, cosine=patients.cosine))
    _why(page, patients)
    with page.challenge():
        _guess()
        _goal(fault)
    with page.below, messages.boundary():
        panels.draw_facts(patients)


def _why(page: Frame, patients: Patients) -> None:
    calibration = patients.checkup.calibration
    found = None if calibration is None else calibration.threshold
    if found is None:
        page.why(t("checkup.why", same=f"{SAME:g}"), formula=FORMULA)
        return
    live = (
        rf"t^{{*}}={found.value:.2f}\;[{found.low:.2f},\,{found.high:.2f}],\qquad"
        rf"\text{{{t('checkup.right_share')}}}\ {100 * found.accuracy:.0f}\,\%"
    )
    page.why(t("checkup.why", same=f"{SAME:g}"), formula=FORMULA, live=live)


def _guess() -> None:
    """In which checkpoint the asked cosine is the rarer one."""
    names = opening()
    told = [recorded()["checkups"][name].calibration for name in names]
    if any(one is None for one in told):
        return
    after, before = (one.place(ASKED)["random"] for one in told)
    rarer = names[0] if after > before else names[1]
    guess(
        "checkpoints.rarer",
        t("checkup.guess", cosine=ASKED),
        names,
        is_right=lambda answer: answer == rarer,
        reveal=t(
            "checkup.guess_reveal",
            cosine=ASKED,
            first=names[0],
            second=names[1],
            after=f"{100 * after:.1f}",
            before=f"{100 * before:.1f}",
        ),
    )


def _goal(fault: str | None) -> None:
    """Find a fault that no score on scored pairs shows."""
    content = recorded()
    sound: Checkup = content["checkups"][content["sound"]]
    broken: Checkup | None = content["broken"][fault] if fault else None
    before, after = (None if one is None or one.spearman is None else one.spearman for one in (sound, broken))
    if before is None:
        return
    harmless = after is not None and abs(after["value"] - before["value"]) < HARMLESS
    reached = broken is not None and broken.verdict == FAULT and harmless
    status = (
        t("checkup.goal_none")
        if broken is None
        else t(
            "checkup.goal_status",
            verdict=t(f"checkup.verdict.{broken.verdict}"),
            before=f"{before['value']:.1f}",
            after="–" if after is None else f"{after['value']:.1f}",
        )
    )
    goal(
        "checkpoints.hidden",
        t("checkup.goal", name=content["sound"]),
        reached=reached,
        status=status,
        praise=t("checkup.goal_praise"),
    )
