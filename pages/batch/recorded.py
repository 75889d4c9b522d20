"""What was recorded for this page: eight triples under every dropout, their clouds, half precision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pages.ui.recordings import Recording
from simcse_core.errors import DataError
from simcse_core.theory.batch import Views
from simcse_core.theory.batch_clouds import Cloud


@dataclass(frozen=True)
class Recorded:
    """The recorded file.

    Attributes:
        made: Date, versions and configuration.
        views: By number of parts, dropout, and whether the masks are the same.
        clouds: By dropout, all on the same axes.
        half: Number format → case → number, as `masking_table` gives them; NaN and infinities as texts.
    """

    made: dict[str, Any]
    views: dict[tuple[int, float, bool], Views]
    clouds: dict[float, Cloud]
    half: dict[str, dict[str, Any]]


def _understood(content: Any) -> Recorded:
    views = [Views.from_dict(plain) for plain in content["views"]]
    clouds = [Cloud.from_dict(plain) for plain in content["clouds"]]
    return Recorded(
        content["made"],
        {(one.parts, one.dropout, one.same_mask): one for one in views},
        {cloud.dropout: cloud for cloud in clouds},
        content["half"],
    )


recorded = Recording("batch", _understood)
"""The recorded file."""


def recorded_views(parts: int, dropout: float, same_mask: bool) -> Views:
    """Recorded views of the shipped sentences (2 parts) or triples (3).

    Raises:
        DataError: The file is missing, damaged, or without this batch.
    """
    try:
        return recorded().views[parts, dropout, same_mask and dropout > 0]
    except KeyError:
        raise DataError("This batch was not recorded.", hint=recorded.hint) from None
