"""Post-processing: fitted on embeddings, then a map of embeddings; one file each.

A post-processor is a frozen dataclass with `fit(embeddings, *, parameters)`, a classmethod whose keyword
parameters are what there is to set (`fit_parameters`), and `transform(embeddings)`, which never refits.
`save` and `load` keep the fitted arrays in safetensors; `to_dict` and `from_dict` in JSON.
"""

from __future__ import annotations

from simcse_core.postprocess.base import (
    PostProcessor,
    fit_parameters,
    from_dict,
    load,
    postprocessors,
    save,
    to_dict,
)
from simcse_core.registry import discover

discover(__name__)

__all__ = ["PostProcessor", "fit_parameters", "from_dict", "load", "postprocessors", "save", "to_dict"]
