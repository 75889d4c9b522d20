"""The trap of length: does the encoder take a difference in length for one in meaning?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from pages.traps import length_tries
from pages.traps.provenance import how, set_title, signed
from pages.traps.recorded import rates, recorded, runs, seeds, sets
from pages.traps.standing import State, before, flatter, half, trained
from pages.ui import messages
from pages.ui.exports import code_panel, plotly, show_data
from pages.ui.frame import Frame
from pages.ui.state import choice
from pages.ui.text import prose, t
from pages.ui.theme import current_theme
from simcse_core.figures import traps as figures

RANDOM, OPENING = "random", 0.32
LIMITS = {True: (-60.0, 60.0), False: (20.0, 80.0)}
"""Ends of the vertical axis by whether the pairs are scored; single pairs may lie outside."""
FORMULA = r"\text{place}\approx a+b\,\big|\,|x|-|y|\,\big|"
CODE = """from simcse_core.data.datasets import load_dataset_records
from simcse_core.evaluation.length_probe import probes_of
from simcse_core.recording.traps import config
from simcse_core.runs.execute import encoder_to_train
from simcse_core.search.background import background_sentences
from simcse_core.training.evaluation import scored_sets
from simcse_core.training.trainer import Trainer

run = config().with_settings({settings}).check()
encoder = encoder_to_train(run)
probe = probes_of(encoder, background_sentences(), {sets})["{probe}"]
print(probe.measured(encoder)["slope"])  # before training
trainer = Trainer(run, encoder, load_dataset_records(run.data.train))
while trainer.step < run.optim.steps:
    trainer.advance()
print(probe.measured(encoder)["slope"])  # after it"""


@dataclass(frozen=True)
class View:
    """What is shown.

    Attributes:
        probe: Name of the pairs.
        rate: Of word repetition.
        before: The encoder before training.
        plain: After training with dropout alone.
        other: After training with repetition too.
    """

    probe: str
    rate: float
    before: State
    plain: State
    other: State

    def named(self) -> list[tuple[str, State, figures.Look]]:
        """Legend name, state and look of each: three, or two where the rate is 0."""
        looks = (figures.BEFORE, figures.PLAIN, figures.OTHER)
        names = (t("traps.length.before"), t("traps.length.plain"), rate_title(self.rate))
        every = list(zip(names, (self.before, self.plain, self.other), looks, strict=True))
        return every if self.rate else every[:2]


def rate_title(rate: float) -> str:
    """What a run is called."""
    return t("traps.length.plain") if rate == 0 else t("traps.length.repeated", rate=f"{rate:g}")


def draw(page: Frame) -> None:
    """Fill the frame of the page."""
    with page.controls, messages.boundary():
        st.markdown(t("traps.length.look"))
        probes = list(recorded()["probes"])
        probe = choice(t("traps.length.probe"), probes, RANDOM, key="tr_pairs", format_func=_probe_title,
                       help=t("traps.length.probe_help"))  # fmt: skip
        rate = choice(t("traps.length.rate"), rates(), OPENING, key="tr_dup", kind="ladder",
                      format_func=lambda r: f"{r:g}", help=t("traps.length.rate_help"))  # fmt: skip
        view = View(probe, rate, before(probe), trained(0.0, probe), trained(rate, probe))
        _beside(view)
        _why(page, view)
        with page.challenge():
            length_tries.draw(probe, rate)
        with page.details():
            st.markdown(prose("traps", "length"))
        with page.figure, messages.boundary():
            _figure(view)
            _table(view)


def _probe_title(name: str) -> str:
    return t("traps.length.random") if name == RANDOM else set_title(name)


def _beside(view: View) -> None:
    """The two numbers that belong together: slope and score, each against dropout alone."""
    left, right = st.columns(2)
    name = sets()[0]
    score, plain = (float(state.scores[name].mean()) for state in (view.other, view.plain))
    left.metric(t("traps.length.slope_short"), signed(view.other.slope, 2), border=True,
                help=t("traps.length.slope_help"))  # fmt: skip
    left.caption(t("traps.length.against", value=signed(view.plain.slope, 2)))
    right.metric(t("traps.length.score", name=set_title(name)), signed(score, 1), border=True)
    right.caption(t("traps.length.against", value=signed(plain, 1)))


def _why(page: Frame, view: View) -> None:
    lines = [
        rf"\text{{{name}}}&:\;{signed(state.intercept, 1)}{state.slope:+.2f}\,\Delta"
        for name, state, _ in view.named()
    ]
    rows = r"\\".join(lines)
    page.why(t("traps.length.why"), formula=FORMULA, live=rf"\begin{{aligned}}{rows}\end{{aligned}}")


