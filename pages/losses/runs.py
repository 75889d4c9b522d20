"""Objectives trained on the same data, with the same seed, in the same order, for the same steps."""

from __future__ import annotations

import streamlit as st

from pages.losses import controls, group, live, panels, recorded, tries
from pages.losses.controls import Settings
from pages.ui import messages
from pages.ui.exports import code_panel
from pages.ui.frame import Frame, open_body
from pages.ui.text import plain, prose, t
from simcse_core.figures.losses import Trained

FORMULA = r"\text{AUC}=\frac{1}{|P|\,|N|}\sum_{p\in P}\sum_{n\in N}[\cos_p>\cos_n]"
CODE = """from simcse_core.data.datasets import load_dataset_records
from simcse_core.encoders import load_encoder
from simcse_core.evaluation.compare import auc, negatives, positives
from simcse_core.metrics.sts import cosines, spearman
from simcse_core.presets import preset
from simcse_core.training.trainer import Trainer

run = preset("live").config.with_settings({settings}).check()
encoder = load_encoder(run.encoder.name, dropout=run.encoder.dropout, max_length=run.encoder.max_length)
trainer = Trainer(run, encoder, load_dataset_records(run.data.train))
while trainer.step < {step}:
    trainer.advance()
pairs = load_dataset_records("{pairs}")
told = cosines(encoder.encode(pairs.first), encoder.encode(pairs.second))
print(auc(told[positives(pairs.score)], told[negatives(pairs.score)]), spearman(told, pairs.score))"""


def render() -> None:
    """Draw the tab under the page's header."""
    page = open_body("losses", "ls")
    with page.presets, messages.boundary():
        source = controls.source()
        chosen = _chosen(source)
        with page.figure, messages.boundary():
            if source == "here":
                live.follow()
        _fill(page, chosen, source)


def _chosen(source: str) -> list[str]:
    if source == "here":
        return live.settings()
    return controls.pick(recorded.names(), recorded.title, key="ls_set")


def _fill(page: Frame, chosen: list[str], source: str) -> None:
    ended = _own() if source == "here" else []
    with page.controls, messages.boundary():
        settings = _settings(chosen, ended)
    with page.figure, messages.boundary():
        if source == "here" and not ended:
            st.caption(t("losses.live.until"))
        _notes(chosen if not ended else [])
        if not settings.objectives:
            st.info(t("losses.none"), icon=":material/balance:")
        else:
            panels.main_figure(settings)
            st.caption(_made(settings))
            panels.data(settings)
            if not settings.live:
                code_panel(_code(settings))
    with page.challenge(), messages.boundary():
        tries.draw(settings.pair)
    with page.details():
        st.markdown(prose("losses", "details"))
    if settings.objectives:
        _why(page, settings)
        with page.below:
            _below(settings)


def _own() -> list[tuple[str, Trained]]:
    """Runs of the group that have ended with something to show."""
    ended = [one for one in group.members() if not one.open]
    found = [(one.config.loss.name, group.trained(one, place)) for place, one in enumerate(ended)]
    return [(name, one) for name, one in found if one is not None]


def _settings(chosen: list[str], ended: list[tuple[str, Trained]]) -> Settings:
    measured_on = recorded.PAIRS if ended else controls.measured_on()
    if ended:
        drawn = ended
    else:
        known = [name for name in chosen if name in recorded.names()]
        made = [(name, recorded.trained(name, measured_on, place)) for place, name in enumerate(known)]
        drawn = [(name, one) for name, one in made if one is not None]
    steps = sorted({step for _, one in drawn for step in one.steps}) or recorded.steps()
    step = controls.step(steps)
    return Settings(
        [name for name, _ in drawn],
        [one for _, one in drawn],
        measured_on,
        step,
        controls.pair(),
        bool(ended),
    )


def _notes(chosen: list[str]) -> None:
    """What of the chosen is not drawn, or not with every seed, and why."""
    broken = recorded.failures()
    for name in chosen:
        if name in broken:
            st.warning(
                t("losses.failed", name=plain(recorded.title(name)), why=plain("; ".join(broken[name])))
            )
    missing = [name for name in chosen if name not in recorded.names()]
    if missing:
        st.caption(t("losses.unrecorded", names=", ".join(plain(group.title(name)) for name in missing)))


def _made(settings: Settings) -> str:
    """Model, data, steps, seeds, machine: in two lines."""
    made = recorded.recorded()["made"]
    if settings.live:
        return t("losses.how_live", seeds=", ".join(str(s) for s in settings.objectives[0].seeds))
    config, sample = made["config"], made["sample"][settings.measured_on]
    return t(
        "losses.how", name=controls.set_title(settings.measured_on), pairs=f"{sample['pairs']:,}",
        encoder=config["encoder"]["name"], steps=config["optim"]["steps"], data=config["data"]["train"],
        batch=config["optim"]["batch_size"], rate=f"{config['optim']['learning_rate']:g}",
        seeds=", ".join(map(str, recorded.seeds())), device=made["device"], date=made["date"],
        torch=made["versions"]["torch"],
    )  # fmt: skip


def _why(page: Frame, settings: Settings) -> None:
    rows = r"\\".join(
        rf"\text{{{one.name}}}&:\;{one.mean('auc', settings.step):.3f}" for one in settings.objectives
    )
    page.why(t("losses.why"), formula=FORMULA, live=rf"\begin{{aligned}}{rows}\end{{aligned}}")


def _below(settings: Settings) -> None:
    left, right = st.columns(2, gap="large")
    with left, messages.boundary():
        panels.scores(settings)
    with right, messages.boundary():
        panels.end_points(settings)
    with messages.boundary():
        panels.followed(settings)
    with messages.boundary():
        panels.table(settings)
    with messages.boundary():
        panels.bootstrap(settings)


def _code(settings: Settings) -> str:
    made, name = recorded.recorded()["made"], settings.names[0]
    base = made["config"]
    changed = {
        "data.train": base["data"]["train"], "optim.batch_size": base["optim"]["batch_size"],
        "loss.name": name, "view.name": made["losses"][name]["view"], "seed": made["seed"],
    }  # fmt: skip
    return CODE.format(settings=changed, step=settings.step, pairs=recorded.PAIRS)
