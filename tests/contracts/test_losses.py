"""What holds for every registered loss, those nobody has written yet included."""

from __future__ import annotations

import inspect

import pytest
import torch
from torch import Tensor

from simcse_core.errors import ConfigError, DataError
from simcse_core.losses import losses
from simcse_core.losses.layouts import LAYOUTS
from simcse_core.registry import Range, accepts_of, checked, inputs_of, params_of

ROLES = {"anchor", "positive", "negative", "first", "second", "embedding", "label", "score"}
LABELS = {"binary": 2, "class": 3, "group": 3}  # trait `label` -> how many different ones are given
ON_SIMILARITIES = [name for name in losses if "layout" in losses.info(name).traits]


def example_batch(name: str, roles: tuple[str, ...], rows: int = 6, dim: int = 8) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    made = {}
    for role in roles:
        if role == "label":
            made[role] = torch.arange(rows) % LABELS[losses.info(name).traits["label"]]
        elif role == "score":
            made[role] = torch.linspace(0, 1, rows)
        else:
            made[role] = torch.randn(rows, dim, generator=generator).requires_grad_()
    return made


def build(name: str, dim: int = 8):
    target = losses[name]
    return target(dim) if inspect.isclass(target) else target


def embeddings_of(batch: dict[str, Tensor]) -> dict[str, Tensor]:
    return {role: x for role, x in batch.items() if x.ndim == 2}


@pytest.mark.parametrize("name", list(losses))
def test_a_finite_scalar_with_gradients(name: str) -> None:
    for roles in {inputs_of(losses[name]), accepts_of(losses[name])}:
        assert set(roles) <= ROLES
        batch = example_batch(name, roles)
        loss = build(name)(**batch)
        assert loss.ndim == 0 and loss.isfinite()
        loss.backward()
        for x in embeddings_of(batch).values():
            assert x.grad.isfinite().all() and x.grad.abs().sum() > 0


@pytest.mark.parametrize("name", list(losses))
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32_at_the_smallest_temperature(name, dtype: torch.dtype) -> None:
    """The value is that of the same numbers in float32, and the gradients come back in the given dtype."""
    roles = accepts_of(losses[name])
    settings = {"temperature": 0.001} if "temperature" in params_of(losses[name]) else {}
    halves = example_batch(name, roles)
    halves |= {
        r: x.detach().to(dtype).requires_grad_() for r, x in embeddings_of(example_batch(name, roles)).items()
    }
    floats = halves | {r: x.detach().float() for r, x in embeddings_of(halves).items()}
    values = []
    for batch in (halves, floats):
        torch.manual_seed(0)
        target = losses[name]
        made = target(8, **settings)(**batch) if inspect.isclass(target) else target(**batch, **settings)
        values.append(made)
    assert values[0].dtype == torch.float32 and torch.equal(values[0], values[1])
    values[0].backward()
    for x in embeddings_of(halves).values():
        assert x.grad.dtype == dtype and x.grad.isfinite().all()


@pytest.mark.parametrize("name", list(losses))
def test_refuses_tensors_that_do_not_fit(name: str) -> None:
    roles = accepts_of(losses[name])
    for role in roles:
        batch = example_batch(name, roles)
        batch[role] = batch[role][:-1].detach()
        if len(roles) > 1:
            with pytest.raises(DataError):
                build(name)(**batch)
    empty = {role: x[:0].detach() for role, x in example_batch(name, roles).items()}
    with pytest.raises(DataError, match="non-empty"):
        build(name)(**empty)


@pytest.mark.parametrize("name", list(losses))
@pytest.mark.parametrize("number", [1.0, 0.0])
def test_coinciding_rows_have_finite_gradients(name: str, number: float) -> None:
    """All embeddings the same: every distance is 0, every cosine 1, or 0 where the rows are zeros."""
    batch = example_batch(name, accepts_of(losses[name]))
    batch |= {role: torch.full_like(x, number).requires_grad_() for role, x in embeddings_of(batch).items()}
    loss = build(name)(**batch)
    assert loss.isfinite()
    loss.backward()
    assert all(x.grad is None or x.grad.isfinite().all() for x in embeddings_of(batch).values())


@pytest.mark.parametrize("name", list(losses))
def test_the_order_of_the_batch_does_not_matter(name: str) -> None:
    batch = {role: x.detach().double() for role, x in example_batch(name, accepts_of(losses[name])).items()}
    order = torch.tensor([4, 0, 5, 2, 1, 3])
    values = []
    for tensors in (batch, {role: x[order] for role, x in batch.items()}):
        torch.manual_seed(0)
        target = build(name)
        loss = target.double() if isinstance(target, torch.nn.Module) else target
        values.append(float(loss(**tensors).detach()))
    assert values[1] == pytest.approx(values[0], abs=1e-9)


@pytest.mark.parametrize("name", list(losses))
def test_one_row_is_learnt_from_or_refused(name: str) -> None:
    """Never a silent 0: near rows, so that margins of distances and cosines are all broken."""
    generator = torch.Generator().manual_seed(0)
    batch = example_batch(name, accepts_of(losses[name]), rows=1)
    batch |= {
        role: (1 + 0.01 * torch.randn(x.shape, generator=generator)).requires_grad_()
        for role, x in embeddings_of(batch).items()
    }
    try:
        loss = build(name)(**batch)
    except DataError as error:
        assert error.message
        return
    loss.backward()
    assert all(x.grad.abs().sum() > 0 for x in embeddings_of(batch).values())


@pytest.mark.parametrize("name", ON_SIMILARITIES)
def test_the_form_on_similarities_is_the_same_loss(name: str) -> None:
    """Of every one that has it, with its defaults given, and with a permuted order of the columns."""
    info = losses.info(name)
    batch = example_batch(name, accepts_of(losses[name]))
    settings = {key: p.default for key, p in params_of(info.target).items()}
    similarities, positive = LAYOUTS[info.traits["layout"]](**batch)
    direct = info.target(**batch)
    taken_apart = info.traits["on_similarities"]
    assert torch.allclose(taken_apart(similarities, positive), direct, rtol=1e-6)
    assert torch.allclose(taken_apart(similarities, positive, **settings), direct, rtol=1e-6)
    order = torch.randperm(similarities.shape[1], generator=torch.Generator().manual_seed(1))
    shuffled = taken_apart(similarities[:, order], order.argsort()[positive], **settings)
    assert torch.allclose(shuffled, direct, rtol=1e-5)


@pytest.mark.parametrize("name", list(losses))
def test_described(name: str) -> None:
    info = losses.info(name)
    assert info.title and info.source and info.equation and info.summary.endswith(".")
    assert ("label" in accepts_of(info.target)) == ("label" in info.traits)
    assert ("layout" in info.traits) == ("on_similarities" in info.traits)
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
