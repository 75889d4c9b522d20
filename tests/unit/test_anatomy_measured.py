"""The anatomy by automatic differentiation: equal to the closed form, and honest about other objectives."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Annotated, Any

import numpy as np
import pytest
import torch
from torch import Tensor

from simcse_core.errors import ConfigError, DataError
from simcse_core.losses import losses
from simcse_core.losses.layouts import LAYOUTS
from simcse_core.registry import Range
from simcse_core.theory.anatomy import anatomy
from simcse_core.theory.measured import anatomy_of

TEMPERATURE = Annotated[float, Range(0.001, 10.0, "Divides the cosine")]


def decoupled(similarities: Tensor, positive: Tensor, *, temperature: float = 0.1) -> Tensor:
    """The positive is not in the denominator, so the pull is 1/τ always."""
    logits = similarities / temperature
    own = logits.gather(1, positive[:, None])[:, 0]
    return (logits.scatter(1, positive[:, None], -torch.inf).logsumexp(dim=1) - own).mean()


def ranking(similarities: Tensor, positive: Tensor, *, margin: float = 0.2) -> Tensor:
    """Every negative of the batch against every positive of the batch: rows are not independent."""
    own = similarities.gather(1, positive[:, None])  # (R, 1)
    return (similarities.flatten()[None] - own + margin).clamp(min=0).square().mean()


def _unused(anchor: Tensor, positive: Tensor, *, temperature: TEMPERATURE = 0.1) -> Tensor:
    return (anchor * positive).sum() / temperature


def _margin(
    anchor: Tensor, positive: Tensor, *, margin: Annotated[float, Range(0, 2, "Margin")] = 0.2
) -> Tensor:
    return (anchor * positive).sum() + margin


@pytest.fixture
def extra() -> Iterator[None]:
    """Two more objectives in the registry, for the length of a test."""
    add: Any = losses.register
    about = {"title": "For a test", "source": "this test", "layout": "two_view"}
    add("decoupled_test", on_similarities=decoupled, **about)(_unused)
    add("ranking_test", on_similarities=ranking, **about)(_margin)
    add("embeddings_test", title="For a test", source="this test")(_unused)
    yield
    for name in ("decoupled_test", "ranking_test", "embeddings_test"):
        del losses._entries[name]


def batch(layout: str, seed: int = 0, **more: Any) -> tuple[Any, Any]:
    generator = torch.Generator().manual_seed(seed)
    tensors = [torch.randn(4, 6, generator=generator, dtype=torch.float64) for _ in range(2 + len(more))]
    similarities, positive = LAYOUTS[layout](*tensors)
    return similarities.numpy(), positive.numpy()


@pytest.mark.parametrize(
    ("name", "layout"), [("info_nce", "two_view"), ("info_nce_interleaved", "interleaved")]
)
@pytest.mark.parametrize("temperature", [0.001, 0.05, 1.0])
def test_it_equals_the_closed_form(name: str, layout: str, temperature: float) -> None:
    similarities, positive = batch(layout)
    measured = anatomy_of(name, similarities, positive, temperature=temperature)
    closed = anatomy(similarities, positive, temperature=temperature)
    for field in ("similarities", "probabilities", "shares", "gradient", "effective", "loss", "total_push"):
        ours, theirs = getattr(measured, field), getattr(closed, field)
        assert np.allclose(ours, theirs, rtol=1e-9, atol=1e-9 / temperature), field


def test_the_weight_of_hard_negatives_goes_through() -> None:
    similarities, positive = batch("two_view", negative=True)
    measured = anatomy_of("info_nce", similarities, positive, temperature=0.1, hard_weight=3.0)
    closed = anatomy(similarities, positive, temperature=0.1, hard_weight=3.0)
    assert np.allclose(measured.gradient, closed.gradient) and np.allclose(measured.shares, closed.shares)
    assert measured.probabilities is not None
    assert measured.loss is None  # a row alone does not know which hard negative is its own


def test_the_gradient_is_that_of_the_loss_on_embeddings() -> None:
    generator = torch.Generator().manual_seed(3)
    anchor, positive = (torch.randn(4, 6, generator=generator, dtype=torch.float64) for _ in range(2))
    anchor.requires_grad_()
    (slope,) = torch.autograd.grad(losses["info_nce"](anchor, positive, temperature=0.2), anchor)
    candidates = LAYOUTS["two_view"](anchor.detach(), positive)
    taken = anatomy_of(
        "info_nce", candidates.similarities.numpy(), candidates.positive.numpy(), temperature=0.2
    )
    from simcse_core.theory.anatomy import tangential_push

    for i in range(4):
        push = tangential_push(anchor.detach().numpy()[i], positive.numpy(), taken.gradient[i]).sum(axis=0)
        assert push / 4 == pytest.approx(-slope[i].numpy(), abs=1e-12)


def test_an_objective_that_is_no_softmax_has_no_probabilities(extra: None) -> None:
    similarities, positive = batch("two_view")
    found = anatomy_of("decoupled_test", similarities, positive, temperature=0.1)
    closed = anatomy(similarities, positive, temperature=0.1)
    rows = np.arange(4)
    assert found.probabilities is None
    assert np.allclose(found.gradient[rows, positive], -10)
    assert np.allclose(found.shares, closed.shares) and np.allclose(found.effective, closed.effective)
    assert found.loss is not None and closed.loss is not None
    assert np.allclose(np.logaddexp(0, found.loss), closed.loss)  # InfoNCE is softplus of the decoupled loss


def test_where_nothing_is_pushed_nothing_is_shared(extra: None) -> None:
    solved = np.where(np.eye(3, dtype=bool), 1.0, -1.0)
    found = anatomy_of("ranking_test", solved, [0, 1, 2])
    assert not found.shares.any() and not found.effective.any() and not found.total_push.any()
    mixed = anatomy_of("ranking_test", [[0.9, 0.8], [0.1, -0.9]], [0, 1], margin=0.5)
    assert mixed.loss is None and mixed.probabilities is None  # rows are not independent
    assert mixed.shares[0].tolist() == [0, 1]


def test_a_masked_candidate_has_no_gradient() -> None:
    similarities, positive = batch("interleaved")
    found = anatomy_of("info_nce_interleaved", similarities, positive)
    assert (np.diag(found.gradient) == 0).all() and np.isfinite(found.gradient).all()


def test_refusals_name_what_is_wrong(extra: None) -> None:
    similarities, positive = batch("two_view")
    with pytest.raises(ConfigError, match="no loss called"):
        anatomy_of("nothing", similarities, positive)
    with pytest.raises(ConfigError, match="does not act on similarities") as refusal:
        anatomy_of("embeddings_test", similarities, positive)
    assert "info_nce" in refusal.value.hint
    with pytest.raises(ConfigError, match="no parameter margin"):
        anatomy_of("info_nce", similarities, positive, margin=1.0)
    with pytest.raises(ConfigError, match="temperature"):
        anatomy_of("info_nce", similarities, positive, temperature=0.0)
    with pytest.raises(DataError):
        anatomy_of("info_nce", [[0.1, np.nan]], [0])


def test_every_objective_on_similarities_can_be_taken_apart() -> None:
    for name in losses:
        layout = losses.info(name).traits.get("layout")
        if losses.info(name).traits.get("on_similarities"):
            similarities, positive = batch(layout)
            found = anatomy_of(name, similarities, positive)
            assert np.isfinite(found.gradient).all() and (found.shares.sum(axis=1) < 1 + 1e-9).all(), name


def test_the_closed_forms_need_no_torch() -> None:
    code = (
        "import sys\n"
        "from simcse_core.theory import anatomy, charge, measured, temperatures\n"
        "temperatures.over_temperatures([0.8, 0.5], 0, [0.1]); charge.parting(0.1)\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
