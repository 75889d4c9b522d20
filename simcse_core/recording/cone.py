"""The cone, recorded: encoders read at every layer in every way, and what each repair does to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from simcse_core.data.datasets import load_dataset_records
from simcse_core.data.records import ScoredPairs
from simcse_core.encoders import Encoder, load_encoder
from simcse_core.encoders.poolers import poolers
from simcse_core.errors import DataError, EncoderError
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
    sample_sentences,
    state_key,
)
from simcse_core.evaluation.states import prompt_states
from simcse_core.postprocess import postprocessors
from simcse_core.recording.checkpoints import ENCODERS, present
from simcse_core.recording.provenance import made, made_alike, write_compact
from simcse_core.registry import params_of
from simcse_core.runs.files import write_json

REPAIRS = ("centering", "standardising", "component_removal", "whitening")
REPAIRED = "mean"  # the read-out whose repairs are recorded
BETWEEN = ("mean", "cls_before_pooler", "mask")  # read-outs recorded at the layers where no encoder ends
BEGINNING = 60  # sentences that the test encodes again
SAME = ("config", "versions", "seed")
"""What must agree before a broken recording is gone on with."""

Embeddings = NDArray[np.float32]


def record(out: Path, *, encoders: Sequence[str] = ENCODERS, sentences: int = SENTENCES) -> dict[str, Any]:
    """Read, repair, measure and write; encoders that are done are kept beside the file until all are.

    Args:
        out: Target file.
        encoders: Those that are on this machine are taken; one and its cuts (`minilm:4`) are read once.
        sentences: How many of the shipped sentences; a test takes fewer.
    """
    texts = [text for text, _ in sample_sentences(sentences)]
    pairs = cast(ScoredPairs, load_dataset_records("pairs"))
    how = made(
        "python -m simcse_core record cone",
        seed=0,
        device="cpu",
        precision="fp32",
        config={"sentences": sentences, "sentences_sha256": digest_of_texts(texts), "random_pairs": PAIRS,
                "shown": SHOWN, "scored_pairs": len(pairs), "repairs_fitted_on": "the sentences",
                "beginning": BEGINNING, "prompt": PROMPT},
    )  # fmt: skip
    partial = out.with_suffix(".partial.json")
    found = made_alike(partial, how, SAME)
    kept: dict[str, Any] = {} if found is None else found["encoders"]
    result: dict[str, Any] = {"made": how, "isotropic": {}, "encoders": {}}
    for name, cuts in ends(present(encoders)).items():
        encoder = load_encoder(name, pooling="mean", device="cpu", precision="fp32")
        known = kept.get(name)
        if known is None or (known["digest"], known["ends"]) != (encoder.digest, _last(cuts, encoder)):
            known = _encoder(encoder, cuts, texts, pairs)
        result["encoders"][name] = known
        result["isotropic"].setdefault(str(encoder.width), isotropic(sentences, encoder.width).to_dict())
        write_json(partial, result)
    write_compact(out, result)
    partial.unlink(missing_ok=True)
    return result


def ends(names: Sequence[str]) -> dict[str, list[int | None]]:
    """Whole encoder → the layers after which it and its cuts end; None for its last."""
    found: dict[str, list[int | None]] = {}
    for name in names:
        base, _, layers = name.rpartition(":") if name.rpartition(":")[2].isdecimal() else (name, "", "")
        found.setdefault(base, []).append(int(layers) if layers else None)
    return found


def _last(cuts: Sequence[int | None], encoder: Encoder) -> list[int]:
    return sorted({min(cut or encoder.layers, encoder.layers) for cut in cuts})


def _encoder(
    encoder: Encoder, cuts: Sequence[int | None], texts: Sequence[str], pairs: ScoredPairs
) -> dict[str, Any]:
    """Everything about one encoder and its cuts."""
    states: dict[str, dict[str, Any]] = {}
    curves: dict[str, dict[str, dict[str, float]]] = {}
    beginning: dict[str, float] = {}
    last = _last(cuts, encoder)
    for layer, pooling, rows, scored in _read(encoder, last, texts, pairs):
        try:
            curves.setdefault(pooling, {})[str(layer)] = layer_numbers(rows)
        except DataError:  # a row of zeros: its direction is not defined
            continue
        beginning[f"{layer}/{pooling}"] = layer_numbers(rows[:BEGINNING])["mean_cosine"]
        if layer in last or pooling in BETWEEN:
            repaired = layer in last and pooling == REPAIRED
            found = _states(layer, pooling, rows, scored, _settings() if repaired else ())
            states |= {key: spread.to_dict() for key, spread in found.items()}
    return {
        "digest": encoder.digest,
        "layers": encoder.layers,
        "dimension": encoder.width,
        "ends": last,
        "beginning": beginning,
        "curves": curves,
        "states": states,
    }


def _read(
    encoder: Encoder, last: Sequence[int], texts: Sequence[str], pairs: ScoredPairs
) -> Iterator[tuple[int, str, Embeddings, Scored]]:
    """The sentences and the pairs by every read-out: layer, pooling, embeddings, scored pairs.

    `cls` goes through a head made for the end of the network, so it is read only where an encoder ends.
    """
    both = [*texts, *pairs.first, *pairs.second]
    for layer in last:
        name = f"{encoder.name}:{layer}" if layer < encoder.layers else encoder.name
        try:
            headed = load_encoder(name, pooling="cls", device="cpu", precision="fp32")
        except EncoderError:  # no trained head
            continue
        yield layer, "cls", *_split(headed.encode(both, normalize=False), len(texts), pairs)
    plain = tuple(name for name in poolers if name not in {"cls", "mask"})
    every = encoder.encode_layers(both, poolings=plain, normalize=False)
    if encoder.mask_id is not None:
        every |= prompt_states(encoder, both, PROMPT)
    for layer, pooling in list(every):
        yield layer, pooling, *_split(every.pop((layer, pooling)), len(texts), pairs)


def _split(rows: Embeddings, count: int, pairs: ScoredPairs) -> tuple[Embeddings, Scored]:
    middle = count + len(pairs)
    return rows[:count], Scored(rows[count:middle], rows[middle:], pairs.score)


def _states(
    layer: int,
    pooling: str,
    rows: Embeddings,
    scored: Scored,
    settings: Sequence[tuple[str, Mapping[str, Any]]],
) -> dict[str, Spread]:
    found = {state_key(layer, pooling): measure(rows, scored=scored)}
    for repair, parameters in settings:
        try:
            processor = fitted(repair, rows, **parameters)
        except DataError:  # the rows vary in fewer directions; the page gives the reason when asked
            continue
        key = state_key(layer, pooling, repair, **parameters)
        found[key] = measure(rows, repair=processor, scored=scored)
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
