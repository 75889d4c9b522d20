"""From a few sentences to the loss: every tensor on the way, and the very lines that made it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simcse_core.encoders.poolers import poolers
from simcse_core.errors import ConfigError, DataError
from simcse_core.theory import walk_arrays, walk_encoder
from simcse_core.theory.walk_arrays import LAYOUTS, Array, Layout, softmax
from simcse_core.theory.walk_batch import Batch

if TYPE_CHECKING:
    from simcse_core.encoders import Encoder

STAGES = (
    "tokens",
    "dropout",
    "hidden",
    "pooled",
    "unit",
    "similarities",
    "masked",
    "logits",
    "labels",
    "loss",
)
"""Names of the stages, in order."""
LETTERS = "abcdefghijklmnopqrstuvwx"
_HEADER = '''"""One batch from texts to its loss, as the step-by-step walk computed it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import Tensor

from simcse_core import load_encoder
from simcse_core.encoders import Encoder
'''


@dataclass(frozen=True)
class Stage:
    """One tensor on the way.

    Attributes:
        name: One of `STAGES`.
        shape: Of the whole tensor.
        dtype: Of the whole tensor, as NumPy names it.
        array: The tensor, or an excerpt of it: its first entries along every axis.
        code: Source of the functions that made it.
        call: The line that called them.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    array: Array
    code: str
    call: str

    @property
    def excerpt(self) -> bool:
        """Whether `array` is less than the whole tensor."""
        return tuple(self.array.shape) != self.shape


@dataclass(frozen=True)
class Walk:
    """One batch under one layout and one temperature.

    Attributes:
        batch: What the encoder made.
        layout: One of `LAYOUTS`.
        temperature: Divides the cosines.
        stages: By name, in order.
        loss: Mean over the rows, nats.
    """

    batch: Batch
    layout: str
    temperature: float
    stages: dict[str, Stage]
    loss: float

    def __getitem__(self, stage: str) -> Array:
        """The tensor of a stage, or its excerpt."""
        return self.stages[stage].array

    @property
    def probabilities(self) -> Array:
        """(R, C) softmax of the logits."""
        return softmax(self["logits"])

    @property
    def negatives(self) -> int:
        """Negatives of one row: candidates that are not masked, without the positive."""
        return int((self["masked"][0] > -2).sum()) - 1

    @property
    def rows(self) -> list[str]:
        """Names of the rows of the matrix: a, b, … and a′, b′, … for second views."""
        return names_of(self.layout, self.batch.size, copies=self.batch.copies)[0]

    @property
    def columns(self) -> list[str]:
        """Names of its columns; ⁺ marks a written positive, ⁻ a hard negative."""
        return names_of(self.layout, self.batch.size, copies=self.batch.copies)[1]


def names_of(layout: str, size: int, *, copies: bool) -> tuple[list[str], list[str]]:
    """Names of the rows and of the columns of a matrix of `size` sentences.

    Args:
        layout: One of `LAYOUTS`.
        size: Sentences, up to 24.
        copies: Whether positives are second views (a′) or written texts (a⁺).
    """
    letters, mark = LETTERS[:size], "′" if copies else "⁺"
    if layout == "interleaved":
        views = [name for letter in letters for name in (letter, letter + mark)]
        return views, views
    hard = [f"{letter}⁻" for letter in letters] if layout == "triples" else []
    return list(letters), [letter + mark for letter in letters] + hard


def walk(
    encoder: Encoder,
    texts: Sequence[str],
    *,
    layout: str = "two_view",
    temperature: float = 0.05,
    dropout: float = 0.1,
    seed: int = 42,
    same_mask: bool = False,
    positives: Sequence[str] | None = None,
    negatives: Sequence[str] | None = None,
) -> Walk:
    """Send `texts` through `encoder` in train mode and follow them to the loss.

    Args:
        encoder: Any loaded encoder; it stays as it is.
        texts: B anchors, two or more.
        layout: `two_view`, `interleaved` or `triples`.
        temperature: Above 0.
        dropout: Hidden and attention dropout, in [0, 1).
        seed: Of the dropout masks.
        same_mask: Compute both views under the same masks.
        positives: B texts; None for the anchors once more.
        negatives: B hard negatives, for `triples` only.

    Raises:
        ConfigError: A setting does not exist or is out of its range.
        DataError: Texts that cannot be walked.
    """
    batch = walk_encoder.read_batch(
        encoder, texts, positives, negatives, dropout=dropout, same_mask=same_mask, seed=seed
    )
    return walk_of(batch, layout, temperature)


def walk_of(batch: Batch, layout: str, temperature: float) -> Walk:
    """Follow a batch from its embeddings to the loss; loads no torch.

    Raises:
        ConfigError: No such layout, or a temperature that is not above 0.
        DataError: The layout needs another number of texts a sentence.
    """
    if layout not in LAYOUTS:
        raise ConfigError(f"There is no layout {layout!r}.", hint=f"There are: {', '.join(LAYOUTS)}.")
    if not temperature > 0:
        raise ConfigError(f"The temperature is {temperature}; it must be above 0.")
    chosen = LAYOUTS[layout]
    if chosen.parts != batch.parts:
        raise DataError(
            f"The layout {layout} needs {chosen.parts} texts for each sentence; the batch has {batch.parts}.",
            hint="Hard negatives go with the layout triples, and only with it.",
        )
    unit = walk_arrays.unit_rows(batch.embeddings)
    similarities = chosen.similarities(unit)
    masked = chosen.mask(similarities)
    logits = walk_arrays.divide(masked, temperature)
    labels = chosen.labels(len(logits))
    losses = walk_arrays.cross_entropy(logits, labels)
    arrays = {
        "tokens": batch.ids, "dropout": batch.after, "hidden": batch.hidden, "pooled": batch.embeddings,
        "unit": unit, "similarities": similarities, "masked": masked, "logits": logits, "labels": labels,
        "loss": losses,
    }  # fmt: skip
    stages = {name: _stage(name, arrays[name], batch, chosen) for name in STAGES}
    return Walk(batch, layout, temperature, stages, walk_arrays.mean_loss(losses))


def _stage(name: str, array: Array, batch: Batch, layout: Layout) -> Stage:
    shape, dtype = array.shape, str(array.dtype)
    if name in {"dropout", "hidden"}:  # kept as excerpts in half precision
        width = batch.embedding_width if name == "dropout" else batch.width
        shape, dtype = (*batch.ids.shape, width), "float32"
    functions, call = _steps(layout)[name]
    code = "\n\n".join(_source(function) for function in functions)
    if name == "pooled":
        code += "\n\n" + _pooler_source(batch.pooling)
    return Stage(name, shape, dtype, array, code, call)


def _steps(layout: Layout) -> dict[str, tuple[tuple[Callable[..., Any], ...], str]]:
    """Stage → the functions that make it and the line that calls them."""
    similarities, mask, labels = layout.similarities, layout.mask, layout.labels
    made = walk_encoder
    return {
        "tokens": ((made.read_tokens,), "ids, mask = read_tokens(encoder, texts)"),
        "dropout": (
            (made.watched_forward, made.every_view),
            "before, after, *states = every_view(model, ids, mask, seed, passes)",
        ),
        "hidden": ((made.forward,), "hidden = states[-1]"),
        "pooled": (
            (made.pool_rows,),
            "embeddings = pool_rows(encoder, states, mask, ids).detach().cpu().numpy()",
        ),
        "unit": ((walk_arrays.unit_rows,), "unit = unit_rows(embeddings)"),
        "similarities": ((similarities,), f"similarities = {similarities.__name__}(unit)"),
        "masked": ((mask,), f"masked = {mask.__name__}(similarities)"),
        "logits": ((walk_arrays.divide,), "logits = divide(masked, temperature)"),
        "labels": ((labels,), f"labels = {labels.__name__}(len(logits))"),
        "loss": (
            (walk_arrays.cross_entropy, walk_arrays.mean_loss),
            "loss = mean_loss(cross_entropy(logits, labels))",
        ),
    }


def _source(function: Callable[..., Any]) -> str:
    """Source of a function without decorators."""
    found = inspect.getsource(function)
    return found[found.index("def ") :].rstrip() + "\n"


def _pooler_source(pooling: str) -> str:
    """The pooler's own lines, and those of the helper it calls."""
    lines = _source(poolers[pooling])
    module = inspect.getmodule(poolers[pooling])
    helper = getattr(module, "_masked_mean", None)
    return lines + "\n\n" + _source(helper) if helper is not None and "_masked_mean(" in lines else lines


def script(found: Walk) -> str:
    """The whole chain as a file that runs: every function of every stage, then the calls."""
    batch, steps = found.batch, _steps(LAYOUTS[found.layout])
    functions = dict.fromkeys(function for several, _ in steps.values() for function in several)
    passes = batch.parts if batch.same_mask else 1
    settings = [
        f"texts = {list(batch.texts)!r}",
        f"seed, passes, temperature = {batch.seed}, {passes}, {found.temperature!r}",
        f"encoder = load_encoder({batch.encoder!r}, pooling={batch.pooling!r}, device={batch.device!r})",
        f"encoder.set_dropout({batch.dropout!r})",
        "model = encoder.model.train()",
    ]
    calls = [call for _, call in steps.values()]
    return (
        "\n\n".join([_HEADER, *map(_source, functions), "\n".join([*settings, *calls, "print(loss)"])]) + "\n"
    )
