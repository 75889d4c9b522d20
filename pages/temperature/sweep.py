"""The temperature in training: recorded runs at many τ with three seeds, the visitor's own beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st

from pages.temperature import sweep_runs
from pages.temperature.recorded import recorded
from pages.ui import messages, shell
from pages.ui.challenge import guess
from pages.ui.exports import code_panel, plotly, show_data
from pages.ui.frame import Frame
from pages.ui.state import choice
from pages.ui.text import plain, prose, t
from pages.ui.theme import current_theme
from simcse_core.data.published import published
from simcse_core.figures.sweep import Panel, sweep_figure

MEASURES = ("spearman", "alignment", "uniformity")
DIGITS = {"spearman": 1, "alignment": 3, "uniformity": 2}
PAPER = 0.05
FORMULA = r"\frac{\partial L}{\partial s_{ij}}=\frac{p_{ij}-[i=j]}{N\,\tau}"
CODE = """from simcse_core.data.datasets import load_dataset_records
from simcse_core.encoders import load_encoder
from simcse_core.presets import preset
from simcse_core.training.evaluation import Evaluator, scored_sets
from simcse_core.training.trainer import Trainer

run = preset("live").config.with_settings({{"loss.temperature": {tau:g}, "seed": {seed}}}).check()
encoder = load_encoder(run.encoder.name, dropout=run.encoder.dropout, max_length=run.encoder.max_length)
trainer = Trainer(run, encoder, load_dataset_records(run.data.train))
while trainer.step < run.optim.steps:
    trainer.advance()
