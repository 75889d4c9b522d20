"""The doctor on a sound encoder, and on the same one broken in nine ways, each saved and opened from disk.

    python -m benchmarks.doctor [--model M …] [--only NAME …] [--json]

One line an encoder: what was broken, the verdict of every check (✓ fine, △ warning, ✕ fault), and what the
check that is meant to speak has measured. Ends with exit code 1 where a fault stays unseen or a sound encoder
is accused.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from typing import Any

from simcse_core import load_encoder
from simcse_core.evaluation.broken import breakages, opened_broken
from simcse_core.evaluation.doctor import examine
from simcse_core.evaluation.patient import FAULT, FINE, WARNING, Finding, checks, stated_use

SIGNS = {FINE: "✓", WARNING: "△", FAULT: "✕"}
OPTIONS: dict[str, Any] = {"device": "cpu", "precision": "fp32"}
SOUND = "sound"


def measure(model: str, only: list[str] | None = None) -> Iterator[tuple[str, list[Finding]]]:
    """What was broken, and what the doctor finds; the sound encoder first."""
    yield SOUND, examine(load_encoder(model, **OPTIONS), stated=stated_use(model))
    for name in only or breakages:
        encoder, stated = opened_broken(model, name, **OPTIONS)
        yield name, examine(encoder, stated=stated)


def is_right(name: str, found: list[Finding]) -> bool:
    """Whether the check that is meant to speak does, and none of a sound encoder."""
    if name == SOUND:
        return all(one.state == FINE for one in found)
    return next(one for one in found if one.check == breakages.info(name).traits["finds"]).state != FINE


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", nargs="+", default=["minilm"])
    parser.add_argument("--only", nargs="+", choices=list(breakages), metavar="NAME")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    failed, told = False, {}
    for model in options.model:
        rows = told[model] = {}
        if not options.json:
            print(f"\n{model}\n\n| broken | {' | '.join(checks)} | what was measured |")
            print("|:--" * 2 + "|:-:" * len(checks) + "|")
        for name, found in measure(model, options.only):
            failed |= not is_right(name, found)
            rows[name] = [vars(one) for one in found]
            if not options.json:
                _print(name, found)
    if options.json:
        print(json.dumps(told, indent=2, ensure_ascii=False))
    return int(failed)


def _print(name: str, found: list[Finding]) -> None:
    signs = {one.check: SIGNS[one.state] for one in found}
    speaks = None if name == SOUND else breakages.info(name).traits["finds"]
    measured = next((one.told for one in found if one.check == speaks), "")
    print(f"| {name} | {' | '.join(signs[check] for check in checks)} | {measured} |", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
