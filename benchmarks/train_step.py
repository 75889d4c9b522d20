"""One step of unsupervised SimCSE: this project's trainer against sentence-transformers' trainer.

    python -m benchmarks.train_step [--precision bf16|fp32] [--model minilm:4] [--data FILE] [--repeats 5]

Same weights, sentences, batch, dropout, temperature, precision and device; both in one process, in turns
(A B A B …), the first round of each not counted. Prints seconds per step of both sides and the ratio of
each round as min / median / max. Needs the extra `bench` (datasets, accelerate) for the other side's trainer.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import torch

import simcse_core  # noqa: F401  (first: sets how waiting threads behave, for both sides)
from simcse_core.config import RunConfig
from simcse_core.data.datasets import load_dataset_records
from simcse_core.data.readers import read_sentences
from simcse_core.encoders import load_encoder
from simcse_core.presets import preset
from simcse_core.training.trainer import Trainer


def ours(config: RunConfig, sentences: list[str], model: str) -> list[float]:
    """Seconds of each of the configured steps."""
    encoder = load_encoder(
        model, pooling="mean", dropout=0.1, max_length=64, precision=config.optim.precision
    )
    trainer = Trainer(config, encoder, sentences)
    seconds = []
    for _ in range(config.optim.steps):
        start = time.perf_counter()
        trainer.advance()
        seconds.append(time.perf_counter() - start)
    return seconds


def theirs(config: RunConfig, sentences: list[str], folder: str, scratch: str) -> list[float]:
    """The same steps by SentenceTransformerTrainer with MultipleNegativesRankingLoss."""
    from datasets import Dataset
    from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
    from sentence_transformers.training_args import SentenceTransformerTrainingArguments
    from transformers import TrainerCallback

    seconds: list[float] = []

    class Clock(TrainerCallback):
        def on_step_begin(self, *rest: Any, **more: Any) -> None:
            self.start = time.perf_counter()

        def on_step_end(self, *rest: Any, **more: Any) -> None:
            seconds.append(time.perf_counter() - self.start)

    model = SentenceTransformer(
        folder, device=str(torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    )
    size = config.optim.batch_size
    rows = sentences[: size * config.optim.steps]
    arguments = SentenceTransformerTrainingArguments(
        output_dir=scratch,
        per_device_train_batch_size=size,
        max_steps=config.optim.steps,
        learning_rate=config.optim.learning_rate,
        bf16=config.optim.precision == "bf16",
        use_cpu=not torch.cuda.is_available(),
        report_to=[],
        save_strategy="no",
        logging_strategy="no",
        disable_tqdm=True,
    )
    trainer = SentenceTransformerTrainer(
        model=model,
        args=arguments,
        train_dataset=Dataset.from_dict({"anchor": rows, "positive": rows}),
        loss=MultipleNegativesRankingLoss(model, scale=20.0),
        callbacks=[Clock()],
    )
    trainer.train()
    return seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--precision", default="bf16", choices=("bf16", "fp32"))
    parser.add_argument("--model", default="minilm:4")
    parser.add_argument("--data", type=Path, help="sentences; default: the shipped ones")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--steps", type=int, default=8)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    sentences = read_sentences(options.data) if options.data else list(load_dataset_records("sentences"))
    settings = {
        "optim.steps": options.steps,
        "optim.precision": options.precision,
        "encoder.name": options.model,
    }
    config = preset("live").config.with_settings(settings).check()
    with tempfile.TemporaryDirectory() as scratch:
        folder = str(Path(scratch) / "model")
        load_encoder(options.model, pooling="mean", dropout=0.1, max_length=64, precision="fp32").save(folder)
        rounds = []
        for number in range(options.repeats + 1):
            mine = statistics.median(ours(config, sentences, options.model)[1:])
            other = statistics.median(theirs(config, sentences, folder, scratch)[1:])
            if number:
                rounds.append((mine, other))
                print(f"round {number}: ours {mine:.3f} s/step, sentence-transformers {other:.3f} s/step")
    ratios = sorted(other / mine for mine, other in rounds)
    told = f"{ratios[0]:.2f} / {statistics.median(ratios):.2f} / {ratios[-1]:.2f}"
    print(
        f"unsupervised SimCSE step, batch {config.optim.batch_size}, {options.model}, {options.precision}, "
        f"{torch.get_num_threads()} threads: sentence-transformers / ours = {told} (min / median / max)"
    )


if __name__ == "__main__":
    main()
