from __future__ import annotations

import errno
import json
import os
from typing import Any

import pytest

from pages.lab import jobs, model
from pages.ui.text import t
from simcse_core.runs.client import Client
from simcse_core.runs.execute import execute
from simcse_core.runs.processes import this_process
from simcse_core.runs.store import Run
from simcse_core.training.events import Lifecycle, StepDone
from tests.app.apptest import OpenPage
from tests.app.lab_driver import Small, chart, only_run, press, progress, train, words

pytestmark = pytest.mark.usefixtures("no_worker")


def test_it_opens_on_the_recorded_run(open_page: OpenPage) -> None:
    at = open_page("lab")
    view = model.recorded()
    assert t("lab.measure.spearman") in [chart(at, "spearman")["title"]["text"]]
    assert len(chart(at, "loss")["series"][0]["data"]) == len(view.steps)
    assert str(view.made["date"]) in words(at)
    assert len(at.get("plotly_chart")) == 2
    assert not at.button(key="lb-play").disabled and at.button(key="lb-pause").disabled
    assert not jobs.store().list()


def test_play_queues_a_run_that_the_address_names(small: Small) -> None:
    at = press(small(), "play")
    run = only_run()
    assert at.query_params["lb_run"] == run.id
    assert run.config.optim.steps == 5 and run.config.optim.batch_size == 8
    assert at.button(key="lb-play").disabled and not at.button(key="lb-stop").disabled
    assert progress(at) and run.status() == "queued"


def test_a_finished_run_is_drawn_scored_and_offered(small: Small) -> None:
    at = train(press(small(), "play"))
    run = only_run()
    shot = run.snapshot()
    assert shot.status == "finished"
    drawn = chart(at, "loss")["series"][0]["data"]
    assert [y for _, y in drawn] == pytest.approx([s["loss"] for s in shot.steps], abs=1e-4)
    assert t("lab.recorded_name") in json.dumps(chart(at, "spearman"))  # beside it, as the reference
    assert "5 steps" in words(at)
    keys = {b.proto.id.rsplit("-", 1)[-1] for b in at.get("download_button")}
    assert len(keys) >= 3
    assert at.selectbox(key="lb-pick").value == run.id


def test_step_pause_play_and_stop_leave_their_wishes(small: Small) -> None:
    at = press(small(), "step1")
    run = only_run()
    assert run.wish() == ("run", 1)
    _rest(run, steps=1)
    at.run()
    assert t("lab.status.paused", step=1, steps=5) in words(at)
    press(at, "step10")
    assert run.wish() == ("run", 11)
    run.command("pause")
    at.run()
    press(at, "play")
    assert run.wish() == ("run", None)
    press(at, "pause") if not at.button(key="lb-pause").disabled else None
    press(at, "stop")
    assert run.wish()[0] == "stop"
    (run.folder / ".owner.json").unlink()


def _rest(run: Run, *, steps: int) -> None:
    """As if a worker held the run and rested after some steps."""
    Client(jobs.store()).queue.remove(run.id)
    (run.folder / ".owner.json").write_text(json.dumps(this_process()), encoding="utf-8")
    for step in range(1, steps + 1):
        run.record(_step(step))
    run.record(Lifecycle(step=steps, state="paused"))


def _step(step: int) -> StepDone:
    return StepDone(step=step, loss=0.5, learning_rate=1e-5, grad_norm=1.0, sentences_per_second=100.0)


def test_a_second_visitor_sees_the_same_run(small: Small, open_page: OpenPage) -> None:
    at = train(press(small(), "play"))
    other = open_page("lab", lb_run=only_run().id)
    assert chart(other, "loss")["series"][0]["data"] == chart(at, "loss")["series"][0]["data"]


def test_a_run_of_a_closed_tab_is_found_again(small: Small, open_page: OpenPage) -> None:
    press(small(), "play")
    run = only_run()
    fresh = open_page("lab")
    fresh.button(key=f"lb-watch-{run.id}").click().run()
    assert fresh.query_params["lb_run"] == run.id


def test_one_who_waits_is_told_how_many_are_ahead(small: Small, open_page: OpenPage) -> None:
    press(small(), "play")
    second = press(small(), "play")
    assert t("lab.status.queued", ahead=1) in words(second)
    press(second, "stop")
    assert len(Client(jobs.store()).queue.waiting()) == 1


def test_reset_keeps_the_seed_and_new_seed_changes_it(small: Small) -> None:
    at = small(lb_seed="7")
    press(at, "play")
    press(at, "restart")
    assert "lb_run" not in at.query_params and only_run().status() == "stopped"
    assert at.number_input(key="lb_seed").value == 7
    press(at, "seed")
    at.run()
    assert at.number_input(key="lb_seed").value != 7


def test_a_loss_that_is_not_finite_is_told_with_a_way_out(small: Small) -> None:
    at = press(small(), "play")
    run = only_run()
    Client(jobs.store()).queue.remove(run.id)
    run.record(_step(1))
    run.record(
        Lifecycle(step=1, state="failed", error="The loss became nan at step 2.", kind="loss", hint="Lower")
    )
    at.run()
    assert "nan" in words(at)
    at.button(key="lb-retry").click().run()
    newest = jobs.store().list()
    assert len(newest) == 2
    rates = sorted(r.config.optim.learning_rate for r in newest)
    assert rates[0] == pytest.approx(rates[1] / 10)


def test_out_of_memory_offers_half_the_batch(small: Small) -> None:
    at = press(small(), "play")
    run = only_run()
    Client(jobs.store()).queue.remove(run.id)
    run.record(
        Lifecycle(step=0, state="failed", error="The machine ran out of memory.", kind="memory", hint="Halve")
    )
    at.run()
    assert "out of memory" in words(at)
    at.button(key="lb-retry").click().run()
    assert sorted(r.config.optim.batch_size for r in jobs.store().list()) == [4, 8]


def test_a_failure_stays_until_it_is_dismissed(small: Small) -> None:
    at = press(small(), "play")
    run = only_run()
    Client(jobs.store()).queue.remove(run.id)
    run.record(
        Lifecycle(step=0, state="failed", error="The disk is full.", kind="disk", hint="Free some space.")
    )
    for _ in range(2):
        at.run()
        assert "disk is full" in words(at)
    at.button(key="lb-dismiss").click().run()
    assert "disk is full" not in words(at)


def test_a_lost_run_is_resumed_with_everything(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    at = press(small(lb_every="1"), "play")
    run = only_run()
    Client(jobs.store()).queue.remove(run.id)
    execute(run, interrupted=lambda: run.snapshot().step >= 2)
    lines = run.events_file.read_text(encoding="utf-8").splitlines()
    run.events_file.write_text("\n".join(lines[:-1]) + "\n", encoding="utf-8")  # killed: no end was written
    at.run()
    assert "step 2" in words(at) and run.status() == "lost"
    at.button(key="lb-resume").click().run()
    assert run.status() == "queued"
    train(at)
    assert run.snapshot().status == "finished" and [s["step"] for s in run.snapshot().steps] == [
        1,
        2,
        3,
        4,
        5,
    ]


def test_a_full_disk_at_play_stays_on_the_page(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    at = small()

    def full(*args: Any, **kwargs: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Client, "submit", full)
    press(at, "play")
    at.run()
    assert "No space left" in words(at)
    at.button(key="lb-dismiss-notice").click().run()
    assert "No space left" not in words(at)
