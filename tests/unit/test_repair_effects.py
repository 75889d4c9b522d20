"""What a repair does, measured: closed forms, an independent implementation, and what the figures draw."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from simcse_core.data.records import ScoredPairs
from simcse_core.errors import DataError
from simcse_core.evaluation.cone import fitted
from simcse_core.evaluation.repairs import (
    EDGES,
    RANKS,
    Effect,
    Target,
    covariance_gap,
    default_variant,
    effect,
    key_of,
    learning_of,
    learns_in_passes,
    other_sentences,
    sampled_gap,
    title_of,
    variants,
)
from simcse_core.figures.repair import Mended, dumbbells, limits_of, plane
from simcse_core.figures.repair_curves import Curve, curves
from simcse_core.figures.theme import DARK, LIGHT
from simcse_core.metrics.uniformity import isotropic_uniformity
from simcse_core.postprocess import postprocessors

SCORES = np.array([5.0, 4.5, 0.0, 1.0, 3.0, 2.0, 4.8, 0.5])


def cone(seed: int = 0, n: int = 60, d: int = 12) -> Target:
    """Directions of unequal strength around a common one; pairs are neighbours in the order."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((n, d)) * np.linspace(2, 0.2, d) + 2.0
    first = rng.integers(0, n, size=40)
    second = (first + rng.integers(1, n, size=40)) % n
    return Target(rows.astype(np.float32), first, second, rng.uniform(0, 5, size=40))


def test_every_number_against_formulas_written_out() -> None:
    target = cone()
    found = effect(target)
    x = target.rows.astype(np.float64)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    cos = (x[target.first] * x[target.second]).sum(axis=1)
    close = target.score > 4
    upper = np.triu_indices(len(x), 1)
    gram = (x @ x.T)[upper]
    assert found.spearman == pytest.approx(100 * stats.spearmanr(cos, target.score).statistic)
    assert found.alignment == pytest.approx(np.mean(2 - 2 * cos[close]))
    assert found.uniformity == pytest.approx(np.log(np.mean(np.exp(-2 * (2 - 2 * gram)))))
    assert found.mean_cosine == pytest.approx(gram.mean())
    counts = np.histogram(np.clip(gram, -1, 1), EDGES)[0]
    assert np.abs(found.counts - 255 * counts / counts.max()).max() <= 0.5 + 1e-9
    energy = np.linalg.svd(x, compute_uv=False) ** 2
    at = [rank - 1 for rank in RANKS if rank <= len(energy)]
    assert found.shares == pytest.approx(energy[at] / energy.sum())
    assert found.gap_fitted is None and found.width == 12


def test_the_gap_is_the_frobenius_distance_from_the_identity() -> None:
    x = cone().rows.astype(np.float64)
    c = np.cov(x, rowvar=False)
    c *= len(c) / np.trace(c)
    assert covariance_gap(x) == pytest.approx(np.linalg.norm(c - np.eye(len(c))) / np.sqrt(len(c)))
    assert covariance_gap(7 * x) == pytest.approx(covariance_gap(x))
    white = np.random.default_rng(0).standard_normal((4000, 20))
    assert covariance_gap(white) == pytest.approx(sampled_gap(4000, 20), rel=0.1)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000))
def test_whitening_closes_the_gap_where_it_was_fitted_and_only_there(seed: int) -> None:
    target, other = cone(seed), cone(seed + 5000)
    repair = fitted("whitening", other.rows)
    elsewhere = effect(target, repair, other.rows)
    assert elsewhere.gap_fitted == pytest.approx(0, abs=1e-4) and elsewhere.gap > 0.05
    own = effect(target, fitted("whitening", target.rows), target.rows)
    assert own.gap == own.gap_fitted == pytest.approx(0, abs=1e-4)


def test_centring_removes_the_common_direction() -> None:
    target = cone()
    after = effect(target, fitted("centering", target.rows), target.rows)
    before = effect(target)
    assert before.mean_cosine > 0.5 > 0.1 > abs(after.mean_cosine)
    assert after.uniformity < before.uniformity and after.gap == pytest.approx(before.gap)
    assert after.shares[0] < before.shares[0]


def test_a_state_survives_its_record() -> None:
    target = cone()
    found = effect(target, fitted("whitening", target.rows, k=6), target.rows)
    again = Effect.from_dict(found.to_dict())
    assert again.width == 6 and (again.counts == found.counts).all()
    assert again.spearman == pytest.approx(found.spearman, abs=1e-4)
    assert again.shares == pytest.approx(found.shares, rel=2e-3)
    flat = Target(target.rows, target.first, target.second, np.linspace(0, 3, len(target.score)))
    without = effect(flat)
    assert without.alignment is None and Effect.from_dict(without.to_dict()).alignment is None


def test_what_cannot_be_measured_is_refused() -> None:
    target = cone()
    zero = Target(np.zeros_like(target.rows), target.first, target.second, target.score)
    with pytest.raises(DataError):
        effect(zero)
    with pytest.raises(DataError):
        effect(target, fitted("centering", cone(d=5).rows))


