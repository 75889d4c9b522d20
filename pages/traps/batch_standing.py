"""Scores over batch sizes: at the same number of steps, or of sentences."""

from __future__ import annotations

from pages.traps.recorded import Floats, recorded, runs, scores, sizes

EQUALS = ("steps", "sentences")
OBJECTIVES = ("info_nce", "gs_info_nce")


def stop_of(size: int, equal: str) -> int | None:
    """Step at which runs of a size are compared; None where they were not trained so far."""
    optim = recorded()["made"]["config"]["optim"]
    wanted = optim["steps"] if equal == "steps" else optim["steps"] * optim["batch_size"] // size
    stops = runs("batch", size=size)[0]["stops"]
    return wanted if wanted in stops else None


def by_size(objective: str, name: str, equal: str) -> dict[int, Floats]:
    """Size → (seeds,) rank correlations x 100 on a set."""
    found = {}
    for size in sizes():
        stop = stop_of(size, equal)
        if stop is not None:
            chosen = runs("batch", size=size, objective=objective)
            found[size] = scores(chosen, name, stop=chosen[0]["stops"].index(stop))
    return found


def sizes_of(equal: str) -> list[int]:
    """Sizes that were trained so far."""
    return [size for size in sizes() if stop_of(size, equal) is not None]
