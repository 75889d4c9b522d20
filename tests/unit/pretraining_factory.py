"""Small corpora and configurations for masked-LM training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from unit.encoder_factory import WORDS

from simcse_core.pretraining.config import PretrainConfig, TextSource


def sentences(count: int, seed: int = 0) -> list[str]:
    """Random sentences of five to twelve known words."""
    generator = np.random.default_rng(seed)
    return [" ".join(generator.choice(WORDS, size=generator.integers(5, 12))) + "." for _ in range(count)]


def write_sts(folder: Path, *texts: str) -> Path:
    """A folder of evaluation sets that hold `texts`, and a train split that does not count."""
    (folder / "STS-B").mkdir(parents=True)
    rows = "".join(f"3\t{text}\tsomething else\n" for text in texts or ("no such sentence",))
    (folder / "STS-B" / "test.tsv").write_text(f"score\tsentence1\tsentence2\n{rows}", encoding="utf-8")
    train = "score\tsentence1\tsentence2\n3\tthe dog runs\tthe cat runs\n"
    (folder / "STS-B" / "train.tsv").write_text(train, encoding="utf-8")
    return folder


def source(name: str = "lines", share: float = 1.0) -> TextSource:
    return TextSource(name=name, share=share, licence="public domain", origin="made for a test")


def small_config(**settings: Any) -> PretrainConfig:
    common = {
        "encoder": "none",
        "layers": 2,
        "width": 16,
        "heads": 2,
        "intermediate": 32,
        "vocabulary": 215,
        "positions": 40,
        "max_length": 24,
        "corpus_tokens": 5000,
        "held_out": 20,
        "tokens_per_step": 200,
        "steps": 6,
        "learning_rate": 3e-3,
        "evaluate_every": 3,
        "save_every": 3,
        "precision": "fp32",
        "device": "cpu",
    }
    return PretrainConfig(sources=(source(),)).with_settings({**common, **settings})


def write_lines(folder: Path, count: int = 300) -> Path:
    path = folder / "lines.txt"
    path.write_text("\n".join(sentences(count)) + "\n", encoding="utf-8")
    return path
