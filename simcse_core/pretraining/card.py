"""Model cards, filled from a run's own numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simcse_core.cards.front import front_matter
from simcse_core.cards.training import overlap, training_sections
from simcse_core.pretraining.report import as_markdown

LIMITS = (
    "English only, uncased; characters beyond its vocabulary become `[UNK]`. Short texts: it was trained on "
    "lines of at most {tokens} tokens. It is small and made to show how embeddings change, not to compete; "
    "its text carries the views of its sources."
)


def model_card(
    name: str,
    own: Mapping[str, Any],
    facts: Mapping[str, Any],
    report: Mapping[str, Any] | None,
    *,
    data: str = "",
) -> str:
    """The README.md of a shipped encoder.

    Args:
        name: Of its folder.
        own: title, source, licence and note of simcse.json.
        facts: From `run_facts`.
        report: From `report`; without it the card has no scores.
        data: What a training run was trained on; the names in its configuration where empty.
    """
    pretrained = facts.get("pretrained")
    limited = pretrained["config"] if pretrained else facts["trained"][-1]["config"]["encoder"]
    tokens = limited["max_length"]
    kind = "fill-mask" if pretrained else "sentence-similarity"
    parts = [
        front_matter(language="en", licence=str(own["licence"]).lower(), task=kind),
        f"# {name}: {own['title']}",
        f"{own['note']}",
        f'Open it with `simcse_core.load_encoder("{name}")`'
        + (
            ", or with transformers' `AutoModel` and `AutoModelForMaskedLM`."
            if pretrained
            else ", with transformers or with sentence-transformers."
        ),
        f"## Licence\n\n{own['licence']}; {own['source']}.",
        training_sections(facts, data=data),
    ]
    if report:
        parts.append(f"## Scores\n\n{as_markdown(report)}")
    parts.append(f"## Limits\n\n{LIMITS.format(tokens=tokens)}{overlap(facts)}")
    return "\n\n".join(parts) + "\n"
