"""The first half of the walk: from texts to embeddings on a real encoder, in train mode, step by step.

The page shows the source of the short functions. torch is imported inside them, so that the page can show
them, beside recorded tensors, before torch is loaded.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from simcse_core.errors import DataError
from simcse_core.theory.walk_arrays import LAYOUTS
from simcse_core.theory.walk_batch import NUMBERS_KEPT, TEMPERATURES, TOKENS_KEPT, Batch, PaddingCheck

if TYPE_CHECKING:
    from torch import Tensor

    from simcse_core.encoders import Encoder

MOST_ROWS = 48
_DRAWING = threading.Lock()  # dropout draws from the generator of the whole process


def read_tokens(encoder: Encoder, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Token numbers, padded to the longest text, and the mask: (R, L)."""
    batch = encoder.tokenize(texts)
    ids = batch.ids.to(encoder.device)
    return ids, batch.mask.to(encoder.device)


def forward(model: Any, ids: Tensor, mask: Tensor, seed: int) -> tuple[Tensor, ...]:
    """Hidden states of every layer, (R, L, h) each.

    The seed decides every dropout mask of the pass.
    """
    import torch

    torch.manual_seed(seed)
    output = model(
        input_ids=ids,
        attention_mask=mask.long(),
        output_hidden_states=True,
    )
    return tuple(output.hidden_states)


def watched_forward(model: Any, ids: Tensor, mask: Tensor, seed: int) -> tuple[Tensor, ...]:
    """What entered and left the first dropout layer, then `forward`."""
    from torch import nn

    seen: list[Tensor] = []

    def watch(layer: Any, given: Any, left: Tensor) -> None:
        seen.extend((given[0], left))

    hooks = [layer.register_forward_hook(watch) for layer in model.modules() if isinstance(layer, nn.Dropout)]
    try:
        states = forward(model, ids, mask, seed)
    finally:
        for hook in hooks:
            hook.remove()
    return (*seen[:2], *states)


def every_view(model: Any, ids: Tensor, mask: Tensor, seed: int, passes: int) -> list[Tensor]:
    """All rows, in one pass or in several.

    One pass: every row draws its own dropout masks.
    One pass a view, each from the same seed: the same masks.
    """
    import torch

    parts = zip(ids.chunk(passes), mask.chunk(passes), strict=True)
    results = [watched_forward(model, *part, seed) for part in parts]
    return [torch.cat(views) for views in zip(*results, strict=True)]


def pool_rows(encoder: Encoder, states: Sequence[Tensor], mask: Tensor, ids: Tensor) -> Tensor:
    """One vector a text, (R, d), by the checkpoint's own pooling."""
    from simcse_core.encoders.engine import Piece
    from simcse_core.encoders.reading import pool, reading_of

    piece = Piece(dict(enumerate(states)), mask, ids)
    reading = reading_of(encoder, encoder.pooling, encoder.layers)
    return pool(encoder, piece, reading)


def read_batch(
    encoder: Encoder,
    anchors: Sequence[str],
    positives: Sequence[str] | None = None,
    negatives: Sequence[str] | None = None,
    *,
    dropout: float,
    same_mask: bool,
    seed: int,
) -> Batch:
    """Send a batch through an encoder in train mode and keep what the walk shows.

    The encoder itself stays as it is: layers are copied, weights shared. Products are done in float32.

    Args:
        encoder: Any loaded encoder.
        anchors: B texts, two or more.
        positives: B texts; None for the anchors once more (unsupervised SimCSE).
        negatives: B hard negatives, or None.
        dropout: Hidden and attention dropout, in [0, 1).
        same_mask: Compute every part under the same masks, by one pass each from the same seed.
        seed: Of the masks.

    Raises:
        DataError: Fewer than two texts, unequal numbers, too many rows, or a row that is not a text.
        ConfigError: `dropout` is out of range.
    """
    given = [
        anchors,
        anchors if positives is None else positives,
        *([] if negatives is None else [negatives]),
    ]
    texts = _rows(given)
    ids, mask = read_tokens(encoder, texts)
    with in_train_mode(encoder, dropout) as model:
        passes = len(given) if same_mask else 1
        before, after, *states = every_view(model, ids, mask, seed, passes)
        embeddings = pool_rows(encoder, states, mask, ids)
        padding = _padding_check(encoder, model.eval(), texts)
    return Batch(
        encoder=encoder.name,
        pooling=encoder.pooling,
        device=encoder.device.type,
        texts=tuple(texts),
        parts=len(given),
        copies=positives is None,
        dropout=dropout,
        same_mask=same_mask,
        seed=seed,
        padding=padding,
        **_token_fields(encoder, ids, mask),
        **_tensor_fields(before, after, states[-1], mask),
        **_embedding_fields(embeddings, len(given)),
    )


def _token_fields(encoder: Encoder, ids: Tensor, mask: Tensor) -> dict[str, Any]:
    real = mask.cpu().numpy()
    pieces, kinds = _pieces(encoder, ids.tolist(), real)
    return {"ids": ids.cpu().numpy(), "lengths": real.sum(axis=1), "pieces": pieces, "kinds": kinds}


