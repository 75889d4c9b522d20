"""What the check-up tab shows: verdict, cosines by human score, findings, facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from pages.checkpoints.checkup_data import recorded
from pages.ui.exports import json_button, plotly, show_data
from pages.ui.text import catalogue, plain, t
from pages.ui.theme import current_theme
from simcse_core.evaluation.calibration import QUANTILES
from simcse_core.evaluation.checkup import Checkup
from simcse_core.evaluation.patient import FAULT, FINE, WARNING, Finding
from simcse_core.figures.calibration import Shown, boxes, cosine_by_score

SIGNS = {FAULT: "✕", WARNING: "△", FINE: "✓"}
SPACE_DIGITS = {
    "mean_cosine": 3,
    "uniformity": 2,
    "partition": 3,
    "isoscore": 3,
    "effective_rank": 0,
    "top_1": 3,
    "hubness": 2,
}
BYTES = 4  # of a number in float32


@dataclass(frozen=True, eq=False)
class Patients:
    """The examined checkpoint, what stands beside it, and the cosine that was asked about."""

    name: str
    checkup: Checkup
    beside: tuple[str, Checkup] | None
    cosine: float

    def named(self) -> list[tuple[str, Checkup]]:
        """All of them with their names; one name once."""
        second = [] if self.beside is None or self.beside[0] == self.name else [self.beside]
        return [(self.name, self.checkup), *second]


def draw_verdict(patients: Patients) -> None:
    """One line: how many checks speak, and what the asked cosine means."""
    found = patients.checkup.findings
    counts = {state: sum(one.state == state for one in found) for state in SIGNS}
    verdict = patients.checkup.verdict
    line = t(
        "checkup.line_fine" if verdict == FINE else "checkup.line",
        sign=SIGNS[verdict],
        name=plain(patients.name),
        verdict=t(f"checkup.verdict.{verdict}"),
        faults=counts[FAULT],
        warnings=counts[WARNING],
        checks=len(found),
    )
    st.markdown(line)
    for name, checkup in patients.named():
        if checkup.calibration is not None:
            st.markdown(f"**{plain(name)}.** {plain(checkup.calibration.sentence(patients.cosine))}")


def draw_figure(patients: Patients) -> None:
    """Boxes of cosines by score, and their table."""
    roles = ("after", "before")
    shown = [
        Shown(name, one.calibration, role)
        for (name, one), role in zip(patients.named(), roles, strict=False)
        if one.calibration is not None
    ]
    if patients.checkup.calibration is None:
        st.warning(t("checkup.no_cosines"))
        return
    words = {key: t(f"checkup.figure.{key}") for key in ("title", "cosine", "score", "random", "threshold")}
    words["asked"] = f"{patients.cosine:.2f}"
    figure = cosine_by_score(shown, current_theme(), cosine=patients.cosine, words=words)
    random = patients.checkup.calibration.to_dict()["random"]
    threshold = patients.checkup.calibration.threshold
    plotly(
        figure,
        key="cp_c_figure",
        alt=t(
            "checkup.figure.alt",
            name=patients.name,
            random=f"{random['mean']:.2f}",
            value="–" if threshold is None else f"{threshold.value:.2f}",
        ),
    )
    st.caption(_provenance(patients))
    _table(shown, words["random"])


def _provenance(patients: Patients) -> str:
    facts, agreement = patients.checkup.facts, patients.checkup.spearman or {}
    made = recorded()["made"]
    every = [one for part in ("checkups", "broken") for one in recorded()[part].values()]
    where = (
        t("checkup.recorded", date=made["date"], torch=made["versions"]["torch"])
        if any(one is patients.checkup for one in every)
        else t("checkup.computed", precision=facts["precision"], device=facts["device"])
    )
    said = t(
        "checkup.what",
        pairs=agreement.get("pairs", "–"),
        pooling=plain(facts["pooling"]),
        sentences=patients.checkup.space["rows"],
    )
    return f"{said} {where}"


def _table(shown: Sequence[Shown], random: str) -> None:
    columns: dict[str, list[Any]] = {t("checkup.column.checkpoint"): [], t("checkup.column.score"): []}
    columns |= {t("checkup.column.quantile", share=f"{100 * q:g}"): [] for q in QUANTILES}
    for one in shown:
        for score, values in boxes(one.calibration, random).items():
            row = (one.name, score, *(round(v, 4) for v in values))
            for column, value in zip(columns.values(), row, strict=True):
                column.append(value)
    show_data(columns, "cosines-by-score", key="cp_c_data", alt=t("checkup.figure.table"))


def draw_findings(patients: Patients) -> None:
    """Every check: sign and word, what was measured, the fix."""
    st.subheader(t("checkup.findings"), anchor=False)
    spoken = [one for one in patients.checkup.findings if one.state != FINE]
    silent = [one for one in patients.checkup.findings if one.state == FINE]
    for one in spoken:
        with st.container(border=True, gap="xsmall"):
            st.markdown(_told(one))
            st.markdown(t("checkup.fix", fix=plain(one.fix)))
    with st.expander(t("checkup.silent", count=len(silent)), icon=":material/check:", expanded=not spoken):
        st.markdown("\n\n".join(_told(one) for one in silent))


def _told(one: Finding) -> str:
    known = f"checkup.check.{one.check}" in catalogue()
    title = t(f"checkup.check.{one.check}") if known else plain(one.check)
    return f"**{SIGNS[one.state]} {t(f'checkup.state.{one.state}')} · {title}.** {plain(one.told)}"


def draw_facts(patients: Patients) -> None:
    """What the checkpoints are, in one table, and everything as JSON."""
    st.subheader(t("checkup.facts"), anchor=False)
    named = patients.named()
    rows = [(t(f"checkup.fact.{key}"), *(make(one) for _, one in named)) for key, make in FACTS.items()]
    rows += [
        (t(f"checkup.space.{key}"), *(_space(one, key, digits) for _, one in named))
        for key, digits in SPACE_DIGITS.items()
    ]
    head = [t("checkup.fact.name"), *(name for name, _ in named)]
    lines = ["| " + " | ".join(plain(cell) for cell in head) + " |", "|:--" + "|--:" * len(named) + "|"]
    lines += ["| " + " | ".join(plain(cell) for cell in row) + " |" for row in rows]
    st.markdown("\n".join(lines))
    st.caption(t("checkup.facts_caption"))
    told = {name: one.to_dict() for name, one in named}
    json_button(told, "check-up", key="cp_c_json")


def _space(one: Checkup, key: str, digits: int) -> str:
    value, even = one.space[key], one.space["isotropic"][key]
    return f"{_number(value, digits)} ({_number(even, digits)})"


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def _spearman(one: Checkup) -> str:
    told = one.spearman
    return "–" if told is None else f"{told['value']:.1f} ({told['low']:.1f} to {told['high']:.1f})"


def _threshold(one: Checkup) -> str:
    found = None if one.calibration is None else one.calibration.threshold
    return "–" if found is None else f"{found.value:.2f} ({found.low:.2f} to {found.high:.2f})"


def _speed(one: Checkup) -> str:
    speed: Mapping[str, Any] = one.speed
    return t(
        "checkup.speed", count=f"{speed['per_second']:,.0f}", device=speed["device"], threads=speed["threads"]
    )


def _size(one: Checkup) -> str:
    count = one.facts["parameters"]
    return t("checkup.size", count=f"{count / 1e6:.1f}", megabytes=f"{BYTES * count / 1e6:.0f}")


FACTS = {
    "spearman": _spearman,
    "threshold": _threshold,
    "pooling": lambda one: str(one.facts["pooling"]),
    "layers": lambda one: str(one.facts["layers"]),
    "dimension": lambda one: str(one.facts["dimension"]),
    "max_length": lambda one: str(one.facts["max_length"]),
    "repairs": lambda one: ", ".join(r["name"] for r in one.facts["repairs"]) or "–",
    "size": _size,
    "speed": _speed,
}
