from __future__ import annotations

import dataclasses
import json
import shlex
from itertools import pairwise
from pathlib import Path

import pytest

from pages.lab import jobs, learn, model, session, settings
from pages.lab.data import keep_own
from pages.ui.text import plain, t
from simcse_core.config import RunConfig
from simcse_core.data.datasets import datasets
from simcse_core.errors import DataError
from simcse_core.losses import losses
from simcse_core.presets import PRESETS
from simcse_core.registry import params_of
from simcse_core.runs.store import RunStore
from simcse_core.training.fitting import losses_for
from simcse_core.views import views
from tests.app.apptest import OpenPage, faults
from tests.app.lab_driver import Small, chart, only_run, press, train, words

pytestmark = pytest.mark.usefixtures("no_worker")


def test_a_run_that_is_gone_is_said_and_forgotten(open_page: OpenPage) -> None:
    at = open_page("lab", lb_run="20200101-000000-live-dead")
    assert plain(t("lab.gone")) in words(at) and "lb_run" not in at.query_params


@pytest.mark.parametrize("name", ["../../etc", "%00", "<b>x</b>", "a" * 200])
def test_nonsense_in_the_address_is_harmless(open_page: OpenPage, name: str) -> None:
    at = open_page(
        "lab", lb_run=name, lb_preset=name, lb_steps=name, lb_encoder=name, lb_train=name, lb_seed=name,
        lb_loss=name, lb_beside=name, lb_pin=name, lb_at=name, lb_sets=name, lb_learning_rate="nan",
    )  # fmt: skip
    assert at.button(key="lb-play") is not None


@pytest.mark.parametrize("name", list(PRESETS))
def test_every_preset_opens_and_its_values_are_the_settings(open_page: OpenPage, name: str) -> None:
    at = open_page("lab", lb_preset=PRESETS[name].title)
    wanted, most = PRESETS[name].config, jobs.limits()
    got = RunConfig.from_dict(at.session_state[session.CONFIG])
    assert got.encoder == wanted.encoder and got.loss.name == wanted.loss.name
    assert got.optim.steps == min(wanted.optim.steps, most.steps)
    assert got.optim.learning_rate == wanted.optim.learning_rate


def test_choosing_a_preset_takes_its_values_over(open_page: OpenPage) -> None:
    at = open_page("lab", lb_steps="10")
    at.selectbox(key=settings.PRESET_KEY).set_value("sup-simcse").run()
    assert not faults(at)
    got = RunConfig.from_dict(at.session_state[session.CONFIG])
    wanted = PRESETS["sup-simcse"].config
    assert (got.optim.steps, got.data.train) == (wanted.optim.steps, wanted.data.train)
    assert got.optim.learning_rate == wanted.optim.learning_rate


@pytest.mark.parametrize("name", list(losses))
def test_every_loss_that_fits_can_be_chosen(open_page: OpenPage, name: str) -> None:
    data = next(d for d in ("clips", "triples") if name in losses_for(datasets.info(d).traits["kind"]))
    at = open_page("lab", lb_loss=losses.info(name).title, lb_train=datasets.info(data).title)
    got = RunConfig.from_dict(at.session_state[session.CONFIG])
    assert got.loss.name == name and set(got.loss.parameters) == set(params_of(losses[name]))


