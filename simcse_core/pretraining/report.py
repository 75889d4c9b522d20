"""What one of the project's own encoders can do: guesses for masked words, STS by layer, geometry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from simcse_core.data.records import ScoredPairs
from simcse_core.data.sts_sets import load_split
from simcse_core.encoders import Encoder, load_encoder
from simcse_core.encoders.catalogue import resolve
from simcse_core.evaluation.sts import POSITIVE_ABOVE, evaluate_all
from simcse_core.metrics.alignment import alignment
from simcse_core.metrics.anisotropy import mean_cosine
from simcse_core.metrics.sts import cosines, spearman
from simcse_core.metrics.uniformity import uniformity
from simcse_core.pretraining.folder import has_head, read_model
from simcse_core.runs.files import read_json

POOLINGS = ("cls_before_pooler", "mean", "first_last", "last2", "max")
GUESSES = 10
# Written for this report; each hides one word that the context makes more or less certain.
MASKED = (
    "The capital of France is [MASK].",
    "She poured hot water into the [MASK] and waited for the tea.",
    "The dog barked at the [MASK] all night.",
    "He opened the [MASK] and walked into the room.",
    "Two men are playing [MASK] on the beach.",
    "A woman is cutting an [MASK] with a knife.",
    "The film was [MASK] and I would not watch it again.",
    "In winter the days are short and [MASK].",
    "They were married in 1912 and had three [MASK].",
    "The river flows through the city and into the [MASK].",
    "I would like to book a [MASK] for two people.",
    "The train leaves at nine in the [MASK].",
    "He was born in London and studied at the [MASK] of Oxford.",
    "The bird built its [MASK] in the old tree.",
    "A man in a red shirt is riding a [MASK] down the street.",
    "She is the author of several [MASK] for children.",
    "The king died and his [MASK] became queen.",
    "Please close the [MASK], it is cold in here.",
    "The team won the final and took home the [MASK].",
    "Water freezes at zero [MASK].",
)


def report(source: str, sts: Path, *, tasks: bool = True) -> dict[str, Any]:
    """Everything that is measured of an encoder.

    Args:
        source: As for `load_encoder`; with a language-model head, guesses are reported too.
        sts: Folder of the STS sets.
        tasks: Whether to measure the seven tasks, which takes a minute.

    Returns:
        `guesses` (None without a head), `held_out` (None where the folder does not say), `layers` (split →
        layer → pooler → Spearman x 100), `space` (of the checkpoint's own pooling) and `tasks`.

    Raises:
        EncoderError: The encoder cannot be loaded.
        DataError: A set is missing.
    """
    encoder = load_encoder(source, precision="fp32")
    folder = resolve(source).folder
    facts = read_json(folder / "pretraining.json") or {}
    seven = evaluate_all(encoder, sts, bootstrap=0)["tasks"] if tasks else {}
    scores = {name: task["spearman"]["all"] for name, task in seven.items()}
    return {
        "pooling": encoder.pooling,
        "layers_kept": encoder.layers,
        "held_out": facts.get("held_out"),
        "guesses": guesses(folder, MASKED) if has_head(folder) else None,
        "layers": {split: by_layer(encoder, load_split(sts, "STS-B", split)) for split in ("dev", "test")},
        "space": space(encoder, load_split(sts, "STS-B", "test")),
        "tasks": scores or None,
        "average": float(np.mean(list(scores.values()))) if scores else None,
    }


def guesses(folder: Path, texts: Sequence[str], *, top: int = GUESSES) -> dict[str, list[str]]:
    """The `top` most likely pieces for the `[MASK]` of each text, likeliest first.

    Raises:
        EncoderError: No language-model head.
    """
    model, backend = read_model(folder)
    found = {}
    with torch.inference_mode():
        for text in texts:
            encoded = backend.encode(text)
            scores = model.eval()(input_ids=torch.tensor([encoded.ids])).logits[0]
            scores = scores[encoded.tokens.index("[MASK]")]
            found[text] = [str(backend.id_to_token(i)) for i in scores.topk(top).indices.tolist()]
    return found


def by_layer(encoder: Encoder, pairs: ScoredPairs) -> dict[str, dict[str, float]]:
    """Spearman x 100 of every layer (0 is the embedding layer) under every pooler of `POOLINGS`."""
    sentences = pairs.sentences()
    place = {text: row for row, text in enumerate(sentences)}
    first, second = ([place[text] for text in side] for side in (pairs.first, pairs.second))
    found: dict[str, dict[str, float]] = {}
    for (layer, pooling), rows in encoder.encode_layers(sentences, poolings=POOLINGS).items():
        constant = (
            pooling == "cls_before_pooler" and layer == 0
        )  # [CLS] before any attention is always the same
        blended = pooling in {"first_last", "last2"} and layer == 0  # there is no layer before the embeddings
        if not constant and not blended:
            score = spearman(cosines(rows[first], rows[second]), pairs.score)
            found.setdefault(str(layer), {})[pooling] = score
    return found


def space(encoder: Encoder, pairs: ScoredPairs) -> dict[str, float]:
    """Alignment, uniformity and mean cosine of random pairs, under the checkpoint's own pooling."""
    sentences = pairs.sentences()
    rows = dict(zip(sentences, encoder.encode(sentences), strict=True))
    close = np.flatnonzero(pairs.score > POSITIVE_ABOVE)
    first, second = (np.stack([rows[side[i]] for i in close]) for side in (pairs.first, pairs.second))
    every = np.stack(list(rows.values()))
    return {
        "alignment": float(alignment(first, second)),
        "uniformity": float(uniformity(every)),
        "mean_cosine": float(mean_cosine(every)),
    }


def as_markdown(told: Mapping[str, Any]) -> str:
    """A report as the sections of a model card."""
    parts = []
    if told["held_out"]:
        held_out = told["held_out"]
        parts.append(
            f"Held-out masked-LM loss {held_out['loss']:.3f}, accuracy {100 * held_out['accuracy']:.1f} % "
            f"({held_out['predicted']:,} hidden pieces)."
        )
    about = told["space"]
    parts.append(
        f"STS-B test, pooling `{told['pooling']}`: alignment {about['alignment']:.3f}, uniformity "
        f"{about['uniformity']:.3f}, mean cosine of random pairs {about['mean_cosine']:.3f}."
    )
    if told["tasks"]:
        head = [*told["tasks"], "average"]
        values = [*told["tasks"].values(), told["average"]]
        parts.append(_table(head, [[f"{value:.2f}" for value in values]]))
    for split, layers in told["layers"].items():
        rows = [
            [layer, *(f"{scores[p]:.2f}" if p in scores else "–" for p in POOLINGS)]
            for layer, scores in layers.items()
        ]
        parts.append(f"STS-B {split}, Spearman x 100:\n\n" + _table(["layer", *POOLINGS], rows))
    if told["guesses"]:
        rows = [[text, ", ".join(words)] for text, words in told["guesses"].items()]
        parts.append(_table(["masked sentence", "ten likeliest pieces"], rows))
    return "\n\n".join(parts)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
