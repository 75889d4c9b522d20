from __future__ import annotations

import torch

from simcse_core.training.moments import pack, unpack


def test_whole_again_bit_for_bit() -> None:
    generator = torch.Generator().manual_seed(0)
    table = torch.zeros(50, 4)
    table[[3, 7, 49]] = torch.randn(3, 4, generator=generator)
    dense = torch.randn(6, 4, generator=generator)
    for value in (table, dense, torch.zeros(50, 4), torch.randn(5, generator=generator), torch.tensor(3.0)):
        state = {**pack("adam.1.exp_avg", value), **pack("adam.10.exp_avg", dense)}
        found = unpack("adam.1.", state, like=torch.empty(value.shape))
        assert list(found) == ["exp_avg"] and torch.equal(found["exp_avg"], value)
        assert found["exp_avg"].dtype == value.dtype


def test_rows_that_are_zero_are_left_out() -> None:
    table = torch.zeros(1000, 8)
    table[5] = 1.0
    assert sum(t.numel() for t in pack("m", table).values()) == 9
    assert list(pack("m", torch.ones(10, 2))) == ["m"]
