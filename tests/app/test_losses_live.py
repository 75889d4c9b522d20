"""Training objectives here, on the page "Losses side by side"."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from unit.training_factory import tiny_config

from pages.losses import group
from pages.losses.controls import set_title
from pages.ui import jobs
from pages.ui.text import t
from simcse_core.config import RunConfig
from simcse_core.losses import losses
from simcse_core.training.fitting import losses_for
from tests.app.apptest import OpenPage, captions
from tests.app.lab_driver import progress, train
from tests.app.losses_driver import table, tiles

HERE = t("losses.source.here")


@pytest.fixture
def small_base(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_worker: None
) -> RunConfig:
    """What is trained here starts from a tiny encoder."""
    config = tiny_config(tmp_path / "data", tiny_checkpoint, data__train="triples", evaluation__every=5)
    monkeypatch.setattr(group, "base", lambda: config)
    return config


def live(open_page: OpenPage, **query: str) -> AppTest:
    at = open_page("losses", ls_from=HERE, ls_steps="10", **query)
    at.pills(key="ls_train").set_value(["InfoNCE, two views", "CoSENT"]).run()
    return at


def test_runs_started_here_differ_in_the_objective_alone_and_enter_the_figures(
    open_page: OpenPage, small_base: RunConfig
) -> None:
    at = live(open_page, ls_seed="7")
    assert t("losses.live.until") in captions(at) and len(tiles(at)) == 2
    at.button(key="ls-start").click().run()
    first, second = sorted(jobs.store().list(), key=lambda run: run.config.loss.name)
    assert [first.config.loss.name, second.config.loss.name] == ["cosent", "info_nce"]
    assert first.config.seed == second.config.seed == 7 and first.config.optim == second.config.optim
    assert first.config.optim.steps == 10 and first.config.data == second.config.data
    assert [first.config.view.name, second.config.view.name] == ["relations", "records"]
    ids = "".join(at.query_params["ls_runs"])  # a string or a list of one
    assert set(ids.split(",")) == {first.id, second.id}
    assert len(progress(at)) == 2 and at.button(key="ls-start").disabled
    train(at, second)
    assert tiles(at) == ["InfoNCE, two views"] and "finished" in " ".join(progress(at))
    train(at, first)
    assert tiles(at) == ["InfoNCE, two views", "CoSENT"]
    score = second.snapshot().evaluations[-1]["spearman"]
    row = next(r for r in table(at, t("losses.table.objective")) if r[0].startswith("InfoNCE"))
    assert row[1] == f"{score:.1f}".replace("-", "−")
    assert len(table(at, t("losses.bootstrap.pair"))) == 1
    assert t("losses.bootstrap.how_one", name=set_title("pairs")) in captions(at)
    again = open_page("losses", ls_from=HERE, ls_runs=ids)
    assert tiles(again) == tiles(at)
    at.button(key="ls-leave").click().run()
    assert not at.query_params.get("ls_runs") and t("losses.live.until") in captions(at)


def test_a_failure_of_one_run_leaves_the_other(
    open_page: OpenPage, small_base: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = live(open_page)
    at.button(key="ls-start").click().run()
    broken, _ = sorted(jobs.store().list(), key=lambda run: run.config.loss.name)
    monkeypatch.setattr("simcse_core.training.trainer.Trainer.advance", _nan)
    train(at, broken)
    monkeypatch.undo()
    monkeypatch.setattr(group, "base", lambda: small_base)
    assert any("CoSENT" in box.value and "became nan" in box.value for box in at.error)
    assert not at.button(key="ls-stop").disabled


def _nan(self: Any) -> None:
    from simcse_core.errors import TrainingError

    raise TrainingError("The loss became nan at step 1.", hint="Lower the rate.")


def test_stop_ends_all_that_wait(open_page: OpenPage, small_base: RunConfig) -> None:
    at = live(open_page)
    at.button(key="ls-start").click().run()
    at.button(key="ls-stop").click().run()
    assert {run.snapshot().status for run in jobs.store().list()} == {"stopped"}
    assert at.button(key="ls-stop").disabled and not at.button(key="ls-start").disabled


def test_every_objective_that_fits_the_data_can_be_trained_here(
    open_page: OpenPage, small_base: RunConfig
) -> None:
    at = open_page("losses", ls_from=HERE)
    assert set(at.pills(key="ls_train").options) == {losses.info(n).title for n in losses_for("triples")}
    at.segmented_control(key="ls_data").set_value("clips").run()
    assert set(at.pills(key="ls_train").options) == {losses.info(n).title for n in losses_for("sentences")}
    at.button(key="ls-start").click().run()
    kinds = {run.config.loss.name: run.config.view.name for run in jobs.store().list()}
    assert kinds and set(kinds.values()) <= {"dropout", "groups"}
