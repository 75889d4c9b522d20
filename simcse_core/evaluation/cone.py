"""The shape of a set of sentence embeddings, before and after a repair: what the page on the cone shows."""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.data.datasets import sentence_subjects
from simcse_core.errors import DataError
from simcse_core.evaluation.packing import packed, rounded, unpacked
from simcse_core.metrics.anisotropy import mean_cosine, random_pair_cosines
from simcse_core.metrics.checks import unit_rows
from simcse_core.metrics.spectrum import energy_share, entropy_rank, singular_values
from simcse_core.metrics.sts import cosines, spearman
from simcse_core.metrics.uniformity import isotropic_uniformity, uniformity
from simcse_core.postprocess import PostProcessor, postprocessors
from simcse_core.projection.sphere import principal_sphere

SENTENCES = 1600
SHOWN = 480  # points on the globe
PAIRS = 20_000  # random pairs in the histogram
EDGES: NDArray[np.float64] = np.round(np.arange(-1.0, 1.0001, 0.02), 2)
"""Bin edges of the histogram of cosines, 101 of them."""
SUBJECTS = (
    "biology-and-medicine",
    "captions",
    "dialogue",
    "everyday-stories",
    "finance-and-business",
    "history",
    "household-and-repair",
    "law-and-policy",
    "music-and-art",
    "nature-and-animals",
    "news",
    "physics-and-space",
    "questions",
    "recipes",
    "reviews",
    "school-and-learning",
    "sport",
    "technology",
    "travel",
    "weather",
)
"""Subjects of the sample: fixed, so that new files of sentences leave recorded results comparable."""
PROMPT = 'This sentence : "[X]" means [MASK] .'
"""Template of the mask read-out: Jiang et al. 2022, arXiv:2201.04337, section 4.1."""
_GLOBE = 127  # a coordinate of length 1 as int8
_FLOOR = 1e-8  # singular values below this share of the length are rounding
_WORD = re.compile(r"[\u3400-\u9fff]|\w+")  # a Chinese character counts as a word


