"""Every preset, at the size of a test: it checks, trains, and says where its values come from."""

from __future__ import annotations

import pytest
from unit.training_factory import SENTENCES

from benchmarks import presets as table
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


@pytest.mark.parametrize("name", list(PRESETS))
def test_the_table_of_presets_keeps_all_but_encoder_steps_and_sets(name: str) -> None:
    """What `python -m benchmarks.presets` trains; text that is not on this machine is replaced."""
    own, sized = PRESETS[name].config.check(), table.test_sized(name, 7, {})
    assert (sized.encoder.name, sized.optim.steps, sized.seed) == ("minilm:4", table.STEPS, 7)
    assert (sized.view, sized.loss, sized.wrap) == (own.view, own.loss, own.wrap)
    assert sized.optim.learning_rate == own.optim.learning_rate
    assert sized.encoder.pooling == own.encoder.pooling


def test_the_table_tells_the_spread() -> None:
    def row(seed: int, after: float) -> dict:
        measured = {key: after for key in table.MEASURES}
        return {"preset": "live", "train": "clips", "seed": seed, "before": dict.fromkeys(measured, 1.0),
                "after": measured}  # fmt: skip

    told = table.table([row(42, 3.0), row(43, 1.5), row(44, 2.0)])
    assert "| 1.00 | 1.50 / 2.00 / 3.00 |" in told
    assert table.spread([1.0, None], 2) == "not defined"