@pytest.mark.sts
def test_public_sets_are_scored_beside_the_pairs(
    open_page: OpenPage, sts_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMCSE_STS_DIR", str(sts_folder))
    at = open_page("lab", lb_sets="stsb-test")
    got = RunConfig.from_dict(at.session_state[session.CONFIG])
    assert got.evaluation.sets == "pairs,stsb-test"


def test_a_named_folder_of_public_sets_is_used(
    small: Small, sts_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMCSE_STS_DIR", str(tmp_path))
    monkeypatch.setenv("SIMCSE_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    at = small()
    at.text_input(key="lb_folder").set_value(str(tmp_path / "nothing")).run()
    assert plain("nothing") in words(at)
    at.text_input(key="lb_folder").set_value(str(sts_folder)).run()
    got = RunConfig.from_dict(at.session_state[session.CONFIG])
    assert got.evaluation.sets == f"pairs,{sts_folder / 'STS-B' / 'test.tsv'}"
    assert model.set_name(got.evaluation.sets.split(",")[1]) == "stsb-test"


def test_a_collapse_is_named(small: Small) -> None:
    at = press(small(), "play")
    run = only_run()
    train(at)
    lines = [json.loads(line) for line in run.events_file.read_text(encoding="utf-8").splitlines()]
    for line in lines:
        if line["type"] == "evaluated":
            line["mean_cosine"] = 0.999
    run.events_file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    at.run()
    assert "Collapse" in words(at)


def test_own_sentences_too_few_for_a_batch(small: Small) -> None:
    at = small(lb_train=t("lab.own_texts"))
    at.text_area(key="lb_paste").set_value("One sentence.\nA llama sings.\nA third.").run()
    assert t("lab.own_kept", count=3, kind=t("lab.kind.sentences")) in words(at)
    assert "llama" not in str(dict(at.query_params))
    press(at, "play")
    train(at)
    assert only_run().status() == "failed" and "needs 8" in words(at)


def test_own_text_is_checked_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMCSE_RUNS", str(tmp_path))
    path, kind, count = keep_own(b"anchor,positive,negative\na,b,c\nd,e,f\n", "x.csv")
    assert (kind, count) == ("triples", 2) and path.parent == tmp_path / "uploads"
    for raw, name in (
        (b"x" * 2_000_001, "a.txt"),
        (b"a\n" * 2001, "b.txt"),
        (b"w" * 301, "c.txt"),
        (b"\xff\xfe\x00", "d.txt"),
    ):
        with pytest.raises(DataError):
            keep_own(raw, name)
    assert RunStore().list() == []


def test_limits_hold_whatever_the_browser_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMCSE_LAB_STEPS", "40")
    monkeypatch.setenv("SIMCSE_LAB_BATCH", "16")
    config = RunConfig().with_settings({"optim.steps": 5000, "optim.batch_size": 999})
    kept = jobs._within(config, {})
    assert (kept.optim.steps, kept.optim.batch_size) == (40, 16)


def test_the_limits_of_a_server_are_offered(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMCSE_LAB_STEPS", "10")
    at = open_page("lab")
    assert max(int(v) for v in at.select_slider(key="lb_steps").options) == 10
    assert "10 steps" in words(at)


def test_a_run_is_deleted_after_being_asked(small: Small) -> None:
    at = train(press(small(), "play"))
    at.button(key="lb-delete").click().run()
    assert not faults(at) and not jobs.store().list()
    assert "lb_run" not in at.query_params and t("lab.board.empty") in words(at)


def test_runs_are_drawn_beside_each_other(small: Small) -> None:
    at = train(press(small(), "play"))
    first = only_run()
    press(at, "restart")
    press(at, "play")
    newest = next(r for r in jobs.store().list() if r.id != first.id)
    train(at, newest)
    beside = next(b for b in at.get("button_group") if b.key == "lb_beside")
    beside.set_value([model.RECORDED, first.id]).run()
    series = chart(at, "uniformity")["series"]
    assert len(series) == 3
    assert len({(s["lineStyle"]["color"], s["lineStyle"]["type"]) for s in series}) == 3


def test_the_neighbours_follow_pin_and_step(open_page: OpenPage) -> None:
    at = open_page("lab")
    space = model.recorded_space()
    at.selectbox(key="lb_pin").set_value(5).run()
    at.select_slider(key="lb_at").set_value(0).run()
    table = next(d.value for d in at.dataframe if t("lab.space.sentence") in d.value.columns)
    assert list(table[t("lab.space.sentence")]) == [space.texts[r] for r in space.neighbours[0][5]]


def test_the_guess_is_judged_by_the_recorded_run(open_page: OpenPage) -> None:
    view = model.recorded()
    halves = {m: learn.half_way(view, m) for m in learn.GUESSES}
    assert min(halves, key=lambda m: halves[m] or 99) == "spearman"


def test_the_goal_needs_a_run_of_ones_own(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learn, "TARGET", 0.5)
    at = open_page("lab")
    assert t("lab.goal.praise") not in words(at)


def test_reaching_the_goal_ticks_it(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learn, "TARGET", -100.0)
    at = train(press(small(), "play"))
    assert t("lab.goal.praise") in words(at)
    assert "lab.target" in at.session_state["solved"]


def test_half_way_of_nothing_is_nothing() -> None:
    view = model.RunView(key="x", config=RunConfig(), status="queued")
    assert learn.half_way(view, "uniformity") is None
    flat = [{"step": 0, "uniformity": -1.0, "sets": {}}, {"step": 1, "uniformity": -1.0, "sets": {}}]
    view = model.RunView(key="x", config=RunConfig(), status="finished", evaluations=flat)
    assert learn.half_way(view, "uniformity") is None


def test_the_estimate_scales_with_the_work() -> None:
    short = RunConfig().with_settings({"optim.steps": 10})
    long = RunConfig().with_settings({"optim.steps": 40})
    assert jobs.seconds_for(long, None) > 2 * jobs.seconds_for(short, None) > 0  # type: ignore[operator]
    assert jobs.seconds_for(RunConfig().with_settings({"encoder.name": "somebody/else"}), None) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"loss.temperature": 0.1},
        {"loss.name": "circle", "loss.margin": 0.1},
        {"loss.name": "dcl", "loss.temperature": 0.05},
        {"encoder.name": "sentence-transformers/all-mpnet-base-v2", "seed": 7},
        {"encoder.towers": "separate"},
        {"encoder.template": 'It\'s "[X]": [MASK]', "encoder.pooling": "mask"},
    ],
)
def test_the_code_and_the_command_train_what_was_set(changes: dict[str, object]) -> None:
    config = PRESETS["live"].config.with_settings(changes).check()
    code = learn.code(dataclasses.replace(model.recorded(), config=config))
    made: dict[str, RunConfig] = {}
    exec(code.partition("run = ")[0], made)
    assert made["config"].check().digest() == config.digest()
    words = shlex.split(next(line for line in code.splitlines() if "--preset" in line).removeprefix("#"))
    told = dict(word.split("=", 1) for before, word in pairwise(words) if before == "--set")
    assert {key: str(value) for key, value in changes.items()}.items() <= told.items()


def test_the_code_names_own_texts_without_their_folder() -> None:
    config = PRESETS["live"].config.with_settings({"data.train": "/home/someone/uploads/mine.txt"})
    code = learn.code(dataclasses.replace(model.recorded(), config=config))
    assert "data.train=mine.txt" in code and "someone" not in code


def test_positives_that_need_a_read_out_say_where_to_set_it(open_page: OpenPage) -> None:
    at = open_page("lab", lb_view=views.info("prompt").title)
    needed = t("lab.needs_pooling", pooling="mask")
    assert needed in words(at) and "encoder.pooling=mask" in at.error[0].value.replace("\\", "")
    at.selectbox(key="lb_pooling").set_value("mask").run()
    assert needed in words(at) and not at.error
    assert needed not in words(open_page("lab"))
