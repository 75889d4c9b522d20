"""The YAML head of a card, as the Hub reads it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from simcse_core.cards.scores import Score

TAGS = {
    "sentence-similarity": ("sentence-transformers", "sentence-similarity", "feature-extraction", "simcse"),
    "fill-mask": ("fill-mask", "feature-extraction"),
}
LIBRARIES = {"sentence-similarity": "sentence-transformers", "fill-mask": "transformers"}


def front_matter(
    *,
    language: str | None,
    licence: str,
    task: str = "sentence-similarity",
    base: str | None = None,
    scores: Mapping[str, Score] | None = None,
    name: str = "",
) -> str:
    """The block between two lines of `---`; every value is JSON, which YAML reads.

    Args:
        language: Code such as `en`; left out if None.
        licence: SPDX identifier in lower case, or `other`.
        task: Of `TAGS`: the Hub's `pipeline_tag`.
        base: Hub id of the encoder it was trained from.
        scores: STS set → score, for the Hub's table of results.
        name: Of the checkpoint; needed with scores.
    """
    head: dict[str, Any] = {
        "language": language,
        "license": licence,
        "library_name": LIBRARIES[task],
        "pipeline_tag": task,
        "tags": list(TAGS[task]),
        "base_model": base,
        "model-index": [_results(name, scores)] if scores else None,
    }
    lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in head.items() if value]
    return "\n".join(("---", *lines, "---"))


def _results(name: str, scores: Mapping[str, Score]) -> dict[str, Any]:
    task = {"type": "semantic-similarity", "name": "Semantic Similarity"}
    results = [
        {
            "task": task,
            "dataset": {"name": key, "type": key.lower()},
            "metrics": [
                {"type": "spearman_cosine", "value": round(one.value / 100, 4), "name": "Spearman Cosine"}
            ],
        }
        for key, one in scores.items()
    ]
    return {"name": name, "results": results}
