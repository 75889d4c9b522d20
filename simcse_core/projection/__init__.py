"""Projection: (n, d) embeddings to the two or three numbers a picture has room for.

`project` makes one map, `project_aligned` one map a step in a common frame; both return `Projection`s that
carry trustworthiness and the share of true neighbours kept. Methods are registered in `projections` and
`alignments`: positional parameters are the rows (of unit length), the dimensions and the seed; the
keyword-only ones are settings. UMAP and scikit-learn are imported when a method that needs them is called.
"""

from __future__ import annotations

from simcse_core.projection.base import Fitted, alignments, projections
from simcse_core.registry import discover

discover(__name__)

from simcse_core.projection.maps import Projection, project, project_aligned  # noqa: E402

__all__ = ["Fitted", "Projection", "alignments", "project", "project_aligned", "projections"]
