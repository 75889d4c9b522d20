from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from simcse_core.config import RunConfig
from simcse_core.errors import ConfigError, RunError
from simcse_core.runs.files import (
    append_line,
    close_torn_line,
    keep_lines,
    read_json,
    read_lines,
    write_json,
)
from simcse_core.runs.processes import is_running, this_process
from simcse_core.runs.queue import Queue, Ticket, fair_order
from simcse_core.runs.snapshot import HANDOVER, fold
from simcse_core.runs.store import RunStore
from simcse_core.training.events import Lifecycle, StepDone


def test_a_torn_last_line_is_passed_over_and_closed(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    append_line(log, {"type": "step", "step": 1})
    with log.open("a") as file:
        file.write('{"type": "step", "st')
    assert [e["step"] for e in read_lines(log)] == [1]
    close_torn_line(log)
    append_line(log, {"type": "step", "step": 2})
    assert [e["step"] for e in read_lines(log)] == [1, 2]


def test_a_log_is_cut_back_in_one_move(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    keep_lines(log, lambda event: True)
    assert not log.exists()
    for step in (1, 2, 3):
        append_line(log, {"step": step, "word": "müde"})
    before = log.read_bytes()
    with log.open("a") as file:
        file.write('{"step": 1, "wo')
    keep_lines(log, lambda event: event["step"] <= 2)
    assert log.read_bytes() == b"".join(before.splitlines(keepends=True)[:2])
    assert list(tmp_path.iterdir()) == [log]


def test_replacing_a_file_leaves_the_old_one_when_it_fails(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    write_json(target, {"x": 1})
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(target, {"x": float("nan")})
    assert read_json(target) == {"x": 1} and list(tmp_path.iterdir()) == [target]
    assert read_json(tmp_path / "absent.json") is None


def test_liveness_is_that_of_this_very_process() -> None:
    assert is_running(this_process())
    assert not is_running({**this_process(), "born": 1.0})  # the number was reused
    assert not is_running(None) and not is_running({"pid": "x"})
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    import psutil

    mark = {"pid": child.pid, "born": psutil.Process(child.pid).create_time()}
    assert is_running(mark)
    child.kill()
    time.sleep(0.2)
    assert not is_running(mark)  # a zombie until somebody waits for it
    child.wait()


def ticket(run: str, owner: str, when: float) -> Ticket:
    return Ticket(run, owner, "cpu", when)


def test_owners_take_turns() -> None:
    waiting = [ticket("a1", "ann", 1), ticket("a2", "ann", 2), ticket("a3", "ann", 3), ticket("b1", "bob", 4)]
    assert [t.run for t in fair_order(waiting, {})] == ["a1", "b1", "a2", "a3"]
    assert [t.run for t in fair_order(waiting, {"ann": 10.0})] == ["b1", "a1", "a2", "a3"]


def test_a_ticket_is_taken_once(tmp_path: Path) -> None:
    queue = Queue(tmp_path)
    queue.add("one", owner="ann", device="cpu")
    queue.add("two", owner="bob", device="cpu")
    queue.add("gpu", owner="bob", device="cuda")
    (queue.folder / "broken.json").write_text("{")
    assert [t.run for t in queue.waiting("cpu")] == ["one", "two"]
    assert queue.position("two") == 1 and queue.position("gpu") == 0 and queue.position("none") is None
    assert queue.remove("one") and not queue.remove("one")


def status(
    events: list[dict], *, alive: bool = False, position: int | None = None, now: float = 1000.0
) -> str:
    return fold(events, total=10, alive=alive, position=position, now=now).status


def test_status_follows_from_the_events() -> None:
    queued = {"type": "queued", "step": 0, "time": 1.0}
    started = {"type": "started", "step": 0, "time": 2.0}
    assert status([queued], position=0) == "queued"
    assert status([queued], now=1.0 + HANDOVER / 2) == "queued"  # taken from the queue, not yet held
    assert status([queued], now=1.0 + 2 * HANDOVER) == "lost"
    assert status([queued, started], alive=True) == "running"
    assert status([queued, started]) == "lost"
    assert status([started, {"type": "paused", "step": 3}], alive=True) == "paused"
    for end in ("finished", "stopped", "failed"):
        assert status([started, {"type": end, "step": 3}]) == end
    assert status([started, {"type": "stopped", "step": 3}, queued], position=2) == "queued"


def test_steps_after_the_checkpoint_are_forgotten_on_resume() -> None:
    events = [{"type": "step", "step": k, "time": float(k), "loss": k} for k in (1, 2, 3)]
    events += [{"type": "started", "step": 2, "time": 4.0}, {"type": "resumed", "step": 2, "time": 4.0}]
    events += [{"type": "step", "step": 3, "time": 5.0, "loss": 33}]
    snapshot = fold(events, total=10, alive=True, position=None, now=5.0)
    assert [e["loss"] for e in snapshot.steps] == [1, 2, 33]
    assert snapshot.seconds_left is not None and snapshot.seconds_left > 0


def test_a_run_folder(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "runs")
    run = store.create(RunConfig().with_settings({"optim.steps": 3}))
    assert store.get(run.id).config.optim.steps == 3
    assert [r.id for r in store.list()] == [run.id]
    run.record(Lifecycle(step=0, state="queued"))
    run.record(StepDone(step=1, loss=0.5, learning_rate=1e-5, grad_norm=1.0, sentences_per_second=9.0))
    assert [e["type"] for e in run.events()] == ["queued", "step"]
    assert run.wish() == ("run", None)
    run.command("run", until_step=2)
    assert run.wish() == ("run", 2)
    with pytest.raises(RunError, match="no command"):
        run.command("explode")
    store.delete(run.id)
    assert store.list() == []


@pytest.mark.parametrize("name", ["../x", "", "a/b", ".hidden", "absent"])
def test_names_that_are_no_runs(tmp_path: Path, name: str) -> None:
    with pytest.raises(RunError, match="no run"):
        RunStore(tmp_path).get(name)


def test_what_cannot_be_created(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("x")
    with pytest.raises(RunError, match="not empty"):
        store.create(RunConfig(), folder=tmp_path / "full")
    with pytest.raises(RunError, match="cannot be written"):
        store.create(RunConfig(), folder=tmp_path / "full" / "x" / "y")
    with pytest.raises(ConfigError):
        store.create(RunConfig().with_settings({"loss.nonsense": 1}))


def test_only_one_process_holds_a_run(tmp_path: Path) -> None:
    run = RunStore(tmp_path).create(RunConfig())
    code = (
        "import sys, time; from pathlib import Path; from simcse_core.runs.store import Run\n"
        "with Run(Path(sys.argv[1])).held():\n    print('held', flush=True); time.sleep(60)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(run.folder)], stdout=subprocess.PIPE, env=environment
    )
    assert holder.stdout is not None and holder.stdout.readline().strip() == b"held"
    assert run.alive()
    with pytest.raises(RunError, match="another process"), run.held():
        pass
    with pytest.raises(RunError, match="Stop it first"):
        RunStore(tmp_path).delete(run.id)
    holder.kill()
    holder.wait()
    assert not run.alive()
    with run.held():
        assert run.alive()
    assert not run.alive()