def _tensor_fields(before: Tensor, after: Tensor, last: Tensor, mask: Tensor) -> dict[str, Any]:
    entered, left, hidden = (_numbers(tensor) for tensor in (before, after, last))
    return {
        "width": hidden.shape[2],
        "embedding_width": entered.shape[2],
        "before": _excerpt(entered),
        "after": _excerpt(left),
        "zeroed": _zeroed(entered, left, mask.cpu().numpy()),
        "hidden": _excerpt(hidden),
    }


def _embedding_fields(embeddings: Tensor, parts: int) -> dict[str, Any]:
    vectors = _numbers(embeddings)
    return {"embeddings": vectors, "objectives": _objectives(vectors, parts)}


def _rows(parts: Sequence[Sequence[str]]) -> list[str]:
    """All anchors, then all positives, then all hard negatives."""
    sizes = {len(part) for part in parts}
    if len(sizes) != 1:
        raise DataError(f"Anchors, positives and negatives must be equally many; got {sorted(sizes)}.")
    if sizes == {0} or sizes == {1}:
        raise DataError(
            "In-batch contrast needs two or more sentences.", hint="Add another sentence as a negative."
        )
    texts = [text for part in parts for text in part]
    if len(texts) > MOST_ROWS:
        raise DataError(f"The walk shows at most {MOST_ROWS} rows; got {len(texts)}.", hint="Take fewer.")
    return texts


@contextmanager
def in_train_mode(encoder: Encoder, dropout: float) -> Iterator[Any]:
    """A model with this dropout that shares the encoder's weights; random state is put back afterwards.

    Raises:
        ConfigError: `dropout` is out of range.
    """
    import torch

    from simcse_core.encoders.families import set_dropout
    from simcse_core.errors import ConfigError

    if not 0.0 <= dropout < 1.0:
        raise ConfigError(f"Dropout is {dropout}; allowed: 0 to below 1.")
    shared = {id(x): x for x in (*encoder.model.parameters(), *encoder.model.buffers())}
    cards = [encoder.device] if encoder.device.type == "cuda" else []
    with encoder.lock, _DRAWING, torch.random.fork_rng(devices=cards), torch.no_grad():
        model = copy.deepcopy(encoder.model, shared)
        set_dropout(model, dropout)
        yield model.train()


def _padding_check(encoder: Encoder, model: Any, texts: Sequence[str]) -> PaddingCheck:
    """The shortest text in the batch, and alone; `model` in eval mode."""
    import torch
    from torch.nn import functional as F

    ids, mask = read_tokens(encoder, texts)
    row = int(mask.sum(dim=1).argmin())
    states = forward(model, ids, mask, 0)
    batched = pool_rows(encoder, states, mask, ids)[row]
    single, real = read_tokens(encoder, [texts[row]])
    alone = pool_rows(encoder, forward(model, single, real, 0), real, single)[0]
    tokens = states[-1][row]
    masked = tokens[mask[row]].mean(dim=0)
    difference = (batched - alone).abs().max() / torch.linalg.vector_norm(alone).clamp(min=1e-12)
    cosine = F.cosine_similarity(masked, tokens.mean(dim=0), dim=0)
    return PaddingCheck(row, float(difference), float(cosine))


def _numbers(tensor: Tensor) -> Any:
    return tensor.detach().float().cpu().numpy()


def _excerpt(states: Any) -> Any:
    """(R, L, h) float32 → its first tokens and numbers, float16."""
    return states[:, :TOKENS_KEPT, :NUMBERS_KEPT].astype(np.float16)


def _zeroed(before: Any, after: Any, mask: Any) -> Any:
    """(R,) share of the numbers of the real tokens that were not zero and are now."""
    lost = (after == 0) & (before != 0) & mask[..., None]
    return (lost.sum(axis=(1, 2)) / (mask.sum(axis=1) * before.shape[2])).astype(np.float32)


def _pieces(encoder: Encoder, ids: list[list[int]], mask: Any) -> tuple[Any, Any]:
    """Tokens as text, and what each is."""
    special, unknown = set(encoder.special.values()), encoder.special.get("unk_token")
    pieces = [[str(encoder.backend.id_to_token(number)) for number in row] for row in ids]

    def kind(piece: str, real: bool) -> str:
        if not real:
            return "padding"
        if piece == unknown:
            return "unknown"
        if piece in special:
            return "special"
        return "inside" if piece.startswith("##") else "word"

    kinds = tuple(
        tuple(kind(p, bool(r)) for p, r in zip(row, real, strict=True))
        for row, real in zip(pieces, mask, strict=True)
    )
    return tuple(map(tuple, pieces)), kinds


def _objectives(embeddings: Any, parts: int) -> dict[str, dict[str, float]]:
    """The registered objectives on the same embeddings, at every temperature of the ladder."""
    import torch

    from simcse_core.losses import losses

    views = torch.from_numpy(embeddings).chunk(parts)
    names = dict.fromkeys(layout.objective for layout in LAYOUTS.values() if layout.parts == parts)
    return {
        name: {f"{tau:g}": float(losses[name](*views, temperature=tau)) for tau in TEMPERATURES}
        for name in names
    }
