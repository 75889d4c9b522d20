"""Who is pulled and who is pushed in one batch: the roles of all rows and candidates, without torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcse_core.errors import DataError
from simcse_core.theory.anatomy import Anatomy, anatomy
from simcse_core.theory.walk import LETTERS, names_of
from simcse_core.theory.walk_arrays import LAYOUTS, unit_rows
from simcse_core.theory.walk_batch import packed, unpacked

POSITIVE, NEGATIVE, HARD, ITSELF = "positive", "negative", "hard", "itself"


@dataclass(frozen=True, eq=False)
class Views:
    """Embeddings of a batch in train mode: all anchors, then all positives, then all hard negatives.

    Attributes:
        texts: R = parts · B texts, as fed.
        parts: 2, or 3 with hard negatives.
        dropout: Probability, in [0, 1).
        same_mask: Whether all parts were computed under the same masks.
        embeddings: (R, d) float32, pooled, not normalised.
    """

    texts: tuple[str, ...]
    parts: int
    dropout: float
    same_mask: bool
    embeddings: NDArray[np.float32]

    @property
    def size(self) -> int:
        """Sentences, B."""
        return len(self.texts) // self.parts

    @property
    def copies(self) -> bool:
        """Whether the positives are the anchors once more."""
        return self.parts == 2

    def take(self, size: int) -> Views:
        """The first `size` sentences; every row drew its own masks, so the others had no part in theirs.

        Raises:
            DataError: `size` is below 2 or above the sentences there are.
        """
        if not 2 <= size <= self.size:
            raise DataError(f"A batch of {self.size} sentences has no {size}; choose 2 to {self.size}.")
        kept = [part * self.size + i for part in range(self.parts) for i in range(size)]
        texts = tuple(self.texts[row] for row in kept)
        return Views(texts, self.parts, self.dropout, self.same_mask, self.embeddings[kept])

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; embeddings as base64."""
        return {**vars(self), "embeddings": packed(self.embeddings, "<f4")}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Views:
        """The views in a decoded file.

        Raises:
            KeyError: A field is missing.
        """
        return cls(
            tuple(plain["texts"]),
            int(plain["parts"]),
            float(plain["dropout"]),
            bool(plain["same_mask"]),
            unpacked(plain["embeddings"]),
        )


@dataclass(frozen=True, eq=False)
class Roles:
    """A batch under one layout and one temperature.

    Attributes:
        layout: One of `LAYOUTS`.
        temperature: Divides the cosines.
        rows: R names: a, a′, b, …
        columns: C names.
        texts: C texts, those of the columns.
        row_texts: R texts, those of the rows.
        positive: (R,) column of each row's positive.
        roles: R × C: positive, negative, hard or itself.
        anatomy: Cosines (-inf where a row does not meet a column), probabilities, gradient, loss.
        steepness: (R,) ‖∂s⁺/∂h‖ = √(1 - s⁺²)/‖h‖, how far the embedding h of a row can change the cosine
            with its positive: 0 where both are equal.
    """

    layout: str
    temperature: float
    rows: list[str]
    columns: list[str]
    texts: list[str]
    row_texts: list[str]
    positive: NDArray[np.int64]
    roles: list[list[str]]
    anatomy: Anatomy
    steepness: NDArray[np.float64]

    @property
    def negatives(self) -> int:
        """Negatives of one row, hard ones among them."""
        return sum(role in {NEGATIVE, HARD} for role in self.roles[0])

    @property
    def hard(self) -> int:
        """Hard negatives of one row."""
        return self.roles[0].count(HARD)

    @property
    def loss(self) -> float:
        """Mean over the rows, nats."""
        return float(np.mean(np.asarray(self.anatomy.loss)))


def roles_of(views: Views, layout: str, temperature: float) -> Roles:
    """Put a batch into a layout and take its loss apart.

    Args:
        views: With as many parts as the layout has.
        layout: One of `LAYOUTS`.
        temperature: Above 0.

    Raises:
        DataError: The layout needs another number of texts a sentence, or there are more than 24 sentences.
    """
    chosen = LAYOUTS[layout]
    if views.size > len(LETTERS):
        raise DataError(f"A batch is taken apart up to {len(LETTERS)} sentences; got {views.size}.")
    if chosen.parts != views.parts:
        raise DataError(
            f"The layout {layout} needs {chosen.parts} texts for each sentence; there are {views.parts}."
        )
    unit = unit_rows(views.embeddings)
    similarities = chosen.mask(chosen.similarities(unit))
    positive = chosen.labels(len(similarities))
    rows, columns = names_of(layout, views.size, copies=views.copies)
    at, across = _places(layout, views)
    return Roles(
        layout=layout,
        temperature=temperature,
        rows=rows,
        columns=columns,
        texts=[views.texts[k] for k in across],
        row_texts=[views.texts[k] for k in at],
        positive=positive,
        roles=_roles(similarities, positive, layout),
        anatomy=anatomy(similarities, positive, temperature=temperature),
        steepness=_steepness(views.embeddings[at], unit[at], unit[across][positive]),
    )


def _places(layout: str, views: Views) -> tuple[list[int], list[int]]:
    """Rows of the embeddings that the rows and the columns of the matrix stand for."""
    size = views.size
    if layout == "interleaved":
        views_of = [part * size + i for i in range(size) for part in range(2)]
        return views_of, views_of
    return list(range(size)), list(range(size, len(views.texts)))


def candidate_counts(layout: str, size: int) -> tuple[int, int]:
    """Negatives of one row in a batch of `size` sentences, and the hard ones among them.

    Counted in the matrix that the layout makes, whatever its cosines are.
    """
    chosen = LAYOUTS[layout]
    unit = np.ones((chosen.parts * size, 1))
    similarities = chosen.mask(chosen.similarities(unit))
    row = _roles(similarities, chosen.labels(len(similarities)), layout)[0]
    return sum(role in {NEGATIVE, HARD} for role in row), row.count(HARD)


def _roles(similarities: Any, positive: Any, layout: str) -> list[list[str]]:
    first_hard = len(similarities) if layout == "triples" else similarities.shape[1]

    def role(row: int, column: int) -> str:
        if similarities[row, column] == -np.inf:
            return ITSELF
        if column == positive[row]:
            return POSITIVE
        return HARD if column >= first_hard else NEGATIVE

    rows, columns = similarities.shape
    return [[role(i, j) for j in range(columns)] for i in range(rows)]


def _steepness(embeddings: Any, unit: Any, partner: Any) -> NDArray[np.float64]:
    """‖(ĥ⁺ - s ĥ)‖ / ‖h‖ row by row; not from 1 - s², which would leave rounding where both are equal."""
    cosines = (unit * partner).sum(axis=1, keepdims=True)
    lengths = np.linalg.norm(embeddings.astype(np.float64), axis=1)
    found: NDArray[np.float64] = np.linalg.norm(partner - cosines * unit, axis=1) / lengths
    return found
