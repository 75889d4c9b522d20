"""The trap of the batch size: is a longer batch a better batch?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import streamlit as st

from pages.traps import batch_published, batch_tries
from pages.traps.batch_standing import EQUALS, OBJECTIVES, by_size, sizes_of, stop_of
from pages.traps.provenance import how, set_title, signed
from pages.traps.recorded import Floats, recorded, runs, sets, sizes
from pages.traps.standing import half
from pages.ui import messages
from pages.ui.exports import code_panel, plotly, show_data
from pages.ui.frame import Frame
from pages.ui.state import choice
from pages.ui.text import prose, t
from pages.ui.theme import current_theme
from simcse_core.figures import traps as figures

DIMENSION = 384  # of MiniLM's sentence vectors
FORMULA = r"\ell_i=-\log\frac{e^{s_{ii}/\tau}}{\sum_j e^{s_{ij}/\tau}+\sum_{k=1}^{M}e^{\cos(h_i,g_k)/\tau}}"
CODE = """from simcse_core.data.datasets import load_dataset_records
from simcse_core.recording.traps import config
from simcse_core.runs.execute import encoder_to_train
from simcse_core.training.evaluation import Evaluator, scored_sets
from simcse_core.training.trainer import Trainer

run = config().with_settings({settings}).check()
encoder = encoder_to_train(run)
trainer = Trainer(run, encoder, load_dataset_records(run.data.train))
while trainer.step < {steps}:
    trainer.advance()
