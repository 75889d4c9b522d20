"""Every preset, at the size of a test: it checks, trains, and says where its values come from."""

from __future__ import annotations

import pytest
from unit.training_factory import SENTENCES

from simcse_core.data.datasets import datasets
from simcse_core.data.records import ScoredPair, Triplet
from simcse_core.encoders import load_encoder
from simcse_core.presets import PRESETS
from simcse_core.training.fitting import fits
from simcse_core.training.trainer import Trainer

RECORDS = {
    "sentences": SENTENCES,
    "triples": [Triplet(a, a, b) for a, b in zip(SENTENCES, SENTENCES[5:], strict=False)],
    "scored_pairs": [ScoredPair(a, a, i % 6) for i, a in enumerate(SENTENCES)],
}


@pytest.mark.parametrize("name", list(PRESETS))
def test_a_preset_holds_together(name: str) -> None:
    preset = PRESETS[name]
    config = preset.config.check()
    kind = datasets.info(config.data.train).traits["kind"]
    assert config.preset == preset.name == name
    assert preset.title and preset.source
    assert fits(config.view.name, kind, config.loss.name)


@pytest.mark.parametrize("name", list(PRESETS))
def test_a_preset_trains_a_tiny_encoder(name: str, tiny_checkpoint) -> None:
    small = {"optim.batch_size": 4, "optim.device": "cpu", "optim.precision": "fp32"}
    config = PRESETS[name].config.with_settings(small).check()
    encoder = load_encoder(
        str(tiny_checkpoint), pooling=config.encoder.pooling, device="cpu", precision="fp32", dropout=0.1
    )
    if config.encoder.head == "mlp":
        encoder.attach_head()
    kind = datasets.info(config.data.train).traits["kind"]
    trainer = Trainer(config, encoder, RECORDS[kind])
    done = [trainer.advance() for _ in range(2)]
    assert all(step.grad_norm > 0 for step in done)
