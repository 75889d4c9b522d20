"""The geometry of whole encoders: every layer by every pooling, single dimensions, tokens."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from simcse_core.data.datasets import load_dataset_records
from simcse_core.data.records import ScoredPairs
from simcse_core.encoders import Encoder, load_encoder
from simcse_core.errors import EncoderError
from simcse_core.evaluation.cone import PROMPT, SENTENCES, digest_of_texts, sample_sentences
from simcse_core.evaluation.geometry_of import TOKENS_SHOWN, geometry_of
from simcse_core.recording.checkpoints import ENCODERS, present
from simcse_core.recording.provenance import made, made_alike, write_compact
from simcse_core.runs.files import write_json

SEED = 0
SAME = ("config", "versions", "seed")
"""What must agree before a broken recording is gone on with."""


def record(
    out: Path, *, encoders: Sequence[str] = ENCODERS, sentences: int = SENTENCES, bootstrap: int = 1000
) -> dict[str, Any]:
    """Measure one encoder after the other; those that are done are kept beside the file until all are.

    Args:
        out: Target file.
        encoders: Those that are on this machine are taken; cuts of one that is taken whole are in it.
        sentences: How many of the shipped sentences; a test takes fewer.
        bootstrap: Resamples of the intervals.
    """
    texts = [text for text, _ in sample_sentences(sentences)]
    pairs = cast(ScoredPairs, load_dataset_records("pairs"))
    how = made(
        "python -m simcse_core record geometry",
        seed=SEED,
        device="cpu",
        precision="fp32",
        config={"sentences": sentences, "sentences_sha256": digest_of_texts(texts), "prompt": PROMPT,
                "scored_pairs": len(pairs), "tokens_shown": TOKENS_SHOWN, "bootstrap": bootstrap},
    )  # fmt: skip
    partial = out.with_suffix(".partial.json")
    found = made_alike(partial, how, SAME)
    result: dict[str, Any] = {"made": how, "encoders": {} if found is None else found["encoders"]}
    names = _without_cuts(present(encoders))
    for name in names:
        encoder, headed = _loaded(name)
        known = result["encoders"].get(name)
        if known is None or known["digest"] != encoder.digest:
            measured = geometry_of(encoder, texts, pairs, headed=headed, seed=SEED, bootstrap=bootstrap)
            result["encoders"][name] = {"digest": encoder.digest, **measured.to_dict()}
            write_json(partial, result)
    result["encoders"] = {name: result["encoders"][name] for name in names}
    write_compact(out, result)
    partial.unlink(missing_ok=True)
    return result


def _without_cuts(names: Sequence[str]) -> list[str]:
    return [name for name in names if ":" not in name or name.rpartition(":")[0] not in names]


def _loaded(name: str) -> tuple[Encoder, Encoder | None]:
    """The encoder, and once more with its head, where it has one."""
    encoder = load_encoder(name, pooling="mean", device="cpu", precision="fp32")
    try:
        return encoder, load_encoder(name, pooling="cls", device="cpu", precision="fp32")
    except EncoderError:
        return encoder, None
