"""A small, made-up recorded run in the layout of `assets/recorded/home.json`."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np

STEPS = (0, 10, 20)
TEXTS = ("One sentence.", "Another one.", "A third.")


def make_story() -> dict[str, Any]:
    """Three saved steps, ten bins, one pair of every kind."""
    edges = np.linspace(-0.2, 1.0, 11)
    points = np.random.default_rng(0).normal(size=(len(STEPS), len(TEXTS), 3)).astype(np.float16)
    return {
        "made": {"command": "record home", "config": {}, "seed": 0, "versions": {}, "device": "cpu",
                 "date": "2026-01-01"},
        "bins": [round(float(edge), 2) for edge in edges],
        "steps": [
            {
                "step": step,
                "loss": None if step == 0 else 1.0 / step,
                "alignment": 0.2 + step / 100,
                "uniformity": -1.0 - step / 10,
                "mean_cosine": 0.5 - step / 100,
                "effective_rank": 10.0 + step,
                "spearman": {"stsb-test": 59.6 + step / 2},
                "cosine_hist": [1.0] * 10,
            }
            for step in STEPS
        ],
        "examples": [
            {"first": "Left <b>text</b>.", "second": "Right.", "kind": kind, "cosines": [0.52, 0.4, 0.1]}
            for kind in ("unrelated", "paraphrase", "negation")
        ],
        "sphere": {
            "texts": list(TEXTS),
            "subjects": ["a", "b", "a"],
            "steps": list(STEPS),
            "points": base64.b64encode(points.tobytes()).decode(),
        },
    }  # fmt: skip


def write_assets(folder: Path, assets: Path, story: dict[str, Any] | str | None) -> Path:
    """A copy of the assets by links, with this recorded run, this broken text, or none."""
    (folder / "recorded").mkdir(parents=True)
    for path in assets.iterdir():
        if path.name != "recorded":
            (folder / path.name).symlink_to(path)
    if story is not None:
        text = story if isinstance(story, str) else json.dumps(story)
        (folder / "recorded" / "home.json").write_text(text, encoding="utf-8")
    return folder
