"""The bench: closed forms, plain loops, what a perfect and a blind encoder get, and what is kept on disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from unit.bench_factory import FakeEncoder, make_result, make_task, noise, write_sts

from simcse_core.bench import SICK_ALL, BenchResult, run_bench, shipped_pairs
from simcse_core.bench import results as results_module
from simcse_core.bench.draws import counts, mean_draws, seed_of, spearman_draws
from simcse_core.bench.results import column
from simcse_core.bench.shelf import Shelf
from simcse_core.bench.shipped import partner_ranks, phenomena, retrieval
from simcse_core.errors import ConfigError, DataError


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SIMCSE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def knowing() -> FakeEncoder:
    """An encoder that was told the scores: each pair has a plane of its own and the cosine people want."""
    pairs = shipped_pairs()
    assert len(set(pairs.first) | set(pairs.second)) == 2 * len(pairs)  # every sentence is in one pair
    place = {text: row for row, text in enumerate(pairs.first)}
    partner = {text: row for row, text in enumerate(pairs.second)}

    def embed(texts: list[str]) -> NDArray[Any]:
        rows = np.zeros((len(texts), 2 * len(pairs) + 1))
        for i, text in enumerate(texts):
            if text in place:
                rows[i, 2 * place[text]] = 1
            elif text in partner:
                cosine = pairs.score[partner[text]] / 5.1
                rows[i, 2 * partner[text] : 2 * partner[text] + 2] = cosine, np.sqrt(1 - cosine**2)
            else:
                rows[i, -1] = 1  # the background is at right angles to every pair
        return rows

    return FakeEncoder(embed)


def test_an_encoder_that_was_told_the_scores_is_perfect() -> None:
    result = run_bench(knowing(), bootstrap=20, cache=False)
    assert result.pairs.spearman["all"] == pytest.approx(100)
    assert result.retrieval.accuracy == result.retrieval.mrr == 100
    assert {p.order for p in result.phenomena.values()} == {100.0}
    assert len(result.phenomena) == 12 and sum(p.n for p in result.phenomena.values()) == result.pairs.n
    under = {name: p.under_paraphrase for name, p in result.phenomena.items()}
    assert under["unrelated"] == under["negation"] == 100 and under["paraphrase"] is None
    assert result.tasks == {} and result.transfer is None and result.average() is None
    assert result.pairs.alignment is not None and result.pairs.alignment < 0.2


def test_an_encoder_that_knows_nothing_is_at_chance() -> None:
    result = run_bench(FakeEncoder(noise(0, 64)), bootstrap=200, cache=False)
    low, high = result.pairs.intervals["all"]
    assert low is not None and high is not None and low < 0 < high
    assert result.retrieval.accuracy <= 2
    for one in result.phenomena.values():
        assert 35 < one.order < 65


def test_embeddings_that_say_nothing_are_refused() -> None:
    with pytest.raises(DataError, match="every cosine is 1"):
        run_bench(FakeEncoder(lambda texts: np.ones((len(texts), 4))), cache=False)

    def broken(texts: list[str]) -> NDArray[Any]:
        rows = noise(0)(texts)
        rows[3] = np.nan
        return rows

    with pytest.raises(DataError, match=r"not finite for 1 of 2,\d+ sentences, '.+' among them") as refused:
        run_bench(FakeEncoder(broken), cache=False)
    assert "fp32" in refused.value.hint
    with pytest.raises(DataError, match="encode gave shape"):
        run_bench(FakeEncoder(lambda texts: np.ones((3, 4))), cache=False)


def test_public_tasks_and_both_conventions_of_sick(tmp_path: Path) -> None:
    folder = write_sts(tmp_path / "sts", ("STS16", "SICK-R"), every=True)
    encoder = FakeEncoder(noise(1))
    told: list[tuple[int, int | None]] = []
    result = run_bench(
        encoder, sts=folder, tasks=("STS16", "SICK-R"), bootstrap=50,
        progress=lambda done, total: told.append((done, total)),
    )  # fmt: skip
    assert len(encoder.calls) == 1 and told == [(encoder.calls[0], encoder.calls[0])]
    assert list(result.tasks) == ["STS16", "SICK-R"] and result.tasks["SICK-R"].n == 4927
    assert result.sick_all is not None and (result.sick_all.n, result.sick_all.name) == (9927, SICK_ALL)
    task = result.tasks["STS16"]
    expected = stats.spearmanr(task.cosine, task.gold).statistic
    assert task.spearman["all"] == pytest.approx(100 * expected, abs=1e-3)
    parts = [100 * stats.spearmanr(task.cosine[r], task.gold[r]).statistic for r in task.rows().values()]
    assert task.spearman["mean"] == pytest.approx(np.mean(parts), abs=1e-3)
    scores = [one.spearman["wmean"] for one in result.tasks.values()]
    assert result.average("wmean") == pytest.approx(np.mean(scores))  # type: ignore[arg-type]
    assert list(result.every_task()) == ["STS16", "SICK-R", SICK_ALL, "pairs"]
    (folder / "SICK-R" / "train.tsv").unlink()
    without = run_bench(encoder, sts=folder, tasks=("SICK-R",), bootstrap=0)
    assert without.sick_all is None and "train.tsv is missing" in without.notes[0]
    assert without.tasks["SICK-R"].intervals["all"] == (None, None)
    assert len(encoder.calls) == 1  # all that is left was kept


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no folder"):
        run_bench(FakeEncoder(noise(0)), sts=tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"STS12.MSRpar.tsv is missing"):
        run_bench(FakeEncoder(noise(0)), sts=tmp_path)
    with pytest.raises(ConfigError, match="STS99"):
        run_bench(FakeEncoder(noise(0)), sts=tmp_path, tasks=("STS99",))


def test_a_second_call_only_reads(home: Path) -> None:
    encoder = FakeEncoder(noise(0))
    first = run_bench(encoder, bootstrap=50)
    second = run_bench(encoder, bootstrap=50)
    assert encoder.calls == [encoder.calls[0]] and (first.cached, second.cached) == (False, True)
    assert second.to_json() == first.to_json()
    other = run_bench(encoder, bootstrap=60)  # other draws of the same cosines
    assert other.cached and len(encoder.calls) == 1
    assert other.pairs.spearman == first.pairs.spearman
    assert other.pairs.intervals != first.pairs.intervals
    assert run_bench(encoder, bootstrap=50).pairs.intervals == first.pairs.intervals
    encoder.digest = "retrained"
    assert not run_bench(encoder, bootstrap=0).cached and len(encoder.calls) == 2
    files = sorted(path.name for path in (home / "bench").rglob("*") if path.is_file())
    assert len(files) == 2 and all(name.startswith("shipped-") for name in files)  # nothing temporary is left


def test_without_the_cache_nothing_is_written(home: Path) -> None:
    encoder = FakeEncoder(noise(0))
    for _ in range(2):
        assert not run_bench(encoder, bootstrap=0, cache=False).cached
    assert len(encoder.calls) == 2 and not (home / "bench").exists()


@pytest.mark.parametrize("damage", ["", "{", '{"content": 3}', "tamper"])
def test_a_damaged_result_is_measured_again_and_said(home: Path, damage: str) -> None:
    encoder = FakeEncoder(noise(0))
    first = run_bench(encoder, bootstrap=0)
    (file,) = (home / "bench").rglob("*.json")
    text = file.read_text(encoding="utf-8")
    uniformity = str(first.pairs.uniformity)
    assert uniformity in text
    file.write_text(text.replace(uniformity, "-3.0") if damage == "tamper" else damage, encoding="utf-8")
    again = run_bench(encoder, bootstrap=0)
    assert len(encoder.calls) == 2 and "damaged" in again.notes[0]
    assert again.pairs.uniformity == first.pairs.uniformity
    healed = run_bench(encoder, bootstrap=0)
    assert healed.cached and healed.notes == ()


def test_another_protocol_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = FakeEncoder(noise(0))
    run_bench(encoder, bootstrap=0)
    monkeypatch.setattr("simcse_core.bench.shelf.PROTOCOL", results_module.PROTOCOL + 1)
    again = run_bench(encoder, bootstrap=0)
    assert len(encoder.calls) == 2 and again.notes == ()


def test_a_disk_that_cannot_be_written_does_no_harm(home: Path) -> None:
    home.parent.mkdir(parents=True, exist_ok=True)
    home.write_text("a file where the folder should be", encoding="utf-8")
    result = run_bench(FakeEncoder(noise(0)), bootstrap=0)
    assert "was not kept" in result.notes[0] and result.pairs.n == 672
    shelf = Shelf("x")
    assert shelf.read("part", "data") is None


def test_json_reads_back_to_the_same() -> None:
    result = make_result()
    text = json.dumps(result.to_json(), allow_nan=False)
    back = BenchResult.from_json(json.loads(text))
    assert back.to_json() == result.to_json()
    assert np.array_equal(back.tasks["STS12"].cosine, result.tasks["STS12"].cosine)
    assert back.tasks["STS12"].cosine.dtype == np.float32
    assert back.tasks["STS12"].intervals == result.tasks["STS12"].intervals
    assert back.retrieval.mrr_interval == (50.0, 90.0)
    short = BenchResult.from_json(json.loads(json.dumps(result.to_json(columns=False))))
    assert short.pairs.cosine.size == short.retrieval.ranks.size == 0
    assert short.pairs.spearman == result.pairs.spearman
    with pytest.raises(DataError, match="were not kept"):
        spearman_draws(short.pairs, "all", resamples=3, seed=0)


@pytest.mark.parametrize("change", [{"format": 99}, {"pairs": None}, {"encoder": {}}, {"tasks": []}])
def test_what_is_no_result_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        BenchResult.from_json({**make_result().to_json(), **change})


def test_ranks_in_closed_form() -> None:
    candidates = np.array([[1.0, 0], [0.8, 0.6], [0, 1], [0.6, 0.8], [2, 0]])
    query = np.array([[3.0, 0]])
    assert partner_ranks(query, candidates, [1], [-1]) == pytest.approx([3])
    assert partner_ranks(query, candidates, [1], [0]) == pytest.approx([2])  # itself left out
    assert partner_ranks(query, candidates, [0], [-1]) == pytest.approx([1.5])  # shares the first place
    same = partner_ranks(np.ones((1, 2)), np.ones((9, 2)), [4], [0])
    assert same == pytest.approx([4.5])  # collapsed: the mean place among 8, never the first
    found = retrieval([1, 2, 4, 1.5], 9, "", resamples=0)
    assert found.accuracy == 25 and found.mrr == pytest.approx(100 * (1 + 0.5 + 0.25 + 1 / 1.5) / 4)
    assert found.accuracy_interval == (None, None)


def test_ranks_against_a_loop() -> None:
    rng = np.random.default_rng(0)
    queries, candidates = rng.normal(size=(6, 5)), rng.normal(size=(40, 5))
    partners, own = rng.integers(0, 20, size=6), np.array([20, 21, -1, 23, 24, -1])
    expected = []
    for row in range(6):
        cosine = [
            float(q @ c / np.linalg.norm(q) / np.linalg.norm(c))
            for q, c in ((queries[row], c) for c in candidates)
        ]
        others = [c for i, c in enumerate(cosine) if i not in (partners[row], own[row])]
        expected.append(1 + sum(c > cosine[partners[row]] for c in others))
    assert partner_ranks(queries, candidates, partners, own) == pytest.approx(expected)


def loop_order(cosine: Any, gold: Any, weight: Any, mine: list[int], others: list[int]) -> float:
    right = total = 0.0
    for i in mine:
        for j in others:
            if abs(gold[i] - gold[j]) >= 1:
                w = weight[i] * weight[j]
                sign = np.sign(gold[i] - gold[j]) * np.sign(cosine[i] - cosine[j])
                right, total = right + w * (sign + 1) / 2, total + w
    return 100 * right / total


def test_phenomena_against_a_loop() -> None:
    rng = np.random.default_rng(0)
    labels = ("paraphrase",) * 6 + ("negation",) * 7 + ("unrelated",) * 5
    gold = np.r_[np.full(6, 4.8), rng.uniform(1, 3, 7), rng.uniform(0, 1, 5)]
    cosine = np.round(rng.random(18), 1)
    found = phenomena(cosine, gold, labels, resamples=30, seed=3)
    drawn = counts(18, 30, seed_of(3, "phenomena"))
    rows = list(range(6, 13))
    others = [i for i in range(18) if i not in rows]
    assert found["negation"].order == pytest.approx(loop_order(cosine, gold, np.ones(18), rows, others))
    draws = [loop_order(cosine, gold, weight, rows, others) for weight in drawn]
    assert found["negation"].order_interval == pytest.approx(np.quantile(draws, [0.025, 0.975]))
    wins = [(np.sign(cosine[i] - cosine[j]) + 1) / 2 for i in range(6) for j in rows]
    assert found["negation"].under_paraphrase == pytest.approx(100 * np.mean(wins))
    assert found["paraphrase"].spearman is None  # people scored all of them alike
    with pytest.raises(DataError, match="scored apart"):
        phenomena(cosine, np.ones(18), labels)


def test_draws_resample_within_subsets_for_the_means() -> None:
    task = make_task("STS12", 1.0, sizes=(30, 50))
    found = spearman_draws(task, "wmean", resamples=20, seed=4)
    expected = np.zeros(20)
    for (name, rows), size in zip(task.rows().items(), (30, 50), strict=True):
        drawn = np.random.default_rng(seed_of(4, f"STS12/{name}")).integers(0, size, size=(20, size))
        cosine, gold = task.cosine[rows], task.gold[rows]
        values = [100 * stats.spearmanr(cosine[d], gold[d]).statistic for d in drawn]
        expected += size / 80 * np.array(values)
    assert found == pytest.approx(expected, abs=1e-6)
    single = make_task("STS-B", 1.0, sizes=(40,))
    one, other = (spearman_draws(single, way, resamples=9, seed=0) for way in ("all", "mean"))
    assert np.array_equal(one, other)
    with pytest.raises(ConfigError, match="median"):
        spearman_draws(single, "median", resamples=9, seed=0)


def test_counts_and_means_of_resamples() -> None:
    drawn = counts(50, 400, 1)
    assert (drawn.sum(axis=1) == 50).all() and drawn.mean() == pytest.approx(1)
    values = np.random.default_rng(0).normal(size=200)
    draws = mean_draws(values, resamples=600, seed=1)
    assert draws.shape == (600,) and draws.mean() == pytest.approx(values.mean(), abs=0.02)
    assert draws.std() == pytest.approx(values.std() / np.sqrt(200), rel=0.15)
    assert np.array_equal(draws[:250], mean_draws(values, resamples=250, seed=1))


def test_columns_are_exact_in_json() -> None:
    values = np.random.default_rng(0).normal(size=500).astype(np.float32)
    told = json.loads(json.dumps(results_module.plain(values)))
    assert np.array_equal(column(told), values)
