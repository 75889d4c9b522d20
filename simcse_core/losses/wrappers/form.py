"""The similarity form of an objective, for wrappers that change the rows of candidates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from simcse_core.errors import ConfigError
from simcse_core.losses import losses
from simcse_core.losses.layouts import LAYOUTS, Candidates, OnSimilarities
from simcse_core.registry import accepts_of


def similarity_form(
    name: str,
) -> tuple[str, Callable[[Mapping[str, Tensor]], Candidates], OnSimilarities]:
    """How an objective makes its rows of candidates, and what it does with them.

    Args:
        name: A registered objective.

    Returns:
        The name of its layout; embeddings by role -> candidates (roles it does not use are passed over);
        and the objective on candidates.

    Raises:
        ConfigError: No such objective, or it does not act on similarities alone.
    """
    traits = losses.info(name).traits
    if "on_similarities" not in traits:
        able = [other for other in losses if "on_similarities" in losses.info(other).traits]
        raise ConfigError(
            f"The objective {name!r} does not act on rows of candidates.",
            hint=f"These do: {', '.join(able)}.",
        )
    accepted = accepts_of(losses[name])

    def rows_of(embeddings: Mapping[str, Tensor]) -> Candidates:
        used: dict[str, Any] = {role: x for role, x in embeddings.items() if role in accepted}
        return LAYOUTS[traits["layout"]](**used)

    return traits["layout"], rows_of, traits["on_similarities"]
