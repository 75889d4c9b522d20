"""Papers as configurations: every value with its source, every deviation stated."""

from __future__ import annotations

from dataclasses import dataclass

from simcse_core.config import RunConfig
from simcse_core.errors import ConfigError


@dataclass(frozen=True)
class Preset:
    """A named configuration.

    Attributes:
        name: As given to `train --preset`.
        title: Human name.
        source: Where the values come from.
        deviations: What differs from the source and why; empty when nothing does.
        config: The configuration.
    """

    name: str
    title: str
    source: str
    deviations: tuple[str, ...]
    config: RunConfig


def _config(name: str, **settings: object) -> RunConfig:
    values = {key.replace("__", "."): value for key, value in settings.items()}
    plain = RunConfig().with_settings(values).to_dict()
    return RunConfig.from_dict({**plain, "preset": name})


_ALL = (
    Preset(
        "live",
        "Unsupervised SimCSE, live on a laptop",
        "Gao, Yao & Chen 2021, arXiv:2104.08821, sec. 3: batch 64, temperature 0.05, lr 3e-5, dropout 0.1",
        (
            "20 steps instead of 15,625, at the full rate: over its first 20 steps the published decay "
            "falls by 0.1 % only",
            "the first 4 layers of MiniLM with mean pooling instead of BERT-base with [CLS] and a head",
            "the shipped descriptions of scenes instead of a million Wikipedia sentences: in so few steps "
            "only sentences that share their frame teach the encoder to look past it (docs/decisions/0007)",
        ),
        _config("live", optim__schedule="constant", data__train="clips"),
    ),
    Preset(
        "live-stsb",
        "Unsupervised SimCSE, live, on sentences of STS-B",
        "as `live`",
        (
            "as `live`, but trained on the first 2,000 sentences of STS-B train, which describe video clips; "
            "needs the public STS files",
        ),
        _config(
            "live-stsb",
            optim__schedule="constant",
            data__train="stsb-train-sentences",
            data__limit=2000,
            evaluation__sets="stsb-test,pairs",
        ),
    ),
    Preset(
        "unsup-simcse",
        "Unsupervised SimCSE, as published for BERT-base",
        "princeton-nlp/SimCSE run_unsup_example.sh; arXiv:2104.08821, appendix A",
        (
            "bfloat16 instead of float16",
            "needs bert-base-uncased and wiki1m, fetched from the Hub on first use",
        ),
        _config(
            "unsup-simcse",
            encoder__name="bert-base-uncased",
            encoder__pooling="cls_before_pooler",
            encoder__head="mlp",
            encoder__max_length=32,
            optim__steps=15_625,
            optim__batch_size=64,
            data__train="wiki1m",
            evaluation__every=125,
            evaluation__sets="stsb-dev",
        ),
    ),
    Preset(
        "sup-simcse",
        "Supervised SimCSE on NLI triples",
        "princeton-nlp/SimCSE run_sup_example.sh; arXiv:2104.08821, sec. 4: lr 5e-5, batch 512, 3 epochs",
        (
            "the shipped triples, 40 steps of batch 64, on the first 4 layers of MiniLM with mean pooling: "
            "set encoder.name, data.train=nli-triples and optim.* for the published run",
        ),
        _config(
            "sup-simcse",
            view__name="records",
            optim__learning_rate=5e-5,
            optim__steps=40,
            data__train="triples",
        ),
    ),
)
PRESETS = {preset.name: preset for preset in _ALL}


def preset(name: str) -> Preset:
    """The preset called `name`.

    Raises:
        ConfigError: There is none; the message lists those there are.
    """
    try:
        return PRESETS[name]
    except KeyError:
        raise ConfigError(f"There is no preset {name!r}.", hint=f"There are: {', '.join(PRESETS)}.") from None
