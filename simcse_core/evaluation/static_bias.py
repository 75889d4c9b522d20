"""Static-token bias: what input embeddings alone know of meaning, and what frequency, case and pieces spoil.

PromptBERT's analysis (Jiang et al. 2022, arXiv:2201.04337, sec. 3): a sentence is the mean of its tokens'
rows in the input-embedding table, no layer is run; kinds of tokens are left out, and STS is measured again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from simcse_core.data.records import ScoredPairs
from simcse_core.errors import DataError
from simcse_core.evaluation.packing import packed, rounded, unpacked
from simcse_core.evaluation.sts import evaluate_pairs
from simcse_core.metrics.anisotropy import mean_cosine
from simcse_core.metrics.sts import spearman
from simcse_core.projection.pca import PCA

if TYPE_CHECKING:
    from simcse_core.encoders.encoder import Encoder

FREQUENT = 36  # tokens left out by frequency: as many as in the authors' list for BERT
REMOVALS = ("none", "frequent", "subword", "punctuation", "case", "every")
PROPERTIES = ("frequency", "upper", "piece", "punctuation")  # of a token on the map


@dataclass(frozen=True)
class Token:
    """One token of a text, special tokens left out.

    Attributes:
        number: Row of the input-embedding table.
        text: The characters it stands for.
        piece: Whether it goes on with the word of the token before it.
    """

    number: int
    text: str
    piece: bool

    @property
    def punctuation(self) -> bool:
        """Whether it holds neither letter nor digit."""
        return not any(char.isalnum() for char in self.text)


@dataclass(frozen=True)
class Removal:
    """STS by averages of input embeddings after one removal.

    Attributes:
        name: One of `REMOVALS`.
        removed: Share of the tokens left out; of `case`, share of the texts that lower-casing changes.
        spearman: x 100.
        interval: 95 % bootstrap interval.
        mean_cosine: Of different sentences.
    """

    name: str
    removed: float
    spearman: float | None
    interval: tuple[float | None, float | None]
    mean_cosine: float

    def to_dict(self) -> dict[str, Any]:
        """JSON-able, rounded."""
        numbers = {k: rounded(getattr(self, k)) for k in ("removed", "spearman", "mean_cosine")}
        return {"name": self.name, **numbers, "interval": [rounded(end) for end in self.interval]}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """Inverse of `to_dict`."""
        low, high = plain["interval"]
        return cls(**{**plain, "interval": (low, high)})


@dataclass(frozen=True, eq=False)
class TokenMap:
    """Input embeddings on a plane, with what may explain their places.

    Attributes:
        tokens: m tokens, most frequent first, as their texts.
        points: (m, 2) on the two strongest centred components.
        explained: (2,) share of the variance in each.
        frequency: (m,) log10 of the occurrences in the corpus.
        upper: (m,) bool, holds an upper-case letter.
        piece: (m,) bool, mostly goes on with a word.
        punctuation: (m,) bool.
        norm: (m,) length of the input embedding.
    """

    tokens: tuple[str, ...]
    points: NDArray[np.float64]
    explained: NDArray[np.float64]
    frequency: NDArray[np.float64]
    upper: NDArray[np.bool_]
    piece: NDArray[np.bool_]
    punctuation: NDArray[np.bool_]
    norm: NDArray[np.float64]

    @property
    def frequency_share(self) -> float:
        """R² of log-frequency on the two coordinates, in [0, 1]."""
        return self.explained_by("frequency")

    def explained_by(self, name: str) -> float:
        """R² of one of `PROPERTIES` on the two coordinates, in [0, 1]."""
        return _share(self.points, np.asarray(getattr(self, name), dtype=np.float64))

    @property
    def norm_frequency(self) -> float | None:
        """Rank correlation of length and frequency, in [-1, 1]; None where one of them does not vary."""
        try:
            return spearman(self.norm, self.frequency) / 100
        except DataError:
            return None

    def to_dict(self) -> dict[str, Any]:
        """JSON-able and small: numbers as float16, the three properties of a token as bits of one byte."""
        flags = self.upper + 2 * self.piece.astype(np.uint8) + 4 * self.punctuation.astype(np.uint8)
        return {
            "tokens": list(self.tokens),
            "explained": [rounded(share) for share in self.explained],
            "points": packed(self.points, "<f2"),
            "frequency": packed(self.frequency, "<f2"),
            "norm": packed(self.norm, "<f2"),
            "flags": packed(flags, "u1"),
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """Inverse of `to_dict`, up to its rounding."""
        flags = unpacked(plain["flags"], "u1")
        numbers = {name: unpacked(plain[name], "<f2").astype(np.float64) for name in ("frequency", "norm")}
        return cls(
            tokens=tuple(plain["tokens"]),
            points=unpacked(plain["points"], "<f2").astype(np.float64).reshape(-1, 2),
            explained=np.array(plain["explained"], dtype=np.float64),
            upper=(flags & 1) > 0,
            piece=(flags & 2) > 0,
            punctuation=(flags & 4) > 0,
            **numbers,
        )


def tokens_of(encoder: Encoder, texts: Sequence[str]) -> list[list[Token]]:
    """The tokens of each text, as the tokenizer cuts it, without special tokens."""
    found = []
    for text, one in zip(texts, encoder.backend.encode_batch(list(texts)), strict=True):
        row: list[Token] = []
        before = None
        for number, span, word in zip(one.ids, one.offsets, one.word_ids, strict=True):
            if word is not None:
                row.append(Token(int(number), text[span[0] : span[1]].strip(), word == before))
            before = word
        found.append(row)
    return found


def input_table(encoder: Encoder) -> NDArray[np.float64]:
    """Input embeddings (vocabulary, e), float64."""
    weight = encoder.model.get_input_embeddings().weight
    found: NDArray[np.float64] = weight.detach().cpu().double().numpy()
    return found


def static_removals(
    encoder: Encoder,
    pairs: ScoredPairs,
    corpus: Sequence[str],
    *,
    frequent: int = FREQUENT,
    bootstrap: int = 1000,
) -> list[Removal]:
    """STS by the mean of input embeddings, after each kind of token is left out.

    A text of which nothing would be left keeps all its tokens. An uncased tokenizer makes `case` a removal of
    nothing.

    Args:
        encoder: Its input embeddings and its tokenizer are used, no layer.
        pairs: Scored pairs.
        corpus: Text by which frequency is counted.
        frequent: Tokens left out by frequency.
        bootstrap: Resamples for the intervals; 0 for none.

    Raises:
        DataError: The corpus is empty, or all cosines are equal.
    """
    counts = _counts(tokens_of(encoder, corpus))
    top = {number for number, _ in counts.most_common(frequent)}
    out: dict[str, Callable[[Token], bool]] = {
        "none": lambda token: False,
        "frequent": lambda token: token.number in top,
        "subword": lambda token: token.piece,
        "punctuation": lambda token: token.punctuation,
        "case": lambda token: False,
    }
    out["every"] = lambda token: any(leave(token) for leave in tuple(out.values())[:-1])
    table, sentences = input_table(encoder), pairs.sentences()
    found = []
    for name in REMOVALS:
        lower = name in {"case", "every"}
        rows, removed = _averages(encoder, table, sentences, out[name], lower=lower)
        place = {text: number for number, text in enumerate(sentences)}
        scored = evaluate_pairs(
            lambda asked, rows=rows, place=place: rows[[place[text] for text in asked]],  # type: ignore[misc]
            ScoredPairs(pairs.first, pairs.second, pairs.score, None, pairs.name),
            bootstrap=bootstrap,
        )
        if name == "case":
            removed = float(np.mean([text != text.lower() for text in sentences]))
        found.append(Removal(name, removed, scored.spearman["all"], scored.interval, mean_cosine(rows)))
    return found


def _averages(
    encoder: Encoder,
    table: NDArray[np.float64],
    texts: Sequence[str],
    leave: Callable[[Token], bool],
    *,
    lower: bool,
) -> tuple[NDArray[np.float64], float]:
    """Mean input embedding (n, e) of the tokens that stay, and the share left out."""
    rows = tokens_of(encoder, [text.lower() for text in texts] if lower else texts)
    kept = [[token for token in row if not leave(token)] for row in rows]
    everything = sum(map(len, rows))
    removed = 1 - sum(map(len, kept)) / everything if everything else 0.0
    chosen = [some or row for some, row in zip(kept, rows, strict=True)]
    blank = np.zeros(table.shape[1])
    means = [table[[token.number for token in row]].mean(axis=0) if row else blank for row in chosen]
    return np.stack(means), removed


def _counts(rows: Sequence[Sequence[Token]]) -> Counter[int]:
    """How often each token occurs.

    Raises:
        DataError: There is none.
    """
    counts = Counter(token.number for row in rows for token in row)
    if not counts:
        raise DataError("The corpus holds no token, so there is no frequency.", hint="Give more text.")
    return counts


def token_map(encoder: Encoder, corpus: Sequence[str], *, count: int = 2000) -> TokenMap:
    """The most frequent tokens of a corpus on the plane of their input embeddings.

    Args:
        encoder: Its input embeddings and its tokenizer are used.
        corpus: Text by which frequency is counted and tokens are met.
        count: Tokens shown at most.

    Raises:
        DataError: Fewer than three different tokens.
    """
    rows = tokens_of(encoder, corpus)
    counts = _counts(rows)
    pieces = Counter(token.number for row in rows for token in row if token.piece)
    texts: dict[int, Counter[str]] = {}
    for row in rows:
        for token in row:
            texts.setdefault(token.number, Counter())[token.text] += 1
    chosen = [number for number, _ in counts.most_common(count)]
    if len(chosen) < 3:
        raise DataError(f"A map needs three or more different tokens; the corpus has {len(chosen)}.")
    table = input_table(encoder)[chosen]
    plane = PCA.fit(table, k=2)
    points = plane.transform(table)
    names = tuple(texts[number].most_common(1)[0][0] for number in chosen)
    frequency = np.log10([counts[number] for number in chosen])
    return TokenMap(
        names,
        points,
        plane.explained,
        frequency,
        np.array([any(char.isupper() for char in name) for name in names]),
        np.array([pieces[number] > counts[number] / 2 for number in chosen]),
        np.array([not any(char.isalnum() for char in name) for name in names]),
        np.linalg.norm(table, axis=1),
    )


def _share(points: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    """R² of the least-squares plane through `values` over `points`; 0 where the values do not vary."""
    centred = values - values.mean()
    if not centred.any():
        return 0.0
    design: Any = np.column_stack([points, np.ones(len(points))])
    fit = design @ np.linalg.lstsq(design, values, rcond=None)[0]
    return float(1 - np.square(values - fit).sum() / np.square(centred).sum())
