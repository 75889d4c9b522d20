"""Loss and slope of every objective against the cosine of one pair, so that a page opens without torch."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from simcse_core.losses import losses
from simcse_core.recording.provenance import made
from simcse_core.theory.pair_curves import GRID, SIDES, Context, Floats, drawable, pair_curve

COMMAND = "python -m simcse_core record curves"
DIGITS = 5  # significant


def record(out: Path) -> dict[str, Any]:
    """Draw every objective that is a function of cosines at its defaults, in the default context."""
    context = Context()
    result = {
        "made": made(COMMAND, seed=0, device="cpu", precision="float64", context=asdict(context)),
        "cosines": GRID.tolist(),
        "objectives": {name: _objective(name, context) for name in drawable()},
        "without": {name: losses.info(name).title for name in losses if name not in drawable()},
    }
    text = json.dumps(result, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    out.write_text(text, encoding="utf-8")
    return result


def _objective(name: str, context: Context) -> dict[str, Any]:
    curves = {side: pair_curve(name, side, context) for side in SIDES}
    drawn = {side: {"loss": _short(c.loss), "slope": _short(c.slope)} for side, c in curves.items()}
    return {"title": losses.info(name).title, "equation": losses.info(name).equation, **drawn}


def _short(values: Floats) -> list[float]:
    return [float(f"{value:.{DIGITS}g}") for value in values]