def test_pairs_are_embedded_once_and_not_normalised() -> None:
    pairs = ScoredPairs(("a", "b", "a"), ("b", "c", "c"), np.array([1.0, 2.0, 4.5]))
    asked: list[list[str]] = []

    class Encoder:
        pooling = "mean"

        def encode(self, texts: list[str], *, normalize: bool = True) -> Any:
            asked.append(list(texts))
            assert not normalize
            return np.array([[ord(text), 1.0] for text in texts])

    target = Target.embedded(Encoder(), pairs)  # type: ignore[arg-type]
    assert asked == [["a", "b", "c"]] or sorted(asked[0]) == ["a", "b", "c"]
    assert target.rows[target.first, 0].tolist() == [97, 98, 97]
    assert target.rows[target.second, 0].tolist() == [98, 99, 99]
    plain = Target.embedded(lambda texts: np.ones((len(texts), 2)), pairs)
    assert plain.rows.shape == (3, 2)


def test_sentences_to_fit_on_are_not_scored() -> None:
    found = other_sentences(ScoredPairs(("x",), ("y",), np.array([1.0])), 40)
    taken = ScoredPairs((found[0],), (found[1],), np.array([1.0]))
    assert other_sentences(taken, 40) == found[2:]


def test_settings_are_read_off_the_registry() -> None:
    for name in postprocessors:
        assert default_variant(name) in variants(name, 384)
    assert variants("centering", 384) == [{}] == variants("flow", 384)
    assert {"k": 384} not in variants("whitening", 384) and {"k": 64} in variants("whitening", 65)
    assert learns_in_passes("flow") and not learns_in_passes("whitening")
    assert key_of("whitening", {"k": 64}, "elsewhere", 400) == "whitening k=64|elsewhere|400"
    assert title_of("whitening", {"k": 0}) == "Whitening" and "k = 8" in title_of("whitening", {"k": 8})


def test_learning_of_a_flow() -> None:
    rows = cone(n=80, d=4).rows
    flow = fitted("flow", rows, epochs=3)
    told = learning_of(flow, rows, 1.26)
    assert len(told["nll"]) == 4 and told["inverse_error"] < 1e-6 and told["seconds"] == 1.3


BEFORE = {"spearman": 40.0, "alignment": 0.1, "uniformity": -1.0}
AFTER = {"spearman": 45.0, "alignment": 0.9, "uniformity": -3.7}
WORDS = {key: key for key in ("title", "before", "after", "rival", "better", "even", *BEFORE)}


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_dumbbells_go_from_before_to_after(theme: Any) -> None:
    rows = [
        Mended("<b>One", AFTER, {"spearman": 46.0}, chosen=True),
        Mended("Two", {}, {}, note="not here"),
    ]
    limits = limits_of(BEFORE, rows)
    assert limits["spearman"][0] < 40 and limits["spearman"][1] > 46
    figure = dumbbells(BEFORE, rows, theme, words=WORDS, limits=limits)
    level, bars, ends, other = figure.data[:4]
    assert list(level.x) == [40.0, 40.0] and level.line.dash == "dash" and level.line.color == theme.before
    assert list(bars.x) == [40.0, 45.0, None] and list(bars.y) == [0, 0, None]
    assert list(ends.x) == [45.0] and ends.marker.color == theme.after
    assert list(other.x) == [46.0]
    assert list(figure.data[6].x) == [0.9] and list(figure.data[7].x) == []
    told = [note.text for note in figure.layout.annotations]
    assert "<b>&lt;b&gt;One</b>" in told and "not here" in told and "<b>+5.0</b>" in told
    assert len(figure.to_json()) < 50_000


def test_arrows_point_from_before_to_after() -> None:
    rows = [Mended("One", AFTER, {}, chosen=True), Mended("Two", {}, {})]
    even = isotropic_uniformity(100, 384)
    figure = plane(BEFORE, rows, LIGHT, words=WORDS, limits=((0, 1), (-4, 0)), even=even)
    (arrow,) = [one for one in figure.layout.annotations if one.showarrow]
    assert (arrow.ax, arrow.ay, arrow.x, arrow.y) == (0.1, -1.0, 0.9, -3.7)
    assert arrow.arrowcolor == LIGHT.after and figure.layout.shapes[0].y0 == even


def test_curves_keep_holes_and_logarithms() -> None:
    lines = [Curve("a", [10, 100, 1000], [1.0, None, 3.0], "after"), Curve("b", [10], [2.0], "hard")]
    figure = curves(
        lines, LIGHT, title="t", x_label="x", y_label="y", log=(True, False), level=("before", 2.5),
        uprights={"here": 100.0},
    )  # fmt: skip
    assert list(figure.data[0].y) == [1.0, None, 3.0] and figure.layout.xaxis.type == "log"
    assert list(figure.data[2].x) == [10, 1000] and list(figure.data[2].y) == [2.5, 2.5]
    assert figure.layout.annotations[0].x == pytest.approx(2.0) and figure.layout.shapes[0].x0 == 100