print(Evaluator(scored_sets("{name}"))(encoder, trainer.step).spearman)"""


def draw(page: Frame) -> None:
    """Fill the frame of the page."""
    with page.controls, messages.boundary():
        runs = recorded()["runs"]
        names = sorted(runs[0]["after"]["sets"], reverse=True)  # STS-B before the shipped pairs
        name = choice(
            t("temperature.sweep.measured"),
            names,
            names[0],
            key="tp_w_set",
            format_func=_title,
        )
        _add_a_run()
        with page.figure:
            _figure(runs, name)
        _why(page, runs)
        with page.challenge():
            _guess(runs, names[-1])  # of the set that the figure does not open on
        with page.details():
            st.markdown(prose("temperature", "sweep"))
        with page.below:
            ours, theirs = st.columns((0.62, 0.38), gap="large")
            with ours, messages.boundary():
                _our_table(runs, name)
            with theirs, messages.boundary():
                _their_table()


def _title(name: str) -> str:
    """What a set of scored pairs is called."""
    return t(f"temperature.sweep.set.{name.replace('-', '_')}")


def _figure(runs: Sequence[Mapping[str, Any]], name: str) -> None:
    own = sweep_runs.own(recorded()["made"]["config"], name)
    seeds = sweep_runs.seeds(runs)
    panels = [
        Panel(
            t(f"temperature.sweep.measure.{measure}", name=_title(name)),
            sweep_runs.by_temperature(runs, name, measure),
            before=runs[0]["before"]["sets"][name][measure],
            own=own[measure],
        )
        for measure in MEASURES
    ]
    legend = {
        part: t(f"temperature.sweep.legend.{part}") for part in ("mean", "band", "seed", "before", "own")
    }
    config = recorded()["made"]["config"]
    title = t("temperature.sweep.title", encoder=config["encoder"]["name"], steps=config["optim"]["steps"])
    figure = sweep_figure(panels, current_theme(), title=title, names=legend, marked=PAPER)
    best, mean, _ = sweep_runs.best(runs, name)
    plotly(figure, key="tp_w_figure", alt=t("temperature.sweep.alt", tau=f"{best:g}", score=f"{mean:.1f}"))
    made = recorded()["made"]
    st.caption(
        t(
            "temperature.sweep.caption",
            count=len(runs),
            seeds=", ".join(str(seed) for seed in seeds),
            precision=runs[0]["precision"],
            device=made["device"],
            date=made["date"],
            torch=made["versions"]["torch"],
        )
    )
    _data(runs)
    code_panel(CODE.format(tau=best, seed=seeds[0], name=name))


def _data(runs: Sequence[Mapping[str, Any]]) -> None:
    """Every run with everything that was measured, to take away."""
    rows = sorted(runs, key=lambda run: (run["temperature"], run["seed"]))
    columns: dict[str, list[Any]] = {"τ": [r["temperature"] for r in rows], "seed": [r["seed"] for r in rows]}
    for when in ("before", "after"):
        for name, measures in rows[0][when]["sets"].items():
            for measure in measures:
                values = [r[when]["sets"][name][measure] for r in rows]
                columns[f"{when} {name} {measure}"] = [None if v is None else round(v, 5) for v in values]
        for measure in rows[0][when]["batch"]:
            columns[f"{when} batch {measure}"] = [round(r[when]["batch"][measure], 5) for r in rows]
    show_data(columns, "temperature-sweep", key="tp_w_data", alt=t("temperature.sweep.data_alt"))


def _our_table(runs: Sequence[Mapping[str, Any]], name: str) -> None:
    """Mean over seeds with their lowest and highest, and how the push was shared before and after."""
    st.subheader(t("temperature.sweep.ours"), anchor=False)
    heads = [t(f"temperature.sweep.column.{c}") for c in ("tau", *MEASURES, "top", "effective")]
    lines = ["| " + " | ".join(heads) + " |", "|--:" * len(heads) + "|"]
    best, _, _ = sweep_runs.best(runs, name)
    for tau in sweep_runs.temperatures(runs):
        cells = [f"**{tau:g}**" if tau == best else f"{tau:g}"]
        for measure in MEASURES:
            cells.append(
                _spread([*sweep_runs.by_temperature(runs, name, measure)[tau].values()], DIGITS[measure])
            )
        cells += [_change(runs, tau, "top_share", 100, " %", 0), _change(runs, tau, "effective", 1, "", 1)]
        lines.append("| " + " | ".join(cells) + " |")
    st.markdown("\n".join(lines))
    observed = recorded()["made"]["observed"]
    st.caption(t("temperature.sweep.ours_caption", count=observed))


def _spread(values: Sequence[float], digits: int) -> str:
    half = (max(values) - min(values)) / 2
    return f"{np.mean(values):.{digits}f} ± {half:.{digits}f}".replace("-", "−").replace(" ", "\u00a0")


def _change(
    runs: Sequence[Mapping[str, Any]], tau: float, measure: str, factor: float, unit: str, digits: int
) -> str:
    means = [
        factor * np.mean([run[when]["batch"][measure] for run in runs if run["temperature"] == tau])
        for when in ("before", "after")
    ]
    return " → ".join(f"{mean:.{digits}f}{unit}" for mean in means).replace(" %", "\u00a0%")


def _their_table() -> None:
    """The published table, apart from ours: another model, other data, another protocol."""
    table = published("temperature")
    st.subheader(t("temperature.sweep.theirs"), anchor=False)
    lines = [
        f"| {t('temperature.sweep.column.tau')} | {t('temperature.sweep.column.published')} |",
        "|--:|--:|",
    ]
    top = max(row["score"] for row in table["rows"])
    for row in table["rows"]:
        score = f"**{row['score']:.1f}**" if row["score"] == top else f"{row['score']:.1f}"
        lines.append(f"| {plain(row['temperature'])} | {score} |")
    st.markdown("\n".join(lines))
    quoted = {key: plain(table[key]) for key in ("source", "table", "model", "measure")}
    st.caption(t("temperature.sweep.theirs_caption", **quoted))


def _why(page: Frame, runs: Sequence[Mapping[str, Any]]) -> None:
    taus = sweep_runs.temperatures(runs)
    counts = [
        np.mean([r["before"]["batch"]["effective"] for r in runs if r["temperature"] == tau]) for tau in taus
    ]
    page.why(
        t("temperature.sweep.why"),
        formula=FORMULA,
        live=r",\quad ".join(
            rf"\tau={taus[k]:g}:\;N_\text{{eff}}={counts[k]:.1f}"
            for k in sorted({0, len(taus) // 2, len(taus) - 1})
        ),
    )


def _guess(runs: Sequence[Mapping[str, Any]], name: str) -> None:
    best, mean, spread = sweep_runs.best(runs, name)
    scores = sweep_runs.mean_scores(runs, name)
    every = sweep_runs.by_temperature(runs, name, "spearman")
    low = min(every[best].values())
    near = [tau for tau in scores if tau != best and max(every[tau].values()) >= low]
    reveal = t(
        "temperature.sweep.reveal",
        tau=f"{best:g}",
        score=f"{mean:.1f}",
        low=f"{min(scores.values()):.1f}",
        before=f"{runs[0]['before']['sets'][name]['spearman']:.1f}",
        spread=f"{spread:.1f}",
    )
    if near:
        reveal += " " + t("temperature.sweep.near", taus=", ".join(f"{tau:g}" for tau in sorted(near)))
    guess(
        "temperature.best",
        t("temperature.sweep.guess"),
        [f"{tau:g}" for tau in scores if tau in sweep_runs.GUESSED],
        is_right=lambda answer: float(answer) == best or float(answer) in near,
        reveal=reveal,
    )


def _add_a_run() -> None:
    """To the training lab, set to the recorded run at another temperature and with a seed of its own."""
    taus = sorted({*sweep_runs.temperatures(recorded()["runs"]), *sweep_runs.BETWEEN})
    tau = choice(
        t("temperature.sweep.add"),
        taus,
        sweep_runs.BETWEEN[1],
        key="tp_w_tau",
        kind="ladder",
        format_func=lambda v: f"{v:g}",
        help=t("temperature.sweep.add_help"),
    )
    lab = next((page for entry, page in shell.listed_pages().items() if entry.name == "lab"), None)
    if lab is not None:
        asked = {"lb_info_nce_temperature": f"{tau:g}", "lb_seed": str(sweep_runs.NEW_SEED)}
        st.page_link(lab, label=t("temperature.sweep.go", tau=f"{tau:g}"), icon=":material/add_chart:",
                     query_params=asked)  # fmt: skip
