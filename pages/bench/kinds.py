"""Pairs by kind: what they test, how much their lengths differ, how many words they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.bench.entries import pairs_of
from pages.bench.recorded import pairs as shipped
from pages.ui.text import catalogue, t
from simcse_core.bench import SHIPPED
from simcse_core.data.records import ScoredPairs
from simcse_core.evaluation.errors import (
    LENGTH_EDGES,
    OVERLAP_EDGES,
    Group,
    breakdown,
    group_differences,
    hardest,
    length_differences,
    ranges,
    word_overlaps,
)

BY = ("label", "length", "overlap")
"""Ways to sort pairs into kinds."""


@dataclass(frozen=True, eq=False)
class Kinds:
    """The pairs of a set by kind.

    Attributes:
        of: Kind of each pair, (n,).
        names: The kinds there are, in their order.
        lengths: Difference in words, (n,).
        overlaps: Share of common words, (n,).
    """

    of: tuple[str, ...]
    names: tuple[str, ...]
    lengths: NDArray[np.int64]
    overlaps: NDArray[np.float64]


def kinds_of(task: str, by: str) -> Kinds:
    """Sort the pairs of a set whose texts are known."""
    pairs = pairs_of(task) or shipped()
    return _kinds(task if pairs_of(task) is not None else SHIPPED, by, pairs)


@st.cache_data(max_entries=32, show_spinner=False)
def _kinds(task: str, by: str, _pairs: ScoredPairs) -> Kinds:
    lengths = length_differences(_pairs.first, _pairs.second)
    overlaps = word_overlaps(_pairs.first, _pairs.second)
    if by == "label":
        of = _pairs.labels or (task,) * len(_pairs)
        return Kinds(of, tuple(dict.fromkeys(of)), lengths, overlaps)
    numbers = ranges(lengths, LENGTH_EDGES) if by == "length" else ranges(overlaps, OVERLAP_EDGES)
    there = [f"{by}:{number}" for number in sorted(set(numbers.tolist()))]
    return Kinds(tuple(f"{by}:{number}" for number in numbers), tuple(there), lengths, overlaps)


def title(kind: str) -> str:
    """What a kind is called; as it stands in the data where it has no word."""
    by, _, number = kind.partition(":")
    if by == "length" and number.isdecimal():
        return t("bench.words", count=_length_range(int(number)))
    if by == "overlap" and number.isdecimal():
        low, high = (100 * end for end in (*OVERLAP_EDGES, 1.0)[int(number) : int(number) + 2])
        return t("bench.shared", low=f"{low:.0f}", high=f"{high:.0f}")
    word = kind.replace("-", "_")
    return t(f"bench.kind.{word}") if f"bench.kind.{word}" in catalogue() else kind


def _length_range(number: int) -> str:
    low = LENGTH_EDGES[number]
    if number + 1 == len(LENGTH_EDGES):
        return f"≥ {low}"
    high = LENGTH_EDGES[number + 1] - 1
    return f"{low}" if high == low else f"{low}–{high}"


@st.cache_data(max_entries=64, show_spinner=False)
def groups(errors: NDArray[np.float64], of: Sequence[str]) -> dict[str, Group]:
    """How wrong a checkpoint is on each kind."""
    return {group.name: group for group in breakdown(errors, of)}


differences = st.cache_data(max_entries=64, show_spinner=False)(group_differences)
hardest_of = st.cache_data(max_entries=64, show_spinner=False)(hardest)
