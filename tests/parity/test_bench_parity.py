"""The bench beside sentence-transformers' evaluator: the same embeddings, the same correlation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from unit.bench_factory import FakeEncoder, noise, write_sts

from simcse_core.bench import run_bench, shipped_pairs
from simcse_core.data.sts_sets import load_task


def test_spearman_is_that_of_the_evaluator(tmp_path: Path) -> None:
    evaluation = pytest.importorskip("sentence_transformers.sentence_transformer.evaluation")
    folder = write_sts(tmp_path, ("STS-B",))
    embed = noise(0)
    result = run_bench(FakeEncoder(embed), sts=folder, tasks=("STS-B",), bootstrap=0, cache=False)

    class Evaluator(evaluation.EmbeddingSimilarityEvaluator):  # type: ignore[misc, name-defined]
        """Theirs, on our embeddings and without a model card."""

        def embed_inputs(self, model: Any, sentences: list[str], **options: Any) -> Any:
            return np.asarray(embed(list(sentences)), dtype=np.float32)

        def store_metrics_in_model_card_data(self, *given: Any, **options: Any) -> None:
            """There is no card."""

    for pairs, ours in (
        (load_task(folder, "STS-B").pairs(), result.tasks["STS-B"]),
        (shipped_pairs(), result.pairs),
    ):
        columns = list(pairs.first), list(pairs.second), pairs.score.tolist()
        theirs = Evaluator(*columns, main_similarity="cosine", write_csv=False)
        theirs.similarity_fn_names = ["cosine"]
        told = theirs(None)
        assert ours.spearman["all"] == pytest.approx(100 * told["spearman_cosine"], abs=1e-3)
