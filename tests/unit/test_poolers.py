"""Poolers on small tensors worked out by hand."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from simcse_core.encoders.poolers import poolers
from simcse_core.errors import DataError
from simcse_core.registry import inputs_of

STATES = {
    1: torch.tensor([[[1.0, 2.0], [3.0, 4.0], [99.0, 99.0]]]),
    -2: torch.tensor([[[5.0, 0.0], [7.0, 2.0], [-99.0, 99.0]]]),
    -1: torch.tensor([[[10.0, -20.0], [30.0, -40.0], [99.0, 99.0]]]),
}  # (1, 3, 2), the third token is padding
MASK = torch.tensor([[True, True, False]])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cls_before_pooler", [10.0, -20.0]),
        ("mean", [20.0, -30.0]),
        ("first_last", [11.0, -13.5]),
        ("last2", [13.0, -14.5]),
        ("max", [30.0, -20.0]),
    ],
)
def test_padding_never_counts(name: str, expected: list[float]) -> None:
    assert poolers[name](STATES, MASK).tolist() == [expected]


def test_cls_goes_through_the_head() -> None:
    assert poolers["cls"](STATES, MASK, lambda x: -x).tolist() == [[-10.0, 20.0]]


def test_mask_pooling_reads_its_token() -> None:
    assert poolers["mask"](STATES, MASK, torch.tensor([[False, True, False]])).tolist() == [[30.0, -40.0]]


@pytest.mark.parametrize("marks", [[True, True, False], [False, False, False], [False, False, True]])
def test_mask_pooling_needs_exactly_one_real_mask_token(marks: list[bool]) -> None:
    with pytest.raises(DataError, match="exactly one mask token"):
        poolers["mask"](STATES, MASK, torch.tensor([marks]))


@pytest.mark.parametrize("name", [n for n in poolers if inputs_of(poolers[n]) == ("hidden_states", "mask")])
def test_a_row_of_padding_alone_gives_zeros(name: str) -> None:
    found = poolers[name](STATES, torch.zeros_like(MASK))
    assert found.tolist() == [[0.0, 0.0]]


def test_mean_of_half_precision_is_summed_in_float32() -> None:
    states = torch.full((1, 4096, 1), 1.0, dtype=torch.bfloat16)
    assert poolers["mean"]({-1: states}, torch.ones(1, 4096, dtype=torch.bool)).item() == 1.0


def test_every_pooler_says_which_layers_it_reads_and_where_it_comes_from() -> None:
    for name in poolers:
        info = poolers.info(name)
        assert set(info.traits["layers"]) <= {1, -1, -2} and info.source and info.summary


def test_listing_poolers_and_encoders_does_not_import_torch() -> None:
    code = (
        "import sys; import simcse_core.encoders.poolers; from simcse_core.encoders import list_encoders; "
        "list_encoders(); print('torch' in sys.modules, 'transformers' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
