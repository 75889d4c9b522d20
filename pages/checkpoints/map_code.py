"""The few lines behind the map, for each of its sources."""

from __future__ import annotations

from pages.checkpoints.map_controls import Settings
from pages.checkpoints.map_data import RECORDED, TWO, View

_RECORDED = """import json
from simcse_core.evaluation.atlas import Atlas
from simcse_core.runtime import assets

file = assets() / "recorded" / "maps.json"  # python -m simcse_core record maps
atlas = Atlas.from_dict(json.loads(file.read_text(encoding="utf-8"))["map"])"""
_RUN = """from simcse_core.evaluation.atlas import atlas_of
from simcse_core.runs.store import RunStore

run = RunStore().get({run!r})
kept, clouds = run.probe_texts(), {{step: run.probe(step) for step in {steps}}}
texts, subjects = [one["text"] for one in kept], [one["subject"] for one in kept]
atlas = atlas_of(clouds, texts, subjects, methods=({method!r},))"""
_TWO = """from simcse_core import load_encoder
from simcse_core.evaluation.atlas import atlas_of
from simcse_core.evaluation.cone import sample_sentences

texts, subjects = zip(*sample_sentences({count}), strict=True)
clouds = {{at: load_encoder(name).encode(texts) for at, name in enumerate({names})}}
atlas = atlas_of(clouds, texts, subjects, methods=({method!r},))"""
_THEN = """
from simcse_core.evaluation.neighbours import jaccard

at, other, pin, k = {at}, {other}, {pin}, {k}
points = atlas.layouts[{method!r}].points[at]        # (n, 2): the map
near = atlas.neighbours[:, :, :k]                    # cosine in full dimension
print([atlas.texts[row] for row in near[at, pin]])   # joined by lines
print(jaccard(near[other], near[at]).mean())         # 1: no list changed"""


def code(view: View, settings: Settings) -> str:
    """Lines that make the shown map and its neighbours."""
    method = settings.method
    if view.source == RECORDED:
        opening = _RECORDED
    elif view.source == TWO:
        opening = _TWO.format(count=len(view.atlas.texts), names=view.names, method=method)
    else:
        opening = _RUN.format(run=view.source, steps=list(view.atlas.steps), method=method)
    then = _THEN.format(at=settings.at, other=settings.other, pin=settings.pin, k=settings.k, method=method)
    return opening + then
