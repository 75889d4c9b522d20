"""Two encoders on the same resamples: against plain loops, and what must not be compared."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from unit.bench_factory import make_result

from simcse_core.bench import compare, published_rows
from simcse_core.bench.compare import AVERAGE
from simcse_core.bench.draws import seed_of
from simcse_core.bench.results import BenchResult, column
from simcse_core.errors import DataError

TWO = ("STS12", "STS-B")


def two() -> tuple[BenchResult, BenchResult]:
    return make_result("good", level=0.5, seed=1, tasks=TWO), make_result("bad", level=3.0, seed=2, tasks=TWO)


def test_tasks_and_average_against_a_plain_loop() -> None:
    first, second = two()
    found = compare(first, second, resamples=60, seed=5)
    averages = np.zeros(60)
    for name in TWO:
        one, other = first.tasks[name], second.tasks[name]
        drawn = np.random.default_rng(seed_of(5, name)).integers(0, one.n, size=(60, one.n))
        differences = []
        for rows in drawn:
            a, b = (100 * stats.spearmanr(t.cosine[rows], t.gold[rows]).statistic for t in (one, other))
            differences.append(a - b)
        averages += np.array(differences) / 2
        got = found.tasks[name].difference
        assert (got.low, got.high) == pytest.approx(np.quantile(differences, [0.025, 0.975]), abs=1e-5)
        assert got.value == pytest.approx(one.spearman["all"] - other.spearman["all"])  # type: ignore[operator]
    assert found.average is not None and found.average.n == 2
    told = found.average.difference
    assert (told.low, told.high) == pytest.approx(np.quantile(averages, [0.025, 0.975]), abs=1e-5)
    assert told.value == pytest.approx(first.average() - second.average())  # type: ignore[operator]
    assert found.average.beyond_noise and told.p == pytest.approx(2 / 61)


def test_questions_are_resampled_one_by_one() -> None:
    first, second = two()
    found = compare(first, second, resamples=40, seed=0).further
    assert list(found) == ["pairs", "retrieval", "transfer/MR"]
    one, other = (r.retrieval.ranks == 1 for r in (first, second))
    drawn = np.random.default_rng(seed_of(0, "retrieval")).integers(0, 30, size=(40, 30))
    differences = [100 * (one[rows].mean() - other[rows].mean()) for rows in drawn]
    got = found["retrieval"].difference
    assert (got.low, got.high) == pytest.approx(np.quantile(differences, [0.025, 0.975]))
    assert found["transfer/MR"].first == pytest.approx(first.transfer["MR"].accuracy)  # type: ignore[index]


def test_an_encoder_does_not_differ_from_itself() -> None:
    result = make_result()
    found = compare(result, result, resamples=30)
    assert all(one.difference.value == 0 and one.difference.p == 1 for one in found.every())
    assert not any(one.beyond_noise for one in found.every())
    assert len(found.tasks) == 7 and found.average is not None and found.average.name == AVERAGE


def test_other_pairs_are_not_compared() -> None:
    first, second = two()
    task = second.tasks["STS12"]
    moved = replace(task, gold=column(task.gold[::-1]))
    with pytest.raises(DataError, match="different pairs"):
        compare(first, replace(second, tasks={**second.tasks, "STS12": moved}), resamples=9)
    bare = BenchResult.from_json(json.loads(json.dumps(second.to_json(columns=False))))
    with pytest.raises(DataError, match="not kept"):
        compare(first, bare, resamples=9)


def test_what_only_one_has_is_left_out_and_said() -> None:
    first = make_result("a", tasks=TWO)
    second = replace(make_result("b", tasks=("STS-B",)), transfer=None)
    found = compare(first, second, resamples=9)
    assert list(found.tasks) == ["STS-B"] and "STS12" in found.left_out
    assert "transfer/MR" not in found.further
    undefined = replace(first.tasks["STS12"], spearman={"all": 1.0, "mean": None, "wmean": None})
    told = compare(
        replace(first, tasks={**first.tasks, "STS12": undefined}), first, aggregation="mean", resamples=9
    )
    assert "no correlation" in told.left_out["STS12"] and list(told.tasks) == ["STS-B"]
    json.dumps(told.to_json(), allow_nan=False)
    assert told.to_json()["tasks"]["STS-B"]["beyond_noise"] is False


def test_published_rows_match_in_everything() -> None:
    for pooling in ("mean", "cls", "cls_before_pooler", "first_last", "mask", "max"):
        result = make_result(pooling=pooling)
        for way in ("all", "mean", "wmean"):
            rows = published_rows(result, aggregation=way)
            assert all((r.pooling, r.aggregation, r.repairs) == (pooling, way, ()) for r in rows)
            assert all(row.source and row.scores for row in rows)
    assert published_rows(make_result(pooling="max")) == []
    named = {row.model: row for row in published_rows(make_result(pooling="cls_before_pooler"))}
    assert named["SimCSE-BERT-base, unsupervised"].average == 76.25
    assert named["SimCSE-BERT-base, unsupervised"].scores["STS-B"] == 76.85
    result = make_result(pooling="first_last")
    whitened = replace(result, encoder=replace(result.encoder, repairs=("whitening",)))
    assert [row.average for row in published_rows(whitened)] == [66.28]


def test_printed_averages_are_those_of_the_printed_scores() -> None:
    from simcse_core.data.published import published

    for row in published("sts")["rows"]:
        if "average" in row and "note" not in row:
            assert np.mean(list(row["scores"].values())) == pytest.approx(row["average"], abs=0.021), row
