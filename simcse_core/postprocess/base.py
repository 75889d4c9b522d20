"""What every post-processor is, the registry of them, and how their fitted state is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.errors import DataError
from simcse_core.registry import Parameter, Registry, params_of

KEY = "postprocessor"  # of the metadata entry in the safetensors file


class PostProcessor(Protocol):
    """Fitted state and the map it defines; a frozen dataclass of float64 arrays."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @classmethod
    def fit(cls, embeddings: ArrayLike) -> Self:
        """Learn from (n, d) embeddings."""
        ...

    def transform(self, embeddings: ArrayLike) -> NDArray[np.float64]:
        """Map (m, d) to (m, k), not normalised; cosines are taken afterwards."""
        ...


postprocessors: Registry[type[PostProcessor]] = Registry("postprocessor")


def fit_parameters(name: str) -> dict[str, Parameter]:
    """What can be set when the post-processor is fitted.

    Raises:
        ConfigError: There is no such post-processor.
    """
    return params_of(postprocessors[name].fit)


def rows_of_width(embeddings: ArrayLike, width: int, name: str) -> NDArray[np.float64]:
    """Embeddings to transform, float64 (m, d).

    Raises:
        DataError: Not (m, `width`), or NaN or infinity in a row.
    """
    x = np.asarray(embeddings, dtype=np.float64)
    if x.ndim != 2 or x.shape[1] != width:
        raise DataError(f"{name} was fitted on {width} dimensions; got shape {x.shape}.")
    bad = np.flatnonzero(~np.isfinite(x).all(axis=1))
    if bad.size:
        raise DataError(f"{name}: row {bad[0]} (counted from 0) holds NaN or infinity.")
    return x


def rows_to_fit(embeddings: ArrayLike, name: str) -> NDArray[np.float64]:
    """Embeddings to learn from, float64 (n, d) with n of 2 or more.

    Raises:
        DataError: Wrong shape, fewer than two rows, or NaN or infinity in a row.
    """
    x = np.asarray(embeddings, dtype=np.float64)
    if x.ndim != 2 or x.shape[1] == 0 or len(x) < 2:
        raise DataError(f"{name} is fitted on two or more rows (n, d); got shape {x.shape}.")
    return rows_of_width(x, x.shape[1], name)


def rounding(embeddings: ArrayLike) -> float:
    """Largest singular value that rounding alone can give the matrix in its own number format."""
    x = np.asarray(embeddings)
    eps = np.finfo(x.dtype).eps if np.issubdtype(x.dtype, np.floating) else np.finfo(np.float64).eps
    return float(4 * eps * np.linalg.norm(x.astype(np.float64)))


def to_dict(processor: PostProcessor) -> dict[str, Any]:
    """Name and fitted arrays as nested lists, ready for JSON; `from_dict` gives the same processor back."""
    return {KEY: _name_of(processor), **{key: value.tolist() for key, value in _arrays(processor).items()}}


def from_dict(state: Mapping[str, Any]) -> PostProcessor:
    """The processor `to_dict` described.

    Raises:
        ConfigError: There is no post-processor of that name.
        DataError: An array is missing or is no table of numbers.
    """
    return _build(str(state.get(KEY)), {key: value for key, value in state.items() if key != KEY})


def save(processor: PostProcessor, path: Path | str) -> None:
    """Write the fitted arrays and the name to a safetensors file."""
    from safetensors.numpy import save_file

    arrays = {key: np.ascontiguousarray(value) for key, value in _arrays(processor).items()}
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    save_file(arrays, str(path), metadata={KEY: _name_of(processor)})


def load(path: Path | str) -> PostProcessor:
    """Read what `save` wrote.

    Raises:
        ConfigError: There is no post-processor of that name.
        DataError: The file is missing, broken or not one of a post-processor.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="np") as file:
            name = (file.metadata() or {}).get(KEY)
            arrays = {key: file.get_tensor(key) for key in file.keys()}
    except (OSError, SafetensorError, json.JSONDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}.") from None
    if name is None:
        raise DataError(f"{path} does not hold a post-processor.")
    return _build(name, arrays)


def _arrays(processor: PostProcessor) -> dict[str, NDArray[np.float64]]:
    return {field.name: getattr(processor, field.name) for field in fields(processor)}


def _name_of(processor: PostProcessor) -> str:
    return next(name for name in postprocessors if postprocessors[name] is type(processor))


def _build(name: str, arrays: Mapping[str, Any]) -> PostProcessor:
    kind = postprocessors[name]
    wanted = [field.name for field in fields(kind)]
    if sorted(arrays) != sorted(wanted):
        raise DataError(f"{name} needs the arrays {', '.join(wanted)}; got {', '.join(arrays) or 'none'}.")
    try:
        return kind(**{key: np.asarray(value, dtype=np.float64) for key, value in arrays.items()})
    except (TypeError, ValueError) as error:
        raise DataError(f"{name}: {error}.") from None
