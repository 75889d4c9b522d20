"""Gradient caching: parameter gradients equal those of the whole batch, with dropout on."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from simcse_core import load_encoder
from simcse_core.errors import DataError, TrainingError
from simcse_core.losses import losses
from simcse_core.losses.wrappers import encode_cached

B = 7


class Embedder(nn.Module):
    """Two layers with dropout between them."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(5, 16), nn.Tanh(), nn.Dropout(0.3), nn.Linear(16, 8), nn.Dropout(0.1)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


def chunks_of(x: Tensor, size: int) -> list[Tensor]:
    return list(x.split(size))


def plain(encode: Callable[[Tensor], Tensor], chunks: list[Tensor]) -> Tensor:
    return torch.cat([encode(chunk) for chunk in chunks])


def gradients(
    how: Callable[..., Tensor], size: int, objective: str, factor: float = 1.0
) -> tuple[float, dict[str, Tensor], Tensor]:
    """Loss, all gradients (those of the objective's own weights too) and the random state afterwards."""
    torch.manual_seed(0)
    encoder = Embedder().double()
    target = losses[objective]
    loss = target(8).double() if isinstance(target, type) else target
    x = torch.randn(2 * B, 5, dtype=torch.float64)
    first, second = how(encoder, chunks_of(x, size)).chunk(2)
    label = {"label": torch.arange(B) % 3} if objective == "sbert_softmax" else {}
    value = loss(first, second, **label)
    (factor * value).backward()
    found = {name: p.grad for name, p in encoder.named_parameters()}
    if isinstance(loss, nn.Module):
        found |= {f"loss.{name}": p.grad for name, p in loss.named_parameters()}
    return float(value.detach()), found, torch.get_rng_state()


@pytest.mark.parametrize("size", [1, 3, 2 * B])
@pytest.mark.parametrize("objective", ["info_nce", "gs_info_nce", "vicreg", "sbert_softmax"])
def test_value_gradients_and_random_state_equal_the_plain_ones(objective: str, size: int) -> None:
    """Noise drawn by the objective included; float64, to 1e-12."""
    value, found, state = gradients(plain, size, objective)
    cached, again, after = gradients(encode_cached, size, objective)
    assert cached == pytest.approx(value, abs=1e-12)
    assert found.keys() == again.keys()
    for name, gradient in found.items():
        assert (gradient - again[name]).abs().max() < 1e-12
    assert torch.equal(state, after)


def test_a_factor_on_the_loss_multiplies_through() -> None:
    _, one, _ = gradients(encode_cached, 3, "info_nce")
    _, half, _ = gradients(encode_cached, 3, "info_nce", factor=0.5)
    assert all(torch.allclose(one[name] / 2, half[name], atol=1e-14) for name in one)


def test_accumulation_is_not_the_same() -> None:
    """What gradient accumulation does instead: each chunk with its own negatives only."""
    _, whole, _ = gradients(plain, 2 * B, "info_nce")
    torch.manual_seed(0)
    encoder = Embedder().double()
    x = torch.randn(2 * B, 5, dtype=torch.float64)
    for part in (slice(0, 3), slice(3, B)):
        a, p = encoder(torch.cat([x[:B][part], x[B:][part]])).chunk(2)
        (losses["info_nce"](a, p) / 2).backward()
    name = "layers.0.weight"
    assert (whole[name] - dict(encoder.named_parameters())[name].grad).abs().max() > 1e-3


def test_only_one_chunk_has_a_graph_at_a_time() -> None:
    encoder = Embedder()
    alive: list[int] = []

    class Watch(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x: Tensor) -> Tensor:
            alive.append(1)
            return x.clone()

        @staticmethod
        def backward(ctx, gradient: Tensor) -> Tensor:
            alive.append(-1)
            return gradient

    def encode(x: Tensor) -> Tensor:
        rows = encoder(x)
        return Watch.apply(rows) if torch.is_grad_enabled() else rows

    rows = encode_cached(encode, chunks_of(torch.randn(12, 5), 3))
    assert alive == []  # no graph at all before the backward pass
    rows.square().sum().backward()
    assert alive == [1, -1] * 4


@pytest.mark.parametrize("size", [1, 4, 12])
def test_the_projects_own_encoder_with_dropout(tiny_checkpoint: Path, size: int) -> None:
    """float32 and packed by length inside, hence 1e-5 of the largest gradient."""
    encoder = load_encoder(str(tiny_checkpoint), dropout=0.1, precision="fp32", device="cpu").train()
    texts = [
        f"the {word} is near the {other}" for word in ("cat", "dog") for other in ("tree", "red house", "man")
    ]
    chunks = [(texts * 2)[i : i + size] for i in range(0, 12, size)]
    found = []
    for how in (plain, encode_cached):
        torch.manual_seed(1)
        encoder.zero_grad()
        losses["info_nce"](*how(encoder.forward_train, chunks).chunk(2)).backward()
        found.append({n: p.grad.clone() for n, p in encoder.named_parameters() if p.grad is not None})
    assert found[0].keys() == found[1].keys() and len(found[0]) > 10
    for name, gradient in found[0].items():
        assert (gradient - found[1][name]).abs().max() <= 1e-5 * max(1.0, float(gradient.abs().max())), name


def test_under_autocast_the_second_pass_is_cast_too() -> None:
    """Equal but for bfloat16's rounding of sums, which differs with the order of adding."""
    torch.manual_seed(0)
    encoder, x = Embedder(), torch.randn(6, 5)
    found, dtypes = [], []
    for how in (plain, encode_cached):
        torch.manual_seed(2)
        copied = copy.deepcopy(encoder)

        def encode(chunk: Tensor, copied: Embedder = copied) -> Tensor:
            rows = copied(chunk)
            dtypes.append(rows.dtype)
            return rows

        with torch.autocast("cpu", dtype=torch.bfloat16):
            rows = how(encode, chunks_of(x, 2))
        rows.float().square().sum().backward()
        found.append([p.grad for p in copied.parameters()])
    assert dtypes == [torch.bfloat16] * 9  # three chunks, once and then twice
    for one, other in zip(*found, strict=True):
        assert (one - other).abs().max() <= 0.01 * one.abs().max()


def test_without_gradients_nothing_is_kept() -> None:
    with torch.no_grad():
        rows = encode_cached(Embedder(), chunks_of(torch.randn(4, 5), 2))
    assert not rows.requires_grad


def test_randomness_from_elsewhere_is_refused_and_the_random_state_survives() -> None:
    generator = np.random.default_rng(0)
    encoder = Embedder()
    rows = encode_cached(lambda x: encoder(x) * float(generator.random()), chunks_of(torch.randn(4, 5), 2))
    state = torch.get_rng_state()
    with pytest.raises(TrainingError, match="torch's generators only"):
        rows.sum().backward()
    assert torch.equal(state, torch.get_rng_state())
    with pytest.raises(DataError, match="no chunks"):
        encode_cached(encoder, [])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("size", [1, 3, 2 * B])
def test_the_devices_random_state_is_replayed(size: int) -> None:
    found = []
    for how in (plain, encode_cached):
        torch.manual_seed(0)
        encoder = Embedder().double().cuda()
        x = torch.randn(2 * B, 5, dtype=torch.float64).cuda()
        losses["info_nce"](*how(encoder, chunks_of(x, size)).chunk(2)).backward()
        found.append([p.grad for p in encoder.parameters()])
    for one, other in zip(*found, strict=True):
        assert (one - other).abs().max() < 1e-12