@dataclass(frozen=True, eq=False)
class Spread:
    """How n directions lie in d dimensions; every number is of unit rows and is not centred.

    Attributes:
        rows: n.
        dimension: d, after the repair.
        mean_cosine: Mean cosine of different rows, in [-1, 1]; 0 when even, 1 when collapsed.
        uniformity: Log mean Gaussian potential, nats; lower is more even.
        effective_rank: Of singular values, in [1, min(n, d)].
        top_share: Share of the squared length in the strongest direction, in [0, 1].
        globe_share: The same in the three strongest, which the globe shows.
        spearman: Rank correlation x 100 with human scores of `scored` pairs; None where there are none.
        scored: Pairs behind `spearman`.
        counts: (100,) random pairs per bin of `EDGES`.
        spectrum: (min(n, d),) singular values divided by the root of n, largest first.
        globe: (m, 3) the first m rows in their three strongest directions, length 1.
    """

    rows: int
    dimension: int
    mean_cosine: float
    uniformity: float
    effective_rank: float
    top_share: float
    globe_share: float
    spearman: float | None
    scored: int
    counts: NDArray[np.int64]
    spectrum: NDArray[np.float64]
    globe: NDArray[np.float32]

    @property
    def energy(self) -> NDArray[np.float64]:
        """(k,) share of the squared length in each direction, largest first; sums to 1."""
        squared = np.square(self.spectrum)
        shares: NDArray[np.float64] = squared / squared.sum()
        return shares

    def to_dict(self) -> dict[str, Any]:
        """JSON-able and small: counts as uint16, spectrum (log10) as float16, globe as int8, in base64."""
        spectrum = np.log10(np.maximum(self.spectrum, _FLOOR))
        return {
            **{name: getattr(self, name) for name in ("rows", "dimension", "scored")},
            **{name: rounded(getattr(self, name)) for name in NUMBERS},
            "counts": packed(self.counts, "<u2"),
            "spectrum": packed(spectrum, "<f2"),
            "globe": packed(np.round(_GLOBE * self.globe), "i1"),
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Spread:
        """Inverse of `to_dict`, up to its rounding."""
        return cls(
            **{name: plain[name] for name in ("rows", "dimension", "scored", *NUMBERS)},
            counts=unpacked(plain["counts"], "<u2").astype(np.int64),
            spectrum=10.0 ** unpacked(plain["spectrum"], "<f2").astype(np.float64),
            globe=_unit(unpacked(plain["globe"], "i1").astype(np.float32).reshape(-1, 3)),
        )


NUMBERS = ("mean_cosine", "uniformity", "effective_rank", "top_share", "globe_share", "spearman")


@dataclass(frozen=True)
class Scored:
    """Embeddings (m, d) of both sides of m pairs, any length, and what people said of them, (m,)."""

    first: ArrayLike
    second: ArrayLike
    score: ArrayLike


def sample_sentences(count: int = SENTENCES, *, seed: int = 0) -> list[tuple[str, str]]:
    """Shipped sentences on the 20 `SUBJECTS`, in turns, so that any beginning is balanced.

    Raises:
        DataError: The texts are missing, or there are fewer than `count`.
    """
    by_subject: dict[str, list[str]] = {subject: [] for subject in SUBJECTS}
    for text, subject in sentence_subjects():
        if subject in by_subject:
            by_subject[subject].append(text)
    rng = np.random.default_rng(seed)
    columns = [[(texts[i], name) for i in rng.permutation(len(texts))] for name, texts in by_subject.items()]
    rows = [row for turn in zip(*columns, strict=False) for row in turn]
    if len(rows) < count:
        raise DataError(f"{count} sentences were asked for; there are {len(rows)} in equal parts.")
    return rows[:count]


def digest_of_texts(texts: Sequence[str]) -> str:
    """First 16 hex digits of the SHA-256 of texts and their order."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


def fitted(name: str | None, embeddings: ArrayLike, **parameters: Any) -> PostProcessor | None:
    """The post-processor `name` learned from (n, d) embeddings as they are given; None for no repair.

    Raises:
        ConfigError: There is no such post-processor.
        DataError: It cannot be learned from these rows.
    """
    if name is None:
        return None
    kind: Any = postprocessors[name]
    repair: PostProcessor = kind.fit(embeddings, **parameters)
    return repair


def measure(
    embeddings: ArrayLike,
    *,
    repair: PostProcessor | None = None,
    scored: Scored | None = None,
    shown: int = SHOWN,
    seed: int = 0,
) -> Spread:
    """Everything the page says of (n, d) embeddings, after `repair` where one is given.

    Args:
        embeddings: (n, d), any length; repaired first, normalised after.
        repair: A fitted post-processor; it also maps the scored pairs.
        scored: Pairs whose cosines are ranked against human scores.
        shown: Rows drawn on the globe: the first ones.
        seed: Draws the random pairs of the histogram.

    Raises:
        DataError: Fewer than two rows, fewer than three columns, NaN, or a row without direction.
    """
    x = unit_rows(embeddings if repair is None else repair.transform(embeddings), metric="The cone")
    values = singular_values(x)
    found = random_pair_cosines(x, pairs=PAIRS, seed=seed)
    return Spread(
        rows=len(x),
        dimension=x.shape[1],
        mean_cosine=mean_cosine(x),
        uniformity=uniformity(x),
        effective_rank=entropy_rank(values),
        top_share=energy_share(values, 1),
        globe_share=energy_share(values, 3),
        spearman=None if scored is None else _agreement(scored, repair),
        scored=0 if scored is None else len(np.asarray(scored.score)),
        counts=np.histogram(found, EDGES)[0].astype(np.int64),
        spectrum=values / math.sqrt(len(x)),
        globe=principal_sphere(x)[:shown].astype(np.float32),
    )


def layer_numbers(embeddings: ArrayLike) -> dict[str, float]:
    """Mean cosine, effective rank and uniformity of (n, d) rows, for a curve over layers.

    Raises:
        DataError: As `measure`.
    """
    x = unit_rows(embeddings, metric="The cone")
    rank = entropy_rank(singular_values(x))
    found = {"mean_cosine": mean_cosine(x), "effective_rank": rank, "uniformity": uniformity(x)}
    return {name: round(value, 5) for name, value in found.items()}


def isotropic(rows: int, dimension: int, *, seed: int = 0) -> Spread:
    """What evenly spread directions look like: `rows` normal vectors, a sample drawn with `seed`.

    Its uniformity is the closed form -2t + log 0F1(; d/2; t²), t = 2, not the sample's.
    """
    sample = measure(np.random.default_rng(seed).standard_normal((rows, dimension)), shown=0, seed=seed)
    exact = {"uniformity": isotropic_uniformity(rows, dimension), "mean_cosine": 0.0}
    return Spread(**{**vars(sample), **exact})


def state_key(layer: int, pooling: str, repair: str | None = None, **parameters: Any) -> str:
    """Name of one recorded state, such as `4/mean/component_removal k=1`."""
    settings = "".join(f" {name}={value:g}" for name, value in sorted(parameters.items()))
    return f"{layer}/{pooling}/{repair or 'none'}{settings}"


def words_per_sentence(texts: Sequence[str]) -> NDArray[np.float64]:
    """Words of each text, (n,); a Chinese character counts as a word."""
    return np.array([len(_WORD.findall(text)) for text in texts], dtype=np.float64)


def words_of(text: str) -> list[str]:
    """The words of a text in lower case, in order; a Chinese character is a word."""
    return _WORD.findall(text.lower())


def word_commonness(texts: Sequence[str]) -> NDArray[np.float64]:
    """Mean log10 of how often each text's words occur in all of `texts`, (n,); 0: every word occurs once."""
    rows = [words_of(text) for text in texts]
    counts = Counter(word for row in rows for word in row)
    return np.array([float(np.mean([math.log10(counts[w]) for w in row])) if row else 0.0 for row in rows])


def _agreement(scored: Scored, repair: PostProcessor | None) -> float | None:
    first, second = np.asarray(scored.first), np.asarray(scored.second)
    if repair is not None:
        first, second = repair.transform(first), repair.transform(second)
    try:
        return spearman(cosines(first, second), scored.score)
    except DataError:  # every pair has one cosine, or one has no direction left: there is no order to judge
        return None


def _unit(points: NDArray[np.float32]) -> NDArray[np.float32]:
    found: NDArray[np.float32] = points / np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-9)
    return found.astype(np.float32)
