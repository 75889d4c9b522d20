"""What holds for every registered metric, those nobody has written yet included."""

import ast
import inspect
import math
import subprocess
import sys

import numpy as np
import pytest

from simcse_core.errors import DataError
from simcse_core.metrics import metrics
from simcse_core.registry import inputs_of, params_of

EXAMPLES = {
    "embeddings": np.random.default_rng(0).normal(size=(40, 8)),
    "first": np.random.default_rng(1).normal(size=(40, 8)),
    "second": np.random.default_rng(2).normal(size=(40, 8)),
    "cosine": np.random.default_rng(3).uniform(-1, 1, size=40),
    "gold": np.random.default_rng(4).uniform(0, 5, size=40),
}
DIRECTIONS = {"lower is better", "higher is better", "neither"}


def example(name: str) -> dict[str, np.ndarray]:
    return {key: EXAMPLES[key].copy() for key in inputs_of(metrics[name])}


@pytest.mark.parametrize("name", list(metrics))
def test_is_a_float_within_its_range(name: str) -> None:
    value = metrics[name](**example(name))
    low, high = metrics.info(name).traits["range"]
    assert type(value) is float and math.isfinite(value)
    assert low <= value <= high


@pytest.mark.parametrize("name", list(metrics))
def test_says_what_it_is(name: str) -> None:
    info = metrics.info(name)
    assert set(info.traits) == {"direction", "range", "unit", "isotropic"}
    assert info.traits["direction"] in DIRECTIONS
    assert info.title and info.source and info.equation and info.traits["unit"]
    doc = inspect.getdoc(metrics[name]) or ""
    assert "Raises:" in doc and info.summary.endswith(".")
    params_of(metrics[name])  # every keyword parameter has a default and a range


@pytest.mark.parametrize("name", list(metrics))
def test_does_not_depend_on_the_order_of_rows(name: str) -> None:
    given, order = example(name), np.random.default_rng(5).permutation(40)
    shuffled = {key: value[order] for key, value in given.items()}
    assert metrics[name](**shuffled) == pytest.approx(metrics[name](**given), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", list(metrics))
def test_leaves_its_inputs_alone_and_computes_in_float64(name: str) -> None:
    given = {key: value.astype(np.float32) for key, value in example(name).items()}
    before = {key: value.copy() for key, value in given.items()}
    single = metrics[name](**given)
    assert all(np.array_equal(given[key], before[key]) for key in given)
    assert single == metrics[name](**{key: value.astype(np.float64) for key, value in given.items()})


@pytest.mark.parametrize("name", list(metrics))
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_refuses_what_is_not_finite_and_names_it(name: str, bad: float) -> None:
    given = example(name)
    last = list(given)[-1]
    given[last][3] = bad
    with pytest.raises(DataError, match=r"(row|pair) 3\b|of pair 3"):
        metrics[name](**given)


@pytest.mark.parametrize("name", list(metrics))
def test_refuses_too_little(name: str) -> None:
    with pytest.raises(DataError):
        metrics[name](**{key: value[:0] for key, value in example(name).items()})


@pytest.mark.parametrize("name", [n for n in metrics if metrics.info(n).traits["isotropic"]])
def test_isotropic_reference_is_what_a_sample_gives(name: str) -> None:
    n, d = 3000, 24
    sample = np.random.default_rng(0).normal(size=(n, d))
    assert metrics[name](sample) == pytest.approx(
        metrics.info(name).traits["isotropic"](n, d), abs=0.02, rel=0.02
    )


def test_measuring_needs_no_torch() -> None:
    code = "import sys, simcse_core.metrics.report, simcse_core.evaluation.sts, simcse_core.data.datasets, "
    code += "simcse_core.postprocess, simcse_core.projection.sphere, simcse_core.projection.faithfulness\n"
    code += "print(sorted({'torch', 'transformers', 'sklearn', 'scipy', 'pyarrow'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ast.literal_eval(found.stdout) == []
