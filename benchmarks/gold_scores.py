"""How an encoder agrees with the gold scores of the shipped pairs, overall and by phenomenon.

A check of our own gold scores as much as of the encoder: a good encoder agrees well overall, is fooled by
negation and swapped roles (cosine high, gold low), and must not be at odds with plain paraphrases or
unrelated pairs. Run from the repository: `python -m benchmarks.gold_scores [--model M] [--data SET]`.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np

from simcse_core import load_encoder
from simcse_core.data.datasets import load_scored_pairs
from simcse_core.evaluation.sts import evaluate_pairs


def measure(model: str, data: str) -> dict[str, Any]:
    """Spearman x 100 overall with its interval, and by phenomenon with mean cosine and mean gold score."""
    pairs = load_scored_pairs(data)
    encoder = load_encoder(model, device="cpu", precision="fp32")
    result = evaluate_pairs(encoder, pairs)
    subsets = {}
    start = 0
    for name, (n, spearman) in result.subsets.items():
        rows = slice(start, start + n)
        cosine, gold = float(np.mean(result.cosine[rows])), float(np.mean(result.gold[rows]))
        subsets[name] = {"n": n, "spearman": spearman, "cosine": cosine, "gold": gold}
        start += n
    overall = {"spearman": result.spearman["all"], "interval": result.interval, "n": result.n}
    return {"model": model, "pooling": encoder.pooling, "data": data, **overall, "phenomena": subsets}


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--model", default="minilm")
    parser.add_argument("--data", default="pairs", choices=("pairs", "pairs-zh"))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    report = measure(options.model, options.data)
    if options.json:
        print(json.dumps(report, indent=1))
        return
    low, high = report["interval"]
    print(f"{report['model']} ({report['pooling']}) on {report['data']}: {report['n']} pairs")
    print(f"Spearman x 100: {report['spearman']:.2f}  (95 % {low:.2f} to {high:.2f})\n")
    print(f"{'phenomenon':<18}{'pairs':>6}{'cosine':>9}{'gold':>7}{'Spearman':>10}")
    for name, row in sorted(report["phenomena"].items(), key=lambda item: -item[1]["gold"]):
        inside = "-" if row["spearman"] is None else f"{row['spearman']:.1f}"
        print(f"{name:<18}{row['n']:>6}{row['cosine']:>9.3f}{row['gold']:>7.2f}{inside:>10}")


if __name__ == "__main__":
    main()
