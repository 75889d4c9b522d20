"""The scored pairs that recordings of many short runs are measured on."""

from __future__ import annotations

from pathlib import Path

from simcse_core.data.records import ScoredPairs
from simcse_core.training.evaluation import CLOSE, scored_sets

LEAD, SHIPPED = "stsb-test", "pairs"
STRIDES = {LEAD: 3, SHIPPED: 1}
"""Set → of how many pairs one is measured. The public set is sampled to keep many runs affordable; the other
is whole, so that a run of the training lab is measured on the same sentences."""


def measured_sets(sts: Path | None) -> dict[str, ScoredPairs]:
    """The measured pairs by name, the leading set first; the shipped ones alone without `sts`."""
    found = scored_sets(SHIPPED)
    if sts is not None:
        from simcse_core.data.readers import read_scored_pairs

        found = {LEAD: read_scored_pairs(sts / "STS-B" / "test.tsv"), **found}
    return {name: pairs[:: STRIDES[name]] for name, pairs in found.items()}


def described(name: str, pairs: ScoredPairs) -> dict[str, int]:
    """How large the measured sample of a set is: stride, pairs, sentences, and positives among the pairs."""
    close = int((pairs.score > CLOSE).sum())
    return {
        "stride": STRIDES[name], "pairs": len(pairs), "sentences": len(pairs.sentences()), "positives": close,
    }  # fmt: skip
