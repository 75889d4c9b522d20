"""The check-up and take-it-along tabs of the checkpoints page."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.checkpoints import taking_vectors
from pages.checkpoints.checkup_data import Request, known, opening, recorded, sentences_of
from pages.checkpoints.checkup_tasks import Tasks, tasks, wait
from pages.ui.cache import digest_of
from pages.ui.text import plain, t
from simcse_core.data.vectors import make_vectors, vector_files
from simcse_core.errors import DataError
from simcse_core.evaluation.broken import breakages
from simcse_core.evaluation.patient import FINE
from simcse_core.figures.calibration import Shown, boxes, cosine_by_score
from simcse_core.figures.theme import LIGHT
from tests.app.apptest import (
    OpenPage,
    assets_with_broken,
    captions,
    charts,
    code_with,
    heavy_libraries_of,
    numbers,
    printed,
    said,
)

TABS = {"checkup": "Check-up", "taking": "Take it along"}
WORDS = {"title": "Title", "cosine": "cosine", "score": "score", "random": "random", "asked": "0.72",
         "threshold": "from here"}  # fmt: skip


def opened(open_page: OpenPage, tab: str = "checkup", **query: str) -> AppTest:
    return open_page("checkpoints", cp_tab=TABS[tab], **query)


def test_it_opens_on_recorded_numbers_before_against_after(open_page: OpenPage) -> None:
    at = opened(open_page)
    after, before = opening()
    checkup = recorded()["checkups"][after]
    assert at.selectbox(key="ck").value == after and at.selectbox(key="cp_c_beside").value == before
    assert plain(checkup.calibration.sentence(0.72)) in said(at)
    (figure,) = charts(at)
    traces = {trace["name"]: trace for trace in figure["data"] if trace["type"] == "box"}
    assert list(traces) == [before, after]
    expected = [values[2] for values in boxes(checkup.calibration, t("checkup.figure.random")).values()]
    assert np.allclose(numbers(traces[after]["median"]), expected)
    assert "recorded" in captions(at).lower() and recorded()["made"]["date"] in captions(at)
    for one in checkup.findings:
        assert plain(one.told) in said(at)


@pytest.mark.parametrize("tab", list(TABS))
def test_opening_it_loads_no_heavy_library(tab: str) -> None:
    assert heavy_libraries_of("checkpoints", cp_tab=TABS[tab]) == "[]"


def test_the_cosine_that_is_asked_about_is_explained_and_drawn(open_page: OpenPage) -> None:
    at = opened(open_page, cp_c_cos="0.30")
    checkup = recorded()["checkups"][opening()[0]]
    assert plain(checkup.calibration.sentence(0.3)) in said(at)
    lines = [shape for shape in charts(at)[0]["layout"]["shapes"] if shape["type"] == "line"]
    assert lines[0]["x0"] == 0.3


def test_an_unknown_setting_falls_back(open_page: OpenPage) -> None:
    at = opened(open_page, cp_c_cos="7", cp_c_break="nonsense", cp_c_pool="nonsense", cp_c_beside="nonsense")
    assert plain(recorded()["checkups"][opening()[0]].calibration.sentence(0.72)) in said(at)


@pytest.mark.parametrize("name", ["not_normalised", "collapsed"])
def test_an_encoder_broken_on_purpose_is_examined(open_page: OpenPage, name: str) -> None:
    at = opened(open_page, cp_c_break=t(f"checkup.breaks.{name}"))
    found = {one.check: one for one in recorded()["broken"][name].findings}
    speaks = found[breakages.info(name).traits["finds"]]
    assert speaks.state != FINE and plain(speaks.told) in said(at) and plain(speaks.fix) in said(at)
    reached = any(t("checkup.goal_praise") == box.value for box in at.success)
    assert reached == (name == "not_normalised")


def test_a_checkpoint_of_ones_own_is_examined_on_ones_own_sentences(
    open_page: OpenPage, tiny_checkpoint: Path
) -> None:
    at = opened(open_page)
    at.text_input(key="ck-name").set_value(str(tiny_checkpoint))
    at.button(key="ck-add").click().run()
    assert not at.error and at.selectbox(key="ck").value == str(tiny_checkpoint)
    at.text_area(key="cp-c-texts").set_value("the cat sleeps\na man plays the guitar\n\nthe cat sleeps").run()
    at.button(key="cp-c-start").click().run()
    request = Request(str(tiny_checkpoint), None, ("the cat sleeps", "a man plays the guitar"))
    checkup = known(request)
    assert checkup is not None and checkup.space["rows"] == 2
    assert plain(checkup.findings[0].told) in said(at)
    assert t("checkup.computed", precision="float32", device=checkup.facts["device"]) in captions(at)
    assert not at.exception and not [b for b in at.button if b.key == "cp-c-start"]


def test_the_code_shown_gives_the_findings_shown(open_page: OpenPage) -> None:
    at = opened(open_page, ck="minilm:4")
    out = printed(code_with(at, "check_up"))
    checkup = recorded()["checkups"]["minilm:4"]
    for one in checkup.findings:
        if one.check in {"language", "truncation", "normalisation", "collapse"}:
            assert f"{one.state} {one.check} {one.told}" in out
    assert checkup.calibration.sentence(0.72).split(";")[1] in out  # random pairs are kept as 501 quantiles


def test_a_broken_recording_is_told(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SIMCSE_ASSETS", str(assets_with_broken("checkup", tmp_path)))
    at = opened(open_page)
    assert "record checkup" in at.error[0].value.replace("\\", "")


def test_sentences_of_a_field() -> None:
    assert sentences_of("  a \n\n b\na", 10) == ("a", "b") and sentences_of("", 10) == ()
    assert len(sentences_of("\n".join(map(str, range(50))), 10)) == 10
    with pytest.raises(DataError, match="One sentence"):
        sentences_of("only", 10)


def test_a_task_that_fails_is_told_and_can_be_tried_again() -> None:
    queue = Tasks()
    failing = queue.start("one", lambda hear: 1 / 0)
    wait(failing, "waiting")
    with pytest.raises(ZeroDivisionError):
        failing.outcome()
    again = queue.start("one", lambda hear: hear(1, 2) or "done")
    wait(again, "waiting")
    assert again.outcome() == "done" and again.share == 0.5
    assert queue.start("one", lambda hear: "other") is again


def test_a_changed_folder_is_examined_anew(tiny_checkpoint: Path, tmp_path: Path) -> None:
    import os
    import shutil

    folder = Path(shutil.copytree(tiny_checkpoint, tmp_path / "copy"))
    before = Request(str(folder)).key
    os.utime(folder / "model.safetensors", ns=(1, 1))
    assert Request(str(folder)).key != before != Request(str(folder), "max").key


def test_the_figure_holds_the_quantiles_and_the_threshold() -> None:
    (_, first), (_, second) = list(recorded()["checkups"].items())[:2]
    shown = [Shown("a<b>", first.calibration, "after"), Shown("b", second.calibration, "before")]
    figure = cosine_by_score(shown, LIGHT, cosine=0.72, words=WORDS)
    told = {trace.name: trace for trace in figure.data if trace.type == "box"}
    assert list(told) == ["b", "a&lt;b&gt;"]
    rows = boxes(first.calibration, "random")
    assert list(told["a&lt;b&gt;"].y) == list(rows) and next(iter(rows)) == "random"
    assert np.allclose(told["a&lt;b&gt;"].q1, [values[1] for values in rows.values()])
    band = next(shape for shape in figure.layout.shapes if shape.type == "rect")
    threshold = first.calibration.threshold
    assert band.x0 == threshold.low and band.x1 >= threshold.high


def test_what_opens_where_and_the_card(open_page: OpenPage) -> None:
    at = opened(open_page, "taking", ck="minilm")
    table = next(m.value for m in at.markdown if "| sentence-transformers |" in m.value)
    assert table.count("✓") == 3 and "✕" not in table
    card = code_with(at, "pipeline_tag")
    checkup = recorded()["checkups"]["minilm"]
    assert 'license: "apache-2.0"' in card and checkup.facts["digest"] in card
    assert checkup.calibration.sentence(0.72) in card
    assert code_with(at, "SentenceTransformer(")


def test_a_checkpoint_leaves_as_a_zip_and_comes_back(
    open_page: OpenPage, tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from simcse_core.encoders import load_encoder
    from simcse_core.encoders.unpacking import unpack_checkpoint

    monkeypatch.setenv("SIMCSE_HOME", str(tmp_path / "home"))
    at = opened(open_page, "taking")
    at.text_input(key="ck-name").set_value(str(tiny_checkpoint))
    at.button(key="ck-add").click().run()
    at.button(key="cp-t-start").click().run()
    at.button(key="cp-t-pack").click().run()
    assert not at.exception and not at.error
    (made,) = (tmp_path / "home" / "exports").glob("*.zip")
    assert "README.md" in " ".join(zipfile.ZipFile(made).namelist())
    back = load_encoder(str(unpack_checkpoint(made)), device="cpu", precision="fp32")
    start = load_encoder(str(tiny_checkpoint), device="cpu", precision="fp32")
    assert np.array_equal(back.encode(["the cat"]), start.encode(["the cat"]))


@pytest.mark.parametrize(("kind", "names"), [("npy", 2), ("tsv", 2), ("parquet", 1)])
def test_vectors_come_in_one_file(kind: str, names: int) -> None:
    rows = np.eye(3, dtype=np.float32)
    files = vector_files(make_vectors(rows, ["a", "b", "c"], {"subject": ["x", "y", "z"]}), f"m.{kind}")
    name, content = taking_vectors.one_file(files, "m")
    assert (name == "m-vectors.zip") == (names > 1)
    if names > 1:
        kept = zipfile.ZipFile(io.BytesIO(content))
        assert len(kept.namelist()) == names
    else:
        import pandas as pd

        assert np.allclose(np.stack(pd.read_parquet(io.BytesIO(content))["embedding"]), rows)


def test_vectors_of_own_sentences(open_page: OpenPage) -> None:
    at = opened(open_page, "taking", ck="minilm:4", cp_t_texts=t("taking.source.own"))
    assert any(t("taking.no_sentences") == caption.value for caption in at.caption)
    at.text_area(key="cp-t-own").set_value("the cat sleeps\nthe dog runs").run()
    at.button(key="cp-t-embed").click().run()
    texts = digest_of(("the cat sleeps", "the dog runs"))
    task = tasks().get(f"vectors minilm:4 npy {texts}")
    assert task is not None
    name, content = task.outcome()
    kept = zipfile.ZipFile(io.BytesIO(content))
    rows = np.load(io.BytesIO(kept.read("minilm-4.npy")))
    assert name == "minilm-4-vectors.zip" and rows.shape == (2, 384)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
