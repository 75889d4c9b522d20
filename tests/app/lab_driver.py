"""Driving the lab in a test: its words, its buttons, and the worker's part of a run."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from streamlit.testing.v1 import AppTest

from pages.lab import jobs
from pages.ui.text import t
from simcse_core.runs.client import Client
from simcse_core.runs.execute import execute
from simcse_core.runs.store import Run
from tests.app.apptest import faults

Small = Callable[..., AppTest]


def words(at: AppTest) -> str:
    boxes = (*at.caption, *at.markdown, *at.error, *at.warning, *at.info, *at.success)
    return " ".join(str(box.value) for box in boxes) + " ".join(progress(at))


def progress(at: AppTest) -> list[str]:
    return [str(bar.proto.text) for bar in at.get("progress")]


def chart(at: AppTest, name: str) -> dict[str, Any]:
    found = [c.proto for c in at.get("echarts_chart")]
    titles = {json.loads(c.spec)["title"]["text"]: json.loads(c.spec) for c in found}
    return dict(titles[t(f"lab.measure.{name}")])


def only_run() -> Run:
    (run,) = jobs.store().list()
    return run


def press(at: AppTest, verb: str) -> AppTest:
    at.button(key=f"lb-{verb}").click().run()
    assert not faults(at)
    return at


def train(at: AppTest, run: Run | None = None) -> AppTest:
    """What the worker does, in this process."""
    run = run or only_run()
    client = Client(jobs.store())
    client.queue.remove(run.id)
    execute(run)
    at.run()
    assert not faults(at)
    return at
