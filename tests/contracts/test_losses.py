"""What holds for every registered loss, those nobody has written yet included."""

from __future__ import annotations

import inspect

import pytest
import torch

from simcse_core.errors import ConfigError
from simcse_core.losses import losses
from simcse_core.registry import Range, accepts_of, checked, inputs_of, params_of


def example_batch(names: tuple[str, ...], rows: int = 6, dim: int = 8) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    made = {}
    for name in names:
        if name == "label":
            made[name] = torch.arange(rows) % 3
        elif name == "score":
            made[name] = torch.rand(rows, generator=generator) * 5
        else:
            made[name] = torch.randn(rows, dim, generator=generator).requires_grad_()
    return made


def build(name: str, dim: int = 8):
    target = losses[name]
    return target(dim) if inspect.isclass(target) else target


@pytest.mark.parametrize("name", list(losses))
def test_a_finite_scalar_with_gradients(name: str) -> None:
    for names in {inputs_of(losses[name]), accepts_of(losses[name])}:
        batch = example_batch(names)
        loss = build(name)(**batch)
        assert loss.ndim == 0 and loss.isfinite()
        loss.backward()
        for x in batch.values():
            assert not x.requires_grad or (x.grad.isfinite().all() and x.grad.abs().sum() > 0)


@pytest.mark.parametrize("name", list(losses))
def test_described(name: str) -> None:
    info = losses.info(name)
    assert info.title and info.source and info.equation and info.summary.endswith(".")
    for parameter in params_of(losses[name]).values():
        assert parameter.help
        assert parameter.check(parameter.default) == parameter.default
        if isinstance(parameter.allowed, Range):
            assert list(parameter.allowed.ladder) == sorted(parameter.allowed.ladder)
            assert all(parameter.check(rung) == rung for rung in parameter.allowed.ladder)
            with pytest.raises(ConfigError, match="allowed"):
                parameter.check(parameter.allowed.high * 2 + 1)
            with pytest.raises(ConfigError):
                parameter.check(float("nan"))


def test_unknown_names_list_what_there_is() -> None:
    with pytest.raises(ConfigError, match="info_nce"):
        losses["nonsense"]
    with pytest.raises(ConfigError, match="temperature"):
        checked("loss", "info_nce", losses["info_nce"], {"temprature": 0.1})
