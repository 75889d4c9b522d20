"""Masked-LM training: tokens a second and the share of this machine's matmul peak, beside plain transformers.

    python -m benchmarks.pretrain [--config warm] [--steps 8] [--repeats 3] [--precision bf16|fp32]

Both sides take the same model and batches of the shipped sentences, in turns, the first round of each not
counted: ours packs rows of similar length and scores the hidden tokens only; transformers pads every row to
the longest and scores every token. The peak is that of a large matrix product in the same format and with the
same threads. Operations of a step: 6 for every weight a token meets, and those of attention (Kaplan et al.
2020, arXiv:2001.08361, section 2.1).
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from simcse_core import runtime
from simcse_core.data.datasets import load_dataset_records
from simcse_core.encoders import load_encoder
from simcse_core.pretraining.config import PretrainConfig, load_config
from simcse_core.pretraining.corpus import tokenise
from simcse_core.pretraining.masking import mask_words
from simcse_core.pretraining.model import warm_model
from simcse_core.pretraining.trainer import Pretrainer, masking_of
from simcse_core.pretraining.vocabulary import prune, word_counts

PEAK = 2048  # side of the matrices that the peak is measured with


def peak(dtype: torch.dtype, device: torch.device) -> float:
    """Operations a second of a (2048, 2048) product, the best of ten."""
    a = torch.randn(PEAK, PEAK, device=device).to(dtype)
    best = float("inf")
    for _ in range(10):
        start = time.perf_counter()
        _wait(a @ a)
        best = min(best, time.perf_counter() - start)
    return 2 * PEAK**3 / best


def operations(model: Any, lengths: NDArray[np.int64], predicted: int) -> float:
    """Of one step, forward and backward: the layers over real tokens, the head where it is needed."""
    about = model.config
    h, layers = about.hidden_size, about.num_hidden_layers
    dense = layers * (4 * h * h + 2 * h * about.intermediate_size)
    attention = layers * 12 * h * float((lengths.astype(np.float64) ** 2).sum())
    head = h * h + h * about.vocab_size
    return 6.0 * dense * float(lengths.sum()) + attention + 6.0 * head * predicted


def made(config: PretrainConfig) -> Pretrainer:
    """A trainer on the shipped sentences."""
    texts = [str(text) for text in load_dataset_records("sentences")]
    encoder = load_encoder(config.encoder, device="cpu", precision="fp32", dropout=config.dropout)
    backend = prune(encoder.backend, word_counts(texts), config.vocabulary)
    rows = tokenise(backend, texts, config.max_length)
    model = warm_model(config, encoder, backend)
    return Pretrainer(config, model, backend, rows, np.arange(len(rows)))


def ours(trainer: Pretrainer, steps: int) -> list[tuple[float, int]]:
    """Seconds and real tokens of each step."""
    found = []
    for _ in range(steps):
        start = time.perf_counter()
        done = trainer.advance(0.5)
        found.append((time.perf_counter() - start, done.tokens))
    return found


def theirs(trainer: Pretrainer, steps: int) -> list[tuple[float, int]]:
    """The same by the model's own forward, padded, under autocast."""
    config, about, found = trainer.config, masking_of(trainer.backend), []
    generator = np.random.default_rng(1)
    trainer.model.train()
    for _ in range(steps):
        rows = [trainer.rows.row(int(i)) for i in trainer._next()]
        lengths = [len(row) for row in rows]
        ids = np.zeros((len(rows), max(lengths)), dtype=np.int64)
        for line, row in zip(ids, rows, strict=True):
            line[: len(row)] = row
        start = time.perf_counter()
        masked = mask_words(ids.reshape(-1), about, config.mask_share, generator)
        labels = np.full(ids.size, -100, dtype=np.int64)
        labels[masked.places] = masked.targets
        seen, wanted = (torch.from_numpy(x).to(trainer.device) for x in (masked.ids, labels))
        mask = torch.from_numpy(ids != 0).long().to(trainer.device)
        with torch.autocast(trainer.device.type, torch.bfloat16, enabled=trainer.dtype == torch.bfloat16):
            scores = trainer.model(input_ids=seen.view(ids.shape), attention_mask=mask).logits
        loss = F.cross_entropy(scores.float().flatten(0, 1), wanted)
        trainer.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trainer.model.parameters(), config.clip_norm)
        trainer.optimizer.step()
        found.append((time.perf_counter() - start, sum(lengths)))
    return found


def _wait(result: torch.Tensor) -> None:
    if result.device.type == "cuda":
        torch.cuda.synchronize()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", default="warm")
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--precision", default="auto", choices=("auto", "bf16", "fp32"))
    options = parser.parse_args()
    config = load_config(options.config).with_settings({"precision": options.precision})
    runtime.seed_everything(config.seed)
    trainer = made(config)
    model, lengths = trainer.model, trainer.rows.lengths
    for number in range(options.repeats + 1):
        mine, other = ours(trainer, options.steps), theirs(trainer, options.steps)
        if number == 0:
            continue
        speeds = [sum(n for _, n in side) / sum(s for s, _ in side) for side in (mine, other)]
        tokens = statistics.mean(n for _, n in mine)
        rows = lengths[: max(1, int(tokens / lengths.mean()))]
        work = operations(model, rows, int(config.mask_share * tokens)) / float(rows.sum())
        share = speeds[0] * work / peak(trainer.dtype, trainer.device)
        print(
            f"round {number}: ours {speeds[0]:,.0f} tokens/s ({100 * share:.0f} % of the matmul peak), "
            f"transformers {speeds[1]:,.0f}, ratio {speeds[0] / speeds[1]:.2f}"
        )
    print(f"{config.tokens_per_step} tokens a step, {trainer.dtype}, {torch.get_num_threads()} threads")


if __name__ == "__main__":
    main()
