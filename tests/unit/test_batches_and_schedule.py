from __future__ import annotations

import pytest

from simcse_core.config import OptimConfig
from simcse_core.errors import DataError
from simcse_core.training.batches import Batches
from simcse_core.training.optim import learning_rate_at


def test_every_record_once_an_epoch_in_a_new_order() -> None:
    batches = Batches([str(i) for i in range(20)], size=5, seed=1)
    first = [x for step in range(4) for x in batches.at(step)]
    second = [x for step in range(4, 8) for x in batches.at(step)]
    assert sorted(first) == sorted(second) and first != second


def test_any_step_can_be_asked_for_first() -> None:
    one, other = Batches(range(50), size=7, seed=3), Batches(range(50), size=7, seed=3)
    expected = [one.at(step) for step in range(20)]
    assert other.at(17) == expected[17] and other.at(2) == expected[2]
    assert Batches(range(50), size=7, seed=4).at(0) != expected[0]


def test_too_few_records() -> None:
    with pytest.raises(DataError, match="needs 8 training records and there are 7"):
        Batches(range(7), size=8, seed=0)


def test_linear_decay_ends_at_zero_and_warms_up() -> None:
    config = OptimConfig(steps=10, learning_rate=1.0)
    assert [learning_rate_at(s, config) for s in (0, 5, 9, 10)] == pytest.approx([1.0, 0.5, 0.1, 0.0])
    warm = OptimConfig(steps=10, learning_rate=1.0, warmup=0.2)
    assert [learning_rate_at(s, warm) for s in (0, 1, 2, 10)] == pytest.approx([1 / 3, 2 / 3, 1.0, 0.0])
    steady = OptimConfig(steps=10, learning_rate=1.0, warmup=0.2, schedule="constant")
    assert [learning_rate_at(s, steady) for s in (0, 2, 9)] == pytest.approx([1 / 3, 1.0, 1.0])
