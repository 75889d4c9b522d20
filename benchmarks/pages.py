"""How quickly the pages answer: cold start to a complete home page, warm pages, and what home imports.

    python -m benchmarks.pages [--repeats 3]

Each cold start is a fresh server process and a fresh browser profile: from starting the process to the
home page being idle. Warm loads are second visits in a new tab. Prints min / median / max in seconds.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.browser.chromium import find_chromium
from tests.browser.conftest import FLAGS, IDLE, REPOSITORY, serve

PAGES = ("", "pairs", "cone", "lab", "notes")


def spread(values: Sequence[float]) -> str:
    """Min / median / max with two decimals."""
    return f"{min(values):.2f} / {statistics.median(values):.2f} / {max(values):.2f}"


def load(browser: Browser, address: str) -> float:
    """Seconds until a page of a new profile is idle and shows its title."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    start = time.perf_counter()
    page.goto(address)
    page.wait_for_selector(IDLE, timeout=120_000)
    page.wait_for_selector("h1", timeout=120_000)
    seconds = time.perf_counter() - start
    context.close()
    return seconds


def cold(browser: Browser, scratch: Path) -> float:
    """Seconds from starting the server to a complete home page."""
    start = time.perf_counter()
    with serve(REPOSITORY / "app.py", scratch / "cold.log", SIMCSE_RUNS=str(scratch / "none")) as base:
        load(browser, base)
        return time.perf_counter() - start


def heavy_imports() -> list[str]:
    """Which heavy libraries the home page pulls in."""
    code = (
        "import sys; from streamlit.testing.v1 import AppTest; AppTest.from_file('app.py').run(timeout=60);"
        "print(*[m for m in ('torch', 'transformers', 'umap', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        scratch = Path(folder)
        browser = play.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        print(
            "cold start to a complete home page, s",
            spread([cold(browser, scratch) for _ in range(options.repeats)]),
        )
        with serve(REPOSITORY / "app.py", scratch / "warm.log", SIMCSE_RUNS=str(scratch / "none")) as base:
            for name in PAGES:
                first = load(browser, f"{base}/{name}")
                warm = [load(browser, f"{base}/{name}") for _ in range(options.repeats)]
                print(f"/{name:<8} first visit {first:.2f}   warm {spread(warm)}")
        browser.close()
    print("heavy libraries imported for the home page:", *heavy_imports() or ["none"])


if __name__ == "__main__":
    main()