pairs = scored_sets("{name}")["{name}"]{stride}
print(Evaluator({{"{name}": pairs}})(encoder, trainer.step).spearman)"""


@dataclass(frozen=True)
class View:
    """What is shown: the set, what is held equal between sizes, and the chosen size."""

    name: str
    equal: str
    size: int

    def curve(self, objective: str) -> dict[int, Floats]:
        """Size → (seeds,) scores."""
        return by_size(objective, self.name, self.equal)


def draw(page: Frame) -> None:
    """Fill the frame of the page."""
    with page.controls, messages.boundary():
        st.markdown(t("traps.batch.look"))
        equal = choice(
            t("traps.batch.equal"), EQUALS, EQUALS[0], key="tr_equal",
            format_func=lambda e: t(f"traps.batch.equals.{e}"), help=t("traps.batch.equal_help"),
        )  # fmt: skip
        name = choice(t("traps.batch.measured"), sets(), sets()[0], key="tr_set", format_func=set_title)
        usual = recorded()["made"]["config"]["optim"]["batch_size"]
        size = choice(t("traps.batch.size"), sizes(), usual, key="tr_n", kind="ladder")
        view = View(name, equal, size)
        _beside(view)
        _why(page, view)
        with page.challenge():
            batch_tries.draw(name, equal, size)
        with page.details():
            st.markdown(prose("traps", "batch"))
        with page.figure, messages.boundary():
            _figure(view)
        with page.figure, messages.boundary():
            _table(view)
        with page.below, messages.boundary():
            batch_published.tables()


def _beside(view: View) -> None:
    """The scores at the chosen size."""
    for column, objective in zip(st.columns(2), OBJECTIVES, strict=True):
        scores = view.curve(objective).get(view.size)
        title = t(f"traps.batch.objective.{objective}")
        if scores is None:
            column.metric(title, "–", border=True)
            column.caption(t("traps.batch.absent", size=view.size))
            continue
        column.metric(title, signed(float(scores.mean()), 1), border=True)
        column.caption(t("traps.batch.seeds", low=signed(scores.min(), 1), high=signed(scores.max(), 1)))


def _why(page: Frame, view: View) -> None:
    made = recorded()["made"]
    tau = made["config"]["loss"]["temperature"]
    noise = made["noise"] * view.size
    factor = math.exp(1 / (2 * DIMENSION * tau**2))
    page.why(
        t("traps.batch.why", factor=made["noise"]),
        formula=FORMULA,
        live=rf"\begin{{aligned}}M&={made['noise']}\cdot {view.size}={noise}\\"
        rf"\textstyle\sum_k&\approx M\,e^{{1/(2d\tau^2)}}\\"
        rf"&={noise}\,e^{{1/(2\cdot {DIMENSION}\cdot {tau:g}^2)}}"
        rf"\\&={noise}\cdot {factor:.3f}={noise * factor:.0f}\end{{aligned}}",
    )


def _limits(name: str) -> tuple[float, float]:
    """Ends of the axis that hold both views of a set, so that they stay put while a learner compares."""
    every = [by_size(one, name, equal) for one in OBJECTIVES for equal in EQUALS]
    values = np.concatenate([scores for curve in every for scores in curve.values()])
    start = recorded()["before"]["sets"][name]["spearman"]
    return math.floor(min(values.min(), start) - 0.5), math.ceil(values.max() + 0.5)


def _figure(view: View) -> None:
    looks = (figures.PLAIN, figures.OTHER)
    curves = []
    for objective, look in zip(OBJECTIVES, looks, strict=True):
        found = view.curve(objective)
        rows = np.stack([found[size] for size in sorted(found)], axis=1)
        curves.append(figures.Sized(t(f"traps.batch.objective.{objective}"), look, sorted(found), rows))
    words = {part: t(f"traps.batch.{part}") for part in ("x", "y", "before", "seed")}
    words["title"] = t(f"traps.batch.title.{view.equal}", name=set_title(view.name))
    start = recorded()["before"]["sets"][view.name]["spearman"]
    figure = figures.sizes(
        curves, start, current_theme(), words=words, limits=_limits(view.name), at=view.size
    )
    ends = "; ".join(
        f"{one.name}: " + ", ".join(f"N = {n} {signed(float(c), 1)}" for n, c in zip(
            one.sizes, one.scores.mean(axis=0), strict=True)) for one in curves
    )  # fmt: skip
    plotly(figure, key="tr_sizes", alt=t("traps.batch.alt", ends=ends))
    st.markdown(" ".join(_found(view, objective) for objective in OBJECTIVES))
    sample = recorded()["made"]["sample"][view.name]
    what = t(
        "traps.batch.what", pairs=f"{sample['pairs']:,}", name=set_title(view.name), stride=sample["stride"]
    )
    st.caption(f"{what} {t(f'traps.batch.held.{view.equal}')} {how()}")
    _data()
    code_panel(_code(view))


def _found(view: View, objective: str) -> str:
    """Which sizes the seeds can tell apart, in sentences that are computed."""
    curve = view.curve(objective)
    best, longest = max(curve, key=lambda n: curve[n].mean()), max(curve)
    spread = max(float(np.ptp(scores)) for scores in curve.values())
    near = [n for n in curve if n != best and curve[best].mean() - curve[n].mean() <= spread]
    kind = "every" if len(near) == len(curve) - 1 else "near" if near else "clear"
    said = t(
        f"traps.batch.found.{kind}", objective=t(f"traps.batch.objective.{objective}"), best=best,
        score=signed(float(curve[best].mean()), 1), spread=signed(spread, 1), near=", ".join(map(str, near)),
        times=longest // min(curve),
    )  # fmt: skip
    if longest == best or longest in near:
        return said
    return f"{said} {t('traps.batch.found.shorter', longest=longest)}"


def _table(view: View) -> None:
    st.subheader(t("traps.batch.table"), anchor=False)
    heads = [t("traps.batch.column.size")]
    heads += [
        f"{t(f'traps.batch.objective.{one}')}, {t(f'traps.batch.equals.{equal}').lower()}"
        for equal in EQUALS for one in OBJECTIVES
    ]  # fmt: skip
    lines = ["| " + " | ".join(heads) + " |", "|--:" * len(heads) + "|"]
    for size in sizes():
        cells = [str(size)]
        for equal in EQUALS:
            for objective in OBJECTIVES:
                scores = by_size(objective, view.name, equal).get(size)
                cells.append("–" if scores is None else f"{scores.mean():.1f}\u00a0±\u00a0{half(scores):.1f}")
        lines.append("| " + " | ".join(cells) + " |")
    st.markdown("\n".join(lines))
    st.caption(t("traps.batch.table_caption", name=set_title(view.name)))


def _data() -> None:
    """Scores of every run at every stop."""
    names = ("objective", "size", "seed", "step", "sentences")
    columns: dict[str, list[object]] = {t(f"traps.batch.column.{name}"): [] for name in names}
    columns |= {set_title(name): [] for name in sets()}
    for run in sorted(runs("batch"), key=lambda r: (r["objective"], r["size"], r["seed"])):
        for step, told in zip(run["stops"], run["sets"], strict=True):
            cells = [run["objective"], run["size"], run["seed"], step, step * run["size"]]
            cells += [round(told[name]["spearman"], 3) for name in sets()]
            for column, cell in zip(columns.values(), cells, strict=True):
                column.append(cell)
    show_data(columns, "traps-batch", key="tr_batch_data", alt=t("traps.batch.data_alt"))


def _code(view: View) -> str:
    size = view.size if view.size in sizes_of(view.equal) else sizes_of(view.equal)[0]
    run = runs("batch", size=size, objective=OBJECTIVES[0])[0]
    stride = recorded()["made"]["sample"][view.name]["stride"]
    return CODE.format(
        settings={"optim.batch_size": size, "seed": run["seed"]}, steps=stop_of(size, view.equal),
        name=view.name,
        stride="" if stride == 1 else f"[::{stride}]",
    )  # fmt: skip
