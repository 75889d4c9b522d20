"""The model card of any checkpoint: everything that was measured, in the Hub's format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from simcse_core.cards.facts import UNKNOWN
from simcse_core.cards.front import front_matter
from simcse_core.cards.scores import Score
from simcse_core.cards.training import overlap, training_sections
from simcse_core.cards.usage import not_carried, snippets
from simcse_core.data.sts_sets import TASKS
from simcse_core.evaluation.calibration import SAME, Calibration
from simcse_core.evaluation.checkup import SPACE, Checkup
from simcse_core.evaluation.words import percent

SIGNS = {"fine": "✓", "warning": "△", "fault": "✕"}
EXAMPLES = (0.5, 0.72, 0.9)  # cosines that the card explains
SPACE_NAMES = {
    "mean_cosine": "mean cosine of two sentences",
    "uniformity": "uniformity",
    "partition": "partition isotropy I(W)",
    "isoscore": "IsoScore",
    "effective_rank": "effective rank",
    "top_1": "share of the strongest direction",
    "hubness": "hubness, skewness of 10-occurrence",
}
LIMITS = (
    "Texts beyond {length} tokens are cut. A cosine cannot be compared with one of another checkpoint; "
    "no threshold can be taken over. The scored pairs behind the numbers are in English; other texts need "
    "pairs of their own. What its training text leaves out or gets wrong, the embeddings do too."
)


@dataclass(frozen=True)
class Card:
    """What a card is made of, besides the check-up.

    Attributes:
        name: Title, and what the code opens: a folder or a Hub id.
        training: From `facts.training_of`; None where nothing is known.
        scores: STS set → score where it was measured.
        licence: SPDX identifier in lower case, or `other`.
        language: Code; None where it is not known.
        base: What it was trained from.
        carried: Whether its repairs lie in the folder as dense layers.
    """

    name: str
    training: Mapping[str, Any] | None = None
    scores: Mapping[str, Score] | None = None
    licence: str = UNKNOWN
    language: str | None = None
    base: str | None = None
    carried: bool = True


def model_card(card: Card, checkup: Checkup) -> str:
    """The README.md of a checkpoint, Markdown with a YAML head."""
    base = card.base if card.base and "/" in card.base else None
    head = front_matter(
        language=card.language, licence=card.licence, base=base, scores=card.scores, name=line(card.name)
    )
    parts = [
        head,
        f"# {line(card.name)}",
        _opening(checkup),
        _use(card, checkup),
        _scores(card, checkup),
        _meaning(checkup.calibration),
        _space(checkup),
        _findings(checkup),
        training_sections(card.training) if card.training else "## Training\n\nThe checkpoint does not say.",
        _limits(card, checkup),
        _origin(checkup),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def line(text: str) -> str:
    """A user's text on one line of Markdown: no markup, no table, no HTML."""
    kept = " ".join(str(text).split())
    return "".join(f"\\{c}" if c in "\\`*_[]|<>#" else c for c in kept)


def _opening(checkup: Checkup) -> str:
    facts = checkup.facts
    return (
        f"A sentence encoder: {facts['family']}, {facts['layers']} layers, {facts['parameters'] / 1e6:.1f} M "
        f"parameters, {facts['dimension']} numbers in an embedding, pooling `{facts['pooling']}`, texts of "
        f"up to {facts['max_length']} tokens. Embeddings are compared by cosine."
    )


def _use(card: Card, checkup: Checkup) -> str:
    code = [
        f"With {library}:\n\n```python\n{text}\n```"
        for library, text in snippets(card.name, checkup.facts, carried=card.carried).items()
    ]
    return "\n\n".join(["## Use", *code, *not_carried(checkup.facts, carried=card.carried)])


def _scores(card: Card, checkup: Checkup) -> str:
    rows = [(name, f"{one.value:.2f}", _between(one)) for name, one in (card.scores or {}).items()]
    if card.scores and set(card.scores) == set(TASKS):
        rows.append(("average of the seven", f"{fmean(one.value for one in card.scores.values()):.2f}", "–"))
    told = checkup.spearman
    if told is not None:
        own = Score(told["value"], told["low"], told["high"])
        rows.append((f"{told['set']} ({told['pairs']} pairs, shipped)", f"{own.value:.2f}", _between(own)))
    if not rows:
        return ""
    note = 'Spearman x 100 of cosine and human score; STS sets by protocol "all" (subsets joined).'
    return f"## Scores\n\n{note}\n\n{_table(('set', 'Spearman x 100', '95 % interval'), rows)}"


def _between(score: Score) -> str:
    return "–" if score.low is None or score.high is None else f"{score.low:.2f} to {score.high:.2f}"


def _meaning(calibration: Calibration | None) -> str:
    if calibration is None:
        return "## What a cosine means\n\nNothing: its cosines are all equal or not finite."
    told = calibration.to_dict()
    rows = [
        (f"{b['low']:g} to {b['high']:g}", str(b["pairs"]), *(f"{q:.3f}" for q in b["quantiles"]))
        for b in told["buckets"]
        if b["quantiles"]
    ]
    random = told["random"]
    parts = [
        "## What a cosine means",
        f"Random pairs of sentences have a mean cosine of {random['mean']:.3f}; 95 % of them lie below "
        f"{random['quantiles']['0.95']:.3f}.",
        _table(("human score", "pairs", "5 %", "25 %", "median", "75 %", "95 %"), rows),
    ]
    if calibration.threshold is not None:
        found = calibration.threshold
        parts.append(
            f"Two texts mean the same (score {SAME:g} or more) from a cosine of {found.value:.3f} (95 %: "
            f"{found.low:.3f} to {found.high:.3f}); that is right for {percent(found.accuracy, 1)} of "
            "pairs of either kind."
        )
    return "\n\n".join([*parts, *(calibration.sentence(cosine) for cosine in EXAMPLES)])


def _space(checkup: Checkup) -> str:
    space, even = checkup.space, checkup.space["isotropic"]
    rows = [(SPACE_NAMES[key], _number(space[key]), _number(even[key])) for key in SPACE]
    told = f"On {space['rows']} sentences; beside it, evenly spread directions of the same number and width."
    return f"## Embedding space\n\n{told}\n\n{_table(('number', 'here', 'evenly spread'), rows)}"


def _findings(checkup: Checkup) -> str:
    rows = [
        (f"{SIGNS[one.state]} {one.state}", one.check, line(f"{one.told} {one.fix}"))
        for one in checkup.findings
    ]
    return f"## Check-up\n\n{_table(('verdict', 'check', 'what was measured'), rows)}"


def _limits(card: Card, checkup: Checkup) -> str:
    repairs = [
        f"`{r['name']}`, fitted on {r['sentences']} sentences of {line(r['fitted_on']) or 'some corpus'}"
        for r in checkup.facts["repairs"]
    ]
    parts = [LIMITS.format(length=checkup.facts["max_length"])]
    if repairs:
        parts.append(f"Repaired by {', then '.join(repairs)}.")
    if card.training is not None:
        parts.append(overlap(card.training).strip())
    if card.licence == UNKNOWN:
        parts.append("The checkpoint states no licence that is known here: ask whoever made it.")
    return f"## Limits\n\n{' '.join(part for part in parts if part)}"


def _origin(checkup: Checkup) -> str:
    facts, speed = checkup.facts, checkup.speed
    return (
        f"## How this was measured\n\nDigest `{facts['digest']}`, {facts['precision']} on {facts['device']}; "
        f"{speed['per_second']:,.0f} sentences a second with {speed['threads']} threads. Made by "
        "`python -m simcse_core card`."
    )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
