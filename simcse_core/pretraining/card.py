"""Model cards, filled from a run's own numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from simcse_core.pretraining.report import as_markdown

LIMITS = (
    "English only, uncased; characters beyond its vocabulary become `[UNK]`. Short texts: it was trained on "
    "lines of at most {tokens} tokens. It is small and made to show how embeddings change, not to compete; "
    "its text carries the views of its sources."
)
CLEAN = " No sentence of an STS or SICK development or test set was trained on."
OVERLAP = (
    " STS-B train was compiled from STS12 to STS16 and shares pairs with them: those five scores flatter it; "
    "STS-B test and SICK-R do not."
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
    training = _masked_lm(pretrained) if pretrained else _contrastive(facts["trained"], data)
    limited = pretrained["config"] if pretrained else facts["trained"][-1]["config"]["encoder"]
    tokens = limited["max_length"]
    parts = [
        f"# {name}: {own['title']}",
        f"{own['note']}",
        f'Open it with `simcse_core.load_encoder("{name}")`'
        + (
            ", or with transformers' `AutoModel` and `AutoModelForMaskedLM`."
            if pretrained
            else ", with transformers or with sentence-transformers."
        ),
        f"## Licence\n\n{own['licence']}; {own['source']}.",
        training,
    ]
    if report:
        parts.append(f"## Scores\n\n{as_markdown(report)}")
    parts.append(f"## Limits\n\n{LIMITS.format(tokens=tokens)}{_overlap(facts)}")
    return "\n\n".join(parts) + "\n"


def _overlap(facts: Mapping[str, Any]) -> str:
    """What training has seen of the evaluation sets, as far as it is known."""
    if "pretrained" in facts:
        return CLEAN
    graded = any(stage["config"]["data"]["train"].startswith("stsb-train") for stage in facts["trained"])
    return OVERLAP if graded else ""


def _masked_lm(facts: Mapping[str, Any]) -> str:
    config = facts["config"]
    start = (
        f"the first {config['layers']} layers and the embeddings of {config['encoder']}, its vocabulary "
        f"pruned to {facts['vocabulary']:,} pieces"
        if config["start"] == "warm"
        else f"fresh weights, {config['layers']} layers of {config['width']}, {facts['vocabulary']:,} pieces"
    )
    rows = [
        f"| {s['name']} | {s['origin']} | {s['licence']} | {s['lines']:,} | {s['left_out']:,} |"
        for s in facts["sources"]
    ]
    table = [
        "| source | origin | licence | lines drawn | left out as evaluation text |",
        "|---|---|---|---|---|",
    ]
    return (
        "## Data\n\n" + "\n".join([*table, *rows]) + "\n\n## Training\n\n"
        f"Start: {start}; {facts['parameters']:,} parameters with the language-model head. Whole-word "
        f"masking of {100 * config['mask_share']:.0f} % of the words, {facts['steps']:,} steps of "
        f"{config['tokens_per_step']:,} tokens, {facts['tokens'] / 1e6:.2f} M tokens in "
        f"{facts['minutes']:.1f} minutes on {facts['device']} ({facts['precision']}), AdamW, peak rate "
        f"{config['learning_rate']:g}, dropout {config['dropout']:g}, seed {config['seed']}. The "
        "configuration is in `pretraining.json`."
    )


def _contrastive(stages: Sequence[Mapping[str, Any]], data: str) -> str:
    named = ", then ".join(f"`{stage['config']['data']['train']}`" for stage in stages)
    told = " ".join(_stage(stage) for stage in stages)
    return (
        f"## Data\n\n{data or f'{named}.'}\n\n## Training\n\n{told} Configuration and trajectory are in "
        "`training.json`."
    )


def _stage(facts: Mapping[str, Any]) -> str:
    config = facts["config"]
    optim, before, after = config["optim"], facts.get("before", {}), facts.get("after", {})
    sets = ", ".join(
        f"{name} {_score(before, name)} → {_score(after, name)}" for name in after.get("sets", {})
    )
    return (
        f"From `{config['encoder']['name']}`, pooling {config['encoder']['pooling']}, dropout "
        f"{config['encoder']['dropout']:g}: view `{config['view']['name']}`, loss "
        f"`{config['loss']['name']}`, {facts['steps']:,} steps of {optim['batch_size']}, rate "
        f"{optim['learning_rate']:g} ({optim['schedule']}), seed {config['seed']}; Spearman x 100 before and "
        f"after: {sets}."
    )


def _score(evaluation: Mapping[str, Any], name: str) -> str:
    value = evaluation.get("sets", {}).get(name)
    return "–" if value is None else f"{value:.2f}"
