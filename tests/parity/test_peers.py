"""Every objective with a peer against it: value and gradient on random batches in float64."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.peers import PEERS, Peer, differences
from simcse_core.losses import losses


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: f"{peer.objective}: {peer.told}")
@pytest.mark.parametrize(("rows", "dim"), [(6, 4), (16, 10), (33, 6)])
def test_value_and_gradient_equal_the_peer(peer: Peer, rows: int, dim: int) -> None:
    pytest.importorskip(peer.path)
    for seed in range(3):
        value, gradient = differences(peer, peer.batch(rows, dim, seed))
        assert value <= peer.tolerance and gradient <= peer.tolerance


def test_every_objective_is_compared_with_something() -> None:
    """With a peer here, or with its formula as loops in a file of this folder."""
    written = "".join(file.read_text(encoding="utf-8") for file in Path(__file__).parent.glob("test_*.py"))
    with_loops = {name for name in losses if f"from simcse_core.losses.{name} import" in written}
    assert {peer.objective for peer in PEERS} | with_loops == set(losses)


def test_the_comparison_can_fail() -> None:
    right = next(peer for peer in PEERS if peer.objective == "cosine_signed")
    batch = right.batch(8, 4, 0)
    assert max(differences(right, batch)) < 1e-9
    other = next(peer for peer in PEERS if peer.objective == "cosine_margin")
    wrong = Peer("cosine_signed", "another margin", "torch.nn", other.theirs)
    assert min(differences(wrong, batch)) > 1e-2
