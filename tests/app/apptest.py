"""What page tests share: what a page shows, what counts as a failed page, and assets that are damaged."""

from __future__ import annotations

import base64
import contextlib
import functools
import io
import json
import multiprocessing
import os
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from pages.ui import exports
from pages.ui.text import t

REPOSITORY = Path(__file__).resolve().parents[2]
OpenPage = Callable[..., AppTest]


def faults(at: AppTest) -> list[str]:
    """Texts of what failed on the page: uncaught exceptions, and what the boundary caught that is ours."""
    caught = [box.value for box in at.error if t("shell.failed") in box.value]
    traces = [code.value for code in at.code if "Traceback" in code.value]
    return [*(error.message for error in at.exception), *caught, *traces]


def said(at: AppTest) -> str:
    """All Markdown of the page."""
    return " ".join(block.value for block in at.markdown)


def captions(at: AppTest) -> str:
    """All captions of the page."""
    return " ".join(caption.value for caption in at.caption)


def charts(at: AppTest) -> list[dict[str, Any]]:
    """The Plotly figures, in their order."""
    return [json.loads(chart.proto.spec) for chart in at.get("plotly_chart")]


def numbers(values: Any) -> Any:
    """Of a Plotly array, which is sent as base64 or as a list."""
    if isinstance(values, dict):
        return np.frombuffer(base64.b64decode(values["bdata"]), dtype=np.dtype(values["dtype"]))
    return np.array(values, dtype=np.float64)


def frame(at: AppTest, column: str) -> Any:
    """The first data table with this column."""
    return next(one.value for one in at.dataframe if column in one.value.columns)


def mounted(at: AppTest, key: str) -> dict[str, Any]:
    """What the component of this key is told."""
    (found,) = [one for one in at.get("bidi_component") if one.key == key]
    told: dict[str, Any] = json.loads(found.proto.json)
    return told


def link(at: AppTest, label: str) -> Any:
    """The link to a page with this label."""
    return next(one.proto for one in at.get("page_link") if one.proto.label == label)


def code_with(at: AppTest, part: str) -> str:
    """The first code shown that contains `part`."""
    return next(str(block.value) for block in at.code if part in block.value)


def printed(code: str, names: dict[str, Any] | None = None) -> str:
    """What code that a page shows prints; `names`, where given, are its globals and keep what it makes."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "shown", "exec"), {} if names is None else names)  # the code of the page is ours
    return out.getvalue()


def heavy_libraries_of(page: str, then: str = "", **query: str) -> str:
    """Slow libraries that a fresh process holds once `page` is drawn and `then` (code on `at`) has run.

    The process is forked from one that has imported Streamlit and nothing else, which is half of the work.
    """
    return _fresh_processes().submit(_heavy_libraries, page, then, query, dict(os.environ)).result()


@functools.cache
def _fresh_processes() -> ProcessPoolExecutor:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["streamlit.testing.v1"])
    return ProcessPoolExecutor(1, mp_context=context, max_tasks_per_child=1)


def _heavy_libraries(page: str, then: str, query: dict[str, str], environment: dict[str, str]) -> str:
    os.environ.clear()
    os.environ.update(environment)
    exports.opened = lambda panel: True  # this process is used once
    at = AppTest.from_file(str(REPOSITORY / "app.py"), default_timeout=120)
    at._page_hash = calc_hash(page)
    at.query_params.update(query)
    at.run()
    exec(then, {"at": at})  # the code is that of a test
    assert not at.exception and not at.error
    return str([name for name in ("torch", "transformers", "umap", "sklearn") if name in sys.modules])


def assets_with(recording: str, content: str | None, folder: Path) -> Path:
    """The assets of the repository under `folder`, with no recorded results but this content, or none."""
    assets = folder / "assets"
    assets.mkdir()
    for part in (REPOSITORY / "assets").iterdir():
        if part.name != "recorded":
            (assets / part.name).symlink_to(part)
    (assets / "recorded").mkdir()
    if content is not None:
        (assets / "recorded" / f"{recording}.json").write_text(content, encoding="utf-8")
    return assets


def assets_with_broken(recording: str, folder: Path) -> Path:
    """The assets of the repository under `folder`, with no recorded results but one that is cut short."""
    return assets_with(recording, "{", folder)
