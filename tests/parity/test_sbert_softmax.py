"""Sentence-BERT's classifier: every concatenation by loops, its start, and labels that are no class."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from unit.losses_factory import batch, same

from simcse_core.errors import DataError
from simcse_core.losses.sbert_softmax import FEATURES, SbertSoftmax


def read(u: Tensor, v: Tensor, features: str) -> list[Tensor]:
    found = []
    for part in features.split("+"):
        if part == "uv":
            found += [*u, *v]
        elif part == "diff":
            found += [x - y if float(x) > float(y) else y - x for x, y in zip(u, v, strict=True)]
        else:
            found += [x * y for x, y in zip(u, v, strict=True)]
    return found


@pytest.mark.parametrize("features", FEATURES)
@pytest.mark.parametrize("label", [[2], [0, 1, 2, 0, 1], [1, 1]], ids=str)
@pytest.mark.filterwarnings("ignore:Converting a tensor")
def test_equals_loops_in_the_embeddings_and_in_the_classifier(features: str, label: list[int]) -> None:
    torch.manual_seed(0)
    loss = SbertSoftmax(4, features=features, classes=3).double()
    weight, bias = loss.classifier.weight, loss.classifier.bias

    def loops(u: Tensor, v: Tensor, w: Tensor, b: Tensor) -> Tensor:
        total = torch.zeros((), dtype=torch.float64)
        for x, y, own in zip(u, v, label, strict=True):
            values = read(x, y, features)
            logits = [
                sum(a * f for a, f in zip(row, values, strict=True)) + c for row, c in zip(w, b, strict=True)
            ]
            total = total - logits[own] + torch.log(sum(z.exp() for z in logits))
        return total / len(label)

    leaves = [*batch(len(label), 4, seed=1), weight, bias]
    same(lambda u, v, w, b: loss(u, v, torch.tensor(label)), loops, leaves)


def test_width_of_the_classifier_and_its_start() -> None:
    widths = {"uv+diff": 12, "uv": 8, "diff": 4, "prod": 4, "diff+prod": 8, "uv+prod": 12, "uv+diff+prod": 16}
    for features in FEATURES:
        torch.manual_seed(0)
        made = SbertSoftmax(4, features=features, classes=2).classifier
        torch.manual_seed(0)
        plain = torch.nn.Linear(widths[features], 2)
        assert torch.equal(made.weight, plain.weight) and torch.equal(made.bias, plain.bias)


@pytest.mark.parametrize("classes", [2, 3])
def test_equal_logits_cost_log_k(classes: int) -> None:
    loss = SbertSoftmax(4, classes=classes)
    torch.nn.init.zeros_(loss.classifier.weight)
    torch.nn.init.zeros_(loss.classifier.bias)
    u, v = (x.detach().float() for x in batch(4, 4))
    assert float(loss(u, v, torch.tensor([0, 1, 0, 1])).detach()) == pytest.approx(math.log(classes))


def test_swapping_the_sides_matters_only_where_they_are_read_themselves() -> None:
    u, v = (x.detach().float() for x in batch(5, 4))
    label = torch.tensor([0, 1, 2, 1, 0])
    for features in FEATURES:
        loss = SbertSoftmax(4, features=features)
        alike = torch.allclose(loss(u, v, label), loss(v, u, label))
        assert alike == ("uv" not in features)


def test_equal_sides_have_no_gradient_through_the_difference() -> None:
    u = torch.ones(3, 4, requires_grad=True)
    v = torch.ones(3, 4, requires_grad=True)
    SbertSoftmax(4, features="diff")(u, v, torch.tensor([0, 1, 2])).backward()
    assert u.grad.abs().max() == 0 and v.grad.abs().max() == 0


def test_gradcheck() -> None:
    torch.manual_seed(0)
    loss = SbertSoftmax(3, features="uv+diff+prod", classes=2).double()
    assert torch.autograd.gradcheck(lambda u, v: loss(u, v, torch.tensor([0, 1, 1])), batch(3, 3))


@pytest.mark.parametrize("label", [[0, 3], [-1, 0], [0.5, 1.0]], ids=str)
def test_refuses_labels_that_are_no_class(label: list[float]) -> None:
    u, v = (x.detach().float() for x in batch(2, 4))
    with pytest.raises(DataError, match="whole numbers from 0 to 2"):
        SbertSoftmax(4)(u, v, torch.tensor(label))
