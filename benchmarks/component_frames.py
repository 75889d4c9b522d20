"""How smoothly the circle of the temperature page follows a hand: frame times in headless Chromium.

    python -m benchmarks.component_frames [--frames 240]

Opens the scene of 65 points, then drags the temperature over its whole range and a point around the circle,
one event a frame. Prints, for each: the time from frame to frame (what a visitor sees), the time that the
component's own drawing takes, min / median / max in ms, the share of frames above 16.7 ms and of those above
25 ms (one frame left out), and the processor time of the page's main thread per frame, which other load on
the machine does not lengthen. "rest" moves nothing: the jitter of the browser's own clock.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import CDPSession, Page, sync_playwright

from tests.browser.chromium import find_chromium
from tests.browser.conftest import FLAGS, IDLE, REPOSITORY, serve

BUDGET, MISSED = 1000 / 60, 25.0  # ms
ADDRESS = "/temperature?tp_scene=Crowd+of+63&tp_tau=0.1"
MEASURE = """([toy, frames, kind]) => new Promise((done) => {
  const input = toy.querySelector("input[type=range]"), mark = toy.querySelectorAll(".points .point")[9];
  const between = [], drawing = [];
  const press = (key) => mark.dispatchEvent(new KeyboardEvent("keydown", { key }));
  let last = performance.now(), count = 0;
  const step = () => {
    const now = performance.now();
    if (count) between.push(now - last);
    last = now;
    if (count++ > frames) return done([between, drawing]);
    let start = 0;
    requestAnimationFrame(() => { start = performance.now(); }); // the drawing asked for below runs between
    const share = (1 - Math.cos((4 * Math.PI * count) / frames)) / 2;
    if (kind === "rest") { /* nothing */ } else if (kind === "temperature") {
      input.value = Number(input.min) + share * (Number(input.max) - Number(input.min));
      input.dispatchEvent(new Event("input"));
    } else press(count % 2 ? "ArrowLeft" : "PageDown");
    requestAnimationFrame(() => { drawing.push(performance.now() - start); });
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})"""


def spread(values: Sequence[float]) -> str:
    """Min / median / max with one decimal, and how many are late."""
    numbers = f"{min(values):.1f} / {statistics.median(values):.1f} / {max(values):.1f} ms"
    late = [100 * sum(value > limit + 0.05 for value in values) / len(values) for limit in (BUDGET, MISSED)]
    return f"{numbers}, {late[0]:.1f} % above {BUDGET:.1f}, {late[1]:.1f} % above {MISSED:.0f}"


def processor_ms(client: CDPSession) -> float:
    """Processor time of the main thread so far."""
    metrics = client.send("Performance.getMetrics")["metrics"]
    return 1000 * next(float(one["value"]) for one in metrics if one["name"] == "TaskDuration")


def measure(page: Page, client: CDPSession, frames: int, kind: str) -> None:
    """Print the times of one gesture."""
    toy = page.locator(".toy").element_handle()
    before = processor_ms(client)
    between, drawing = page.evaluate(MEASURE, [toy, frames, kind])
    each = (processor_ms(client) - before) / frames
    print(f"{kind:<12} frame to frame {spread(between)}")
    print(f"{'':<12} drawing        {spread(drawing)}")
    print(f"{'':<12} processor      {each:.1f} ms per frame")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=240)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        scratch = Path(folder)
        with serve(REPOSITORY / "app.py", scratch / "log.txt", SIMCSE_RUNS=str(scratch / "none")) as base:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(base + ADDRESS)
            page.wait_for_selector(IDLE, timeout=120_000)
            page.wait_for_timeout(2000)
            points = page.locator(".toy .points .point").count()
            print(f"{points} points, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
            client = page.context.new_cdp_session(page)
            client.send("Performance.enable", {"timeDomain": "threadTicks"})
            for kind in ("rest", "temperature", "point"):
                measure(page, client, options.frames, kind)
        browser.close()


if __name__ == "__main__":
    main()
