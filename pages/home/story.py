"""The recorded run behind the home page: read, checked, and turned into what the browser draws."""

from __future__ import annotations

import base64
import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from simcse_core import runtime
from simcse_core.errors import DataError
from simcse_core.figures.theme import Theme

SCORE = "stsb-test"
NUMBERS = ("step", "alignment", "uniformity", "mean_cosine", "effective_rank")
KINDS = ("unrelated", "paraphrase", "negation")
REMAKE = "Make it anew: python -m simcse_core record home"


@dataclass(frozen=True)
class Story:
    """One training run, as recorded.

    Attributes:
        made: Command, configuration, seed, versions, device and date of the run.
        steps: Per saved step: `NUMBERS`, loss, spearman by set, and cosine_hist, (b,) densities.
        bins: (b + 1,) edges of every `cosine_hist`.
        examples: Pairs with their cosine at every saved step.
        sphere: Texts, subjects and unit points (steps, n, 3), base64 of little-endian float16.
    """

    made: dict[str, Any]
    steps: list[dict[str, Any]]
    bins: list[float]
    examples: list[dict[str, Any]]
    sphere: dict[str, Any]

    def cosine(self, kind: str, at: int) -> float:
        """Cosine of the example pair of a kind at a saved step (index)."""
        return float(next(one for one in self.examples if one["kind"] == kind)["cosines"][at])

    def nearest(self, step: int) -> int:
        """Index of the saved step nearest to `step`."""
        return min(range(len(self.steps)), key=lambda i: abs(int(self.steps[i]["step"]) - step))

    def table(self) -> dict[str, list[Any]]:
        """The run's numbers as columns."""
        columns: dict[str, list[Any]] = {name: [row[name] for row in self.steps] for name in NUMBERS}
        columns[f"spearman_{SCORE}"] = [row["spearman"][SCORE] for row in self.steps]
        columns["loss"] = [row["loss"] for row in self.steps]
        return columns

    def for_browser(self, theme: Theme, labels: dict[str, str], at: int) -> dict[str, Any]:
        """What the component draws: the run, the palette, the words, and the saved step to open on."""
        return {
            "steps": [{**row, "score": row["spearman"][SCORE]} for row in self.steps],
            "bins": self.bins,
            "examples": self.examples,
            "sphere": self.sphere,
            "theme": asdict(theme),
            "labels": labels,
            "limits": _limits(self.steps),
            "top": 1.05 * max(max(row["cosine_hist"]) for row in self.steps),
            "at": at,
        }


def _rounded(low: float, high: float, unit: float) -> tuple[list[float], list[float]]:
    """Limits that hold [low, high] on whole units, and the ticks between them."""
    first, last = math.floor(low / unit), math.ceil(high / unit)
    ticks = [round(unit * i, 6) for i in range(first, last + 1)]
    return [ticks[0], ticks[-1]], ticks


def _limits(steps: list[dict[str, Any]]) -> dict[str, list[float]]:
    """Fixed limits of the plane: the whole run with some air, uniformity up to collapse at 0."""
    alignment = [float(row["alignment"]) for row in steps]
    uniformity = [float(row["uniformity"]) for row in steps]
    across, across_ticks = _rounded(0.0, max(alignment) * 1.15, 0.1)
    down, down_ticks = _rounded(min(uniformity) * 1.05, 0.0, 1.0)
    return {
        "alignment": across,
        "alignment_ticks": across_ticks,
        "uniformity": down,
        "uniformity_ticks": down_ticks,
    }


def check(plain: dict[str, Any], name: str) -> Story:
    """The story in a decoded file.

    Raises:
        DataError: Something is missing or of the wrong size; says what.
    """
    try:
        story = Story(**{key: plain[key] for key in ("made", "steps", "bins", "examples", "sphere")})
        count = len(story.steps)
        points = len(base64.b64decode(story.sphere["points"], validate=True)) // 2
        faults = {
            "two saved steps or more": count >= 2,
            "a density for every bin": all(
                len(row["cosine_hist"]) == len(story.bins) - 1 for row in story.steps
            ),
            "every number at every step": all(
                math.isfinite(float(row[n])) for row in story.steps for n in NUMBERS
            ),
            f"a score on {SCORE} at every step": all(SCORE in row["spearman"] for row in story.steps),
            "one pair of every kind": {one["kind"] for one in story.examples} >= set(KINDS),
            "a cosine of every pair at every step": all(
                len(one["cosines"]) == count for one in story.examples
            ),
            "a point of every sentence at every step": points == count * len(story.sphere["texts"]) * 3,
        }
    except (AttributeError, LookupError, TypeError, ValueError) as error:  # binascii's is a ValueError
        raise DataError(f"{name} is incomplete: {error!r}.", hint=REMAKE) from None
    missing = [what for what, holds in faults.items() if not holds]
    if missing:
        raise DataError(f"{name} lacks {'; '.join(missing)}.", hint=REMAKE)
    return story


def story_path() -> Path:
    """Where the recorded run lies."""
    return runtime.assets() / "recorded" / "home.json"


def load_story(path: Path) -> Story:
    """Read and check a recorded run.

    Raises:
        DataError: The file is missing, is not JSON, or is incomplete.
    """
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{path.name} is missing from the recorded results.", hint=REMAKE) from None
    except ValueError as error:
        raise DataError(f"{path.name} is not JSON: {error}.", hint=REMAKE) from None
    return check(plain, path.name)
