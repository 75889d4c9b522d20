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


LIVE = {"optim__schedule": "constant", "optim__learning_rate": 1e-4}
"""What twenty steps need, whatever the view and the loss: see docs/decisions/0008."""

_ALL = (
    Preset(
        "live",
        "Unsupervised SimCSE, live on a laptop",
        "Gao, Yao & Chen 2021, arXiv:2104.08821, sec. 3: batch 64, temperature 0.05, lr 3e-5, dropout 0.1",
        (
            "20 steps instead of 15,625, at a constant rate of 1e-4: chosen on STS-B dev for so few steps "
            "(docs/decisions/0008)",
            "the first 4 layers of MiniLM with mean pooling instead of BERT-base with [CLS] and a head",
            "the shipped descriptions of scenes instead of a million Wikipedia sentences: in so few steps "
            "sentences that share their frame teach the encoder most (docs/decisions/0007)",
        ),
        _config("live", **LIVE, data__train="clips"),
    ),
    Preset(
        "live-stsb",
        "Unsupervised SimCSE, live, on sentences of STS-B",
        "as `live`",
        (
            "as `live`, but at 3e-5 and trained on the first 2,000 sentences of STS-B train, which describe "
            "video clips, many of them the same one; needs the public STS files",
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
        "lab-unsup",
        "Unsupervised SimCSE from this project's masked language model",
        "as `live`",
        (
            "from `lab-base` instead of MiniLM; 60 steps whose rate falls from 5e-5 to 0, which keeps the "
            "alignment (docs/encoders.md)",
        ),
        _config(
            "lab-unsup",
            encoder__name="lab-base",
            optim__schedule="linear",
            optim__learning_rate=5e-5,
            optim__steps=60,
            data__train="clips",
            evaluation__every=10,
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
    Preset(
        "esimcse",
        "ESimCSE: word repetition and a momentum queue",
        "Wu et al. 2022, arXiv:2109.04380, sec. 3 and 4.1: rate 0.32, queue 2.5 x 64, momentum 0.995",
        (
            "encoder, text, learning rate and number of steps of `live`",
            "sub-words are repeated anew at every step, where the released code repeats once for all epochs",
        ),
        _config(
            "esimcse",
            view__name="repetition",
            wrap__queue=160,
            **LIVE,
            data__train="clips",
        ),
    ),
    Preset(
        "promptbert",
        "PromptBERT: two templates, read at the mask, denoised",
        "Jiang et al. 2022, arXiv:2201.04337, sec. 4.2 and the released code; lr 1e-5, temperature 0.05",
        (
            "the learning rate of `live`",
            "batch 64 instead of 256 and 20 steps instead of one epoch of a million sentences",
            "the shipped descriptions of scenes",
            "MiniLM's first 4 layers, which were trained by contrast after their masked-LM days: set "
            "encoder.name=bert-base-uncased for the published start",
        ),
        _config(
            "promptbert",
            encoder__pooling="mask",
            encoder__template='This sentence of "[X]" means [MASK].',
            view__name="prompt",
            **LIVE,
            data__train="clips",
        ),
    ),
    Preset(
        "gs-infonce",
        "GS-InfoNCE: Gaussian noise as negatives",
        "Wu et al. 2021, arXiv:2109.04321, sec. 3 and 4.1: 3 x 64 noise vectors, temperature 0.05",
        (
            "encoder, text, learning rate and number of steps of `live`; dropout 0.1 instead of 0.2",
            "no sigma: the cosine with a noise vector does not depend on its length",
        ),
        _config("gs-infonce", loss__name="gs_info_nce", **LIVE, data__train="clips"),
    ),
    Preset(
        "consert",
        "ConSERT: features cut off against shuffled tokens",
        "Yan et al. 2021, arXiv:2105.11741, sec. 3.2, and the released unsup-consert-base.sh: batch 96, "
        "lr 5e-7, temperature 0.1, 20 % of the features, no dropout, mean of the last two layers",
        (
            "encoder, text, learning rate and number of steps of `live`",
            "the mean of the loss over all rows; the released code sums both directions, times 0.15",
            "[CLS] and [SEP] keep their places when tokens are shuffled",
        ),
        _config(
            "consert",
            encoder__pooling="last2",
            encoder__dropout=0.0,
            view__name="consert",
            loss__name="info_nce_interleaved",
            loss__temperature=0.1,
            optim__batch_size=96,
            **LIVE,
            data__train="clips",
        ),
    ),
    Preset(
        "sbert-nli",
        "Sentence-BERT: a classifier over (u, v, |u - v|)",
        "Reimers & Gurevych 2019, arXiv:1908.10084, sec. 3.1: batch 16, lr 2e-5, 10 % warm-up, mean pooling",
        (
            "the shipped triples, which hold entailed and contradicted pairs and no neutral ones",
            "the first 4 layers of MiniLM, 70 steps of 16 triples: one epoch",
        ),
        _config(
            "sbert-nli",
            view__name="relations",
            loss__name="sbert_softmax",
            optim__learning_rate=2e-5,
            optim__batch_size=16,
            optim__warmup=0.1,
            optim__steps=70,
            data__train="triples",
        ),
    ),
    Preset(
        "sbert-sts",
        "Sentence-BERT: the cosine regressed on STS scores",
        "Reimers & Gurevych 2019, arXiv:1908.10084, sec. 3.1 and 4.2: batch 16, lr 2e-5, 10 % warm-up",
        (
            "80 steps, a fifth of an epoch of STS-B train, on the first 4 layers of MiniLM; needs the public "
            "STS files",
        ),
        _config(
            "sbert-sts",
            view__name="scored",
            loss__name="cosine_squared",
            optim__learning_rate=2e-5,
            optim__batch_size=16,
            optim__warmup=0.1,
            optim__steps=80,
            data__train="stsb-train",
            evaluation__sets="stsb-test,pairs",
        ),
    ),
    Preset(
        "lab-sup",
        "CoSENT on graded pairs, from this project's masked language model",
        "Su 2022, kexue.fm/archives/8847: scale 20",
        (
            "the second of the two stages that made `lab-sup`: the first is `sup-simcse` on NLI triples "
            "(docs/encoders.md); needs the public STS files",
        ),
        _config(
            "lab-sup",
            encoder__name="lab-base",
            view__name="scored",
            loss__name="cosent",
            optim__learning_rate=5e-5,
            optim__batch_size=32,
            optim__warmup=0.1,
            optim__steps=360,
            data__train="stsb-train",
            evaluation__every=10,
            evaluation__sets="stsb-test,pairs",
        ),
    ),
    Preset(
        "cosent",
        "CoSENT: order the pairs",
        "Su 2022, kexue.fm/archives/8847: scale 20, which is temperature 0.05",
        (
            "the shipped triples as pairs labelled 1 and 0, 40 steps of batch 64, lr 3e-5",
            "the first 4 layers of MiniLM",
        ),
        _config(
            "cosent", view__name="relations", loss__name="cosent", optim__steps=40, data__train="triples"
        ),
    ),
    Preset(
        "angle",
        "AnglE: order the pairs by their angle in complex space",
        "Li & Li 2023, arXiv:2309.12871; weights 1, 0.02 and 0 of the released defaults, all scales 20",
        ("data, encoder and steps of `cosent`",),
        _config("angle", view__name="relations", loss__name="angle", optim__steps=40, data__train="triples"),
    ),
    Preset(
        "triplet",
        "Triplets with a margin",
        "Reimers & Gurevych 2019, arXiv:1908.10084, sec. 3: Euclidean distance, margin 1, lr 2e-5",
        ("the shipped triples, 40 steps of batch 64, on the first 4 layers of MiniLM",),
        _config(
            "triplet",
            view__name="records",
            loss__name="triplet",
            optim__learning_rate=2e-5,
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
