"""A view's rows of a batch, with what the view asks for of the encoder that is trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simcse_core.registry import accepts_of
from simcse_core.views import Generator, Roles, views

if TYPE_CHECKING:
    from simcse_core.encoders import Encoder


def make_rows(
    view: str,
    records: Sequence[Any],
    generator: Generator,
    encoder: Encoder,
    source: str,
    parameters: Mapping[str, Any],
) -> Roles:
    """Rows and targets of a batch by role.

    Args:
        view: Registered name.
        records: B records, of a kind that the view can use.
        generator: Of everything the view draws.
        encoder: The one that is trained.
        source: The name it was loaded by.
        parameters: Of the view.
    """
    offered = {
        "tokenizer": encoder.text_tokenizer,
        "source": source,
        "width": encoder.model.get_input_embeddings().embedding_dim,
    }
    asked = {name: given for name, given in offered.items() if name in accepts_of(views[view])}
    return views[view](records, generator, **asked, **parameters)
