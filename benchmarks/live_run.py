"""The default live run as a visitor has it: from the click on Play to the first point and to the end.

    python -m benchmarks.live_run [--repeats 3] [--busy]

Starts the app on a free port, opens the training lab in headless Chromium, waits until the worker is warm,
presses Play, and reads the times off the run's own log. With --busy it loads another page again and again
meanwhile and reports how long that takes (a second browser tab takes its share of two cores). Prints min /
median / max.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.chromium import find_chromium
from tests.browser.conftest import FLAGS, IDLE, REPOSITORY, serve


def spread(values: Sequence[float]) -> str:
    """Min / median / max with two decimals."""
    return f"{min(values):.2f} / {statistics.median(values):.2f} / {max(values):.2f}"


def events(runs: Path) -> list[dict[str, object]]:
    """Events of the newest run."""
    logs = sorted(runs.glob("*/events.jsonl"))
    lines = logs[-1].read_text(encoding="utf-8").splitlines() if logs else []
    return [json.loads(line) for line in lines]


def wait_for_worker(runs: Path) -> None:
    """Until the warm worker says that it waits for work."""
    state = runs / ".worker-cpu.json"
    while not (state.exists() and '"idle"' in state.read_text(encoding="utf-8")):
        time.sleep(0.1)


def load_another(browser: Browser, base: str) -> float:
    """Seconds that a second tab takes to show another page."""
    page = browser.new_page()
    start = time.perf_counter()
    page.goto(f"{base}/notes")
    page.wait_for_selector(IDLE, timeout=60_000)
    seconds = time.perf_counter() - start
    page.close()
    return seconds


def one_run(browser: Browser, base: str, runs: Path, *, busy: bool) -> dict[str, float]:
    """Press Play once and follow the run to its end."""
    page: Page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{base}/lab")
    page.wait_for_selector(IDLE, timeout=120_000)
    wait_for_worker(runs)
    page.wait_for_timeout(
        4000
    )  # a person looks before pressing; software rendering of 3-D needs the time too
    before = len(sorted(runs.glob("*/events.jsonl")))
    answers = [0.0]
    clicked = time.time()
    page.locator(".st-key-lb-play button").click()
    while len(list(runs.glob("*/events.jsonl"))) == before or events(runs)[-1]["type"] not in {
        "finished", "failed", "stopped",
    }:  # fmt: skip
        if busy:
            answers.append(load_another(browser, base))
        time.sleep(0.1)
    log = events(runs)
    times = {
        kind: [float(str(e["time"])) for e in log if e["type"] == kind] for kind in ("evaluated", "step")
    }
    evaluated = [e for e in log if e["type"] == "evaluated"]
    page.close()
    return {
        "first": times["evaluated"][0] - clicked,
        "step": times["step"][0] - clicked,
        "end": float(str(log[-1]["time"])) - clicked,
        "page": statistics.median(answers[1:] or answers),
        "before": float(str(evaluated[0]["spearman"])),
        "after": float(str(evaluated[-1]["spearman"])),
        "cosine": float(str(evaluated[-1]["mean_cosine"])),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--busy", action="store_true", help="load another page meanwhile")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as play:
        runs = Path(scratch) / "runs"
        browser = play.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        cores = str(os.cpu_count())
        environment = {"SIMCSE_RUNS": str(runs), "OMP_NUM_THREADS": cores, "SIMCSE_HOME": scratch}
        with serve(REPOSITORY / "app.py", Path(scratch) / "log", **environment) as base:
            rows = [one_run(browser, base, runs, busy=options.busy) for _ in range(options.repeats)]
        browser.close()
    told = {
        "first": "click to first evaluation, s",
        "step": "click to first training step, s",
        "end": "click to end, s",
        "page": "another page meanwhile, s (0: not asked)",
        "before": "Spearman x 100 before",
        "after": "Spearman x 100 after",
        "cosine": "mean random cosine after",
    }
    for key, label in told.items():
        print(f"{label:<40} {spread([row[key] for row in rows])}")


if __name__ == "__main__":
    main()
