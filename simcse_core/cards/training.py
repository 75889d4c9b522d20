"""Data and training of a checkpoint as sections of its card, in the run's own numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

CLEAN = " No sentence of an STS or SICK development or test set was trained on."
OVERLAP = (
    " STS-B train was compiled from STS12 to STS16 and shares pairs with them: those five scores flatter it; "
    "STS-B test and SICK-R do not."
)


def training_sections(facts: Mapping[str, Any], *, data: str = "") -> str:
    """`## Data` and `## Training`, Markdown.

    Args:
        facts: From `facts.run_facts`.
        data: What a training run was trained on; the names in its configuration where empty.
    """
    pretrained = facts.get("pretrained")
    return _masked_lm(pretrained) if pretrained else _contrastive(facts["trained"], data)


def overlap(facts: Mapping[str, Any]) -> str:
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
    scores = f"; Spearman x 100 before and after: {sets}" if sets else ""
    return (
        f"From `{config['encoder']['name']}`, pooling {config['encoder']['pooling']}, dropout "
        f"{config['encoder']['dropout']:g}: view `{config['view']['name']}`, loss "
        f"`{config['loss']['name']}`, {facts['steps']:,} steps of {optim['batch_size']}, rate "
        f"{optim['learning_rate']:g} ({optim['schedule']}), seed {config['seed']}{scores}."
    )


def _score(evaluation: Mapping[str, Any], name: str) -> str:
    value = evaluation.get("sets", {}).get(name)
    return "–" if value is None else f"{value:.2f}"
