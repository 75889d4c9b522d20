from __future__ import annotations

from pathlib import Path

import torch
from unit.encoder_factory import make_checkpoint

from simcse_core.encoders import load_encoder
from simcse_core.training.gradients import WordGradients
from simcse_core.training.optim import clip

BATCHES = (["a small dog runs", "the cat sleeps"], ["the dog", "rain on the roof"])


def gradients(folder: Path, *, sparse: bool) -> list[dict[str, torch.Tensor]]:
    encoder = load_encoder(str(folder), precision="fp32", device="cpu", dropout=0.0)
    words = WordGradients(encoder.model, torch.device("cpu" if sparse else "meta"))
    found = []
    for texts in BATCHES:
        encoder.zero_grad(set_to_none=True)
        encoder.train().forward_train(texts).square().sum().backward()
        words.make_dense(encoder.parameters())
        found.append({name: p.grad.clone() for name, p in encoder.named_parameters() if p.grad is not None})
    return found


def test_the_optimiser_sees_the_gradients_of_a_dense_embedding(tmp_path: Path) -> None:
    """The second batch meets other words: what the first one left must be gone."""
    folder = make_checkpoint(tmp_path / "tiny", "bert")
    for dense, sparse in zip(gradients(folder, sparse=False), gradients(folder, sparse=True), strict=True):
        assert dense.keys() == sparse.keys()
        for name, value in dense.items():
            assert sparse[name].layout == torch.strided
            torch.testing.assert_close(sparse[name], value, rtol=1e-6, atol=1e-7)


def test_clipping_equals_torch() -> None:
    for largest in (0.5, 100.0):
        ours, theirs = (torch.nn.Parameter(torch.zeros(4, 3)) for _ in range(2))
        ours.grad, theirs.grad = torch.full((4, 3), 2.0), torch.full((4, 3), 2.0)
        norm = clip([ours, torch.nn.Parameter(torch.zeros(2))], largest)
        assert norm == float(torch.nn.utils.clip_grad_norm_([theirs], largest))
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=0, atol=0)


def test_no_largest_norm_leaves_the_gradient() -> None:
    parameter = torch.nn.Parameter(torch.zeros(3))
    parameter.grad = torch.tensor([3.0, 0.0, 4.0])
    assert clip([parameter], 0.0) == 5.0
    assert parameter.grad.tolist() == [3.0, 0.0, 4.0]