def _figure(view: View) -> None:
    told = recorded()["probes"][view.probe]
    counts = np.array(told["counts"], dtype=np.float64)
    centres = np.array([0.0 if c is None else c for c in told["centres"]])
    middle = float(counts @ centres / counts.sum())
    slopes = [
        figures.Slope(name, look, state.means, (middle, state.intercept + state.slope * middle), state.slope,
                      state.low, state.high)
        for name, state, look in view.named()
    ]  # fmt: skip
    kind = "scored" if told["scored"] else "random"
    words = {
        "title": t(f"traps.length.title.{kind}", name=_probe_title(view.probe)),
        "x": t("traps.length.x"), "y": t(f"traps.length.y.{kind}"), "mean": t("traps.length.mean"),
        "points": t("traps.length.points", name=rate_title(view.rate)),
    }  # fmt: skip
    figure = figures.lengths(
        slopes, told["centres"], (told["difference"], view.other.points), current_theme(), words=words,
        limits=LIMITS[told["scored"]],
    )  # fmt: skip
    ends = "; ".join(f"{name} {signed(state.slope, 2)}" for name, state, _ in view.named())
    plotly(figure, key="tr_lengths", alt=t("traps.length.alt", slopes=ends))
    st.markdown(found(view))
    st.caption(_provenance(view))
    _data()
    code_panel(_code(view))


def found(view: View) -> str:
    """What the recorded numbers say, in sentences that are computed."""
    said = [
        t("traps.length.found.before", slope=signed(view.before.slope, 2), low=signed(view.before.low, 2),
          high=signed(view.before.high, 2)),
        t("traps.length.found.plain", slope=signed(view.plain.slope, 2),
          spread=signed(half(view.plain.slopes), 2)),
    ]  # fmt: skip
    if view.rate == 0:
        return " ".join(said)
    verdict = "flatter" if flatter(view.rate, view.probe) else "not_flatter"
    if view.plain.low <= 0 <= view.plain.high:
        verdict = "nothing"
    said.append(
        t(f"traps.length.found.{verdict}", name=rate_title(view.rate), slope=signed(view.other.slope, 2),
          spread=signed(half(view.other.slopes), 2))
    )  # fmt: skip
    return " ".join([*said, _score_words(view)])


def _score_words(view: View) -> str:
    """Whether repetition scores higher than dropout alone, by all seeds."""
    name = sets()[0]
    score, plain = view.other.scores[name], view.plain.scores[name]
    verdict = "higher" if score.min() > plain.max() else "lower" if score.max() < plain.min() else "mixed"
    return t(
        "traps.length.found.score", name=set_title(name), score=signed(float(score.mean()), 1),
        plain=signed(float(plain.mean()), 1), verdict=t(f"traps.length.verdict.{verdict}"),
    )  # fmt: skip


def _provenance(view: View) -> str:
    told, made = recorded()["probes"][view.probe], recorded()["made"]
    kind = "scored" if told["scored"] else "random"
    what = t(
        f"traps.length.what.{kind}", pairs=f"{told['pairs']:,}", sentences=f"{told['sentences']:,}",
        resamples=made["random"]["resamples"], shown=len(told["difference"]),
    )  # fmt: skip
    return f"{what} {how()}"


def _data() -> None:
    """Slopes and scores of every recorded run."""
    first, probes = sets()[0], list(recorded()["probes"])
    columns: dict[str, list[object]] = {t("traps.length.column.rate"): [], t("traps.length.column.seed"): []}
    rows = [run for rate in rates() for run in runs("length", rate=rate)]
    columns[t("traps.length.column.rate")] = [run["rate"] for run in rows]
    columns[t("traps.length.column.seed")] = [run["seed"] for run in rows]
    for probe in probes:
        for part in ("slope", "low", "high", "correlation"):
            name = f"{t(f'traps.length.column.{part}')}, {_probe_title(probe)}"
            columns[name] = [round(run["length"][probe][part], 4) for run in rows]
    columns[t("traps.length.score", name=set_title(first))] = [
        round(run["sets"][-1][first]["spearman"], 3) for run in rows
    ]
    show_data(columns, "traps-length", key="tr_length_data", alt=t("traps.length.data_alt"))


def _table(view: View) -> None:
    """Every rate: slope and scores, mean over the seeds and half their range."""
    st.subheader(t("traps.length.table"), anchor=False)
    heads = [t("traps.length.run"), t("traps.length.slope"), t("traps.length.column.correlation")]
    heads += [t("traps.length.score", name=set_title(name)) for name in sets()]
    lines = ["| " + " | ".join(heads) + " |", "|:--" + "|--:" * (len(heads) - 1) + "|"]
    states = [(t("traps.length.before"), view.before)]
    states += [(rate_title(rate), trained(rate, view.probe)) for rate in rates()]
    for name, state in states:
        cells = [name, _cell(state.slopes, 2), _cell(state.correlations, 3)]
        cells += [_cell(state.scores[one], 1) for one in sets()]
        lines.append("| " + " | ".join(cells) + " |")
    st.markdown("\n".join(lines))
    st.caption(t("traps.length.table_caption", count=len(seeds()), name=_probe_title(view.probe)))


def _cell(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]], digits: int) -> str:
    mean = signed(float(values.mean()), digits)
    return mean if len(values) == 1 else f"{mean}\u00a0±\u00a0{half(values):.{digits}f}"


def _code(view: View) -> str:
    settings = {"view.name": "repetition", "view.rate": view.rate, "seed": seeds()[0]}
    known = "{}"
    if view.probe != RANDOM:
        stride = recorded()["made"]["sample"][view.probe]["stride"]
        known = f'{{"{view.probe}": scored_sets("{view.probe}")["{view.probe}"][::{stride}]}}'
    return CODE.format(settings=settings, sets=known, probe=view.probe)
