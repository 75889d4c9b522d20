"""The cone, recorded: MiniLM read at every layer in every way, and what each repair does to it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from simcse_core.data.datasets import load_dataset_records
from simcse_core.data.records import ScoredPairs
from simcse_core.encoders import load_encoder
from simcse_core.encoders.poolers import poolers
from simcse_core.errors import DataError
from simcse_core.evaluation.cone import (
    PAIRS,
    PROMPT,
    SENTENCES,
    SHOWN,
    Scored,
    Spread,
    digest_of_texts,
    fitted,
    isotropic,
    layer_numbers,
    measure,
    prompted,
    sample_sentences,
    state_key,
)
from simcse_core.postprocess import postprocessors
from simcse_core.recording.provenance import made
from simcse_core.registry import params_of

MODEL = "minilm"
LAYERS = 6
REPAIRED = (4, 6)  # layers whose repairs are recorded: the two encoders the page opens on
REPAIRS = ("centering", "standardising", "component_removal", "whitening")
BEGINNING = 60  # sentences that the test encodes again

Embeddings = NDArray[np.float32]


def record(out: Path, *, sentences: int = SENTENCES) -> dict[str, Any]:
    """Read, repair, measure and write.

    Args:
        out: Target file.
        sentences: How many of the shipped sentences; a test takes fewer.
    """
    texts = [text for text, _ in sample_sentences(sentences)]
    pairs = cast(ScoredPairs, load_dataset_records("pairs"))
    states: dict[str, Spread] = {}
    curves: dict[str, dict[str, dict[str, float]]] = {}
    beginning: dict[str, float] = {}
    dimension = 0
    for layer, pooling, rows, scored in _read(texts, pairs):
        dimension = rows.shape[1]
        curves.setdefault(pooling, {})[str(layer)] = layer_numbers(rows)
        beginning[f"{layer}/{pooling}"] = layer_numbers(rows[:BEGINNING])["mean_cosine"]
        states |= _states(layer, pooling, rows, scored)
    result = {
        "made": made(
            "python -m simcse_core record cone",
            seed=0,
            device="cpu",
            precision="fp32",
            config={"encoder": MODEL, "sentences": sentences, "sentences_sha256": digest_of_texts(texts),
                    "random_pairs": PAIRS, "shown": SHOWN,
                    "scored_pairs": len(pairs), "repairs_fitted_on": "the sentences", "prompt": PROMPT},
        ),
        "encoder": MODEL,
        "layers": LAYERS,
        "beginning": {"sentences": BEGINNING, "mean_cosine": beginning},
        "isotropic": isotropic(sentences, dimension).to_dict(),
        "curves": curves,
        "states": {key: spread.to_dict() for key, spread in states.items()},
    }  # fmt: skip
    out.write_text(json.dumps(result, allow_nan=False, separators=(",", ":")), encoding="utf-8")
    return result


def _read(texts: Sequence[str], pairs: ScoredPairs) -> Iterator[tuple[int, str, Embeddings, Scored]]:
    """The sentences and the pairs by every read-out: layer, pooling, embeddings, scored pairs.

    `cls` goes through a head made for the end of the network, so it is read only where the page opens.
    """
    both = [*texts, *pairs.first, *pairs.second]
    for layer in REPAIRED:
        encoder = load_encoder(f"{MODEL}:{layer}", pooling="cls", device="cpu", precision="fp32")
        yield layer, "cls", *_split(encoder.encode(both, normalize=False), len(texts), pairs)
    encoder = load_encoder(MODEL, device="cpu", precision="fp32")
    plain = tuple(name for name in poolers if name not in {"cls", "mask"})
    asked = prompted(both, encoder.special["mask_token"])
    for poolings, given in ((plain, both), (("mask",), asked)):
        every = encoder.encode_layers(given, poolings=poolings, normalize=False)
        for layer in range(LAYERS + 1):
            for pooling in poolings:
                yield layer, pooling, *_split(every.pop((layer, pooling)), len(texts), pairs)


def _split(rows: Embeddings, count: int, pairs: ScoredPairs) -> tuple[Embeddings, Scored]:
    middle = count + len(pairs)
    return rows[:count], Scored(rows[count:middle], rows[middle:], pairs.score)


def _states(layer: int, pooling: str, rows: Embeddings, scored: Scored) -> dict[str, Spread]:
    found = {state_key(layer, pooling): measure(rows, scored=scored)}
    for repair, settings in _settings() if layer in REPAIRED else ():
        try:
            processor = fitted(repair, rows, **settings)
        except DataError:  # the rows vary in fewer directions; the page gives the reason when asked
            continue
        found[state_key(layer, pooling, repair, **settings)] = measure(rows, repair=processor, scored=scored)
    return found


def _settings() -> list[tuple[str, Mapping[str, Any]]]:
    """Every recorded repair with every value the page offers for its parameter."""
    found: list[tuple[str, Mapping[str, Any]]] = []
    for repair in REPAIRS:
        kind: Any = postprocessors[repair]
        parameters = params_of(kind.fit)
        if not parameters:
            found.append((repair, {}))
        for name, parameter in parameters.items():
            ladder = sorted({*getattr(parameter.allowed, "ladder", ()), parameter.default})
            found += [(repair, {name: type(parameter.default)(value)}) for value in ladder]
    return found
