from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui import messages, state
from pages.ui.exports import csv_bytes, json_bytes
from pages.ui.text import language, languages, plain, t
from simcse_core.errors import DataError
from tests.app.apptest import REPOSITORY, OpenPage, faults

ENTRIES = re.findall(r'shell\.Entry\("(\w+)", "(\w+)"', (REPOSITORY / "app.py").read_text(encoding="utf-8"))


def test_the_entry_file_lists_pages_and_nothing_else() -> None:
    source = (REPOSITORY / "app.py").read_text(encoding="utf-8")
    assert len(source.splitlines()) < 50 and "def " not in source
    names = [name for _, name in ENTRIES]
    assert names[0] == "home" and len(set(names)) == len(names)


@pytest.mark.parametrize("name", [name for _, name in ENTRIES])
def test_every_listed_page_is_a_package_with_its_texts(name: str) -> None:
    assert (REPOSITORY / "pages" / name / "page.py").is_file()
    for key in (f"shell.nav.{name}", f"{name}.question", f"{name}.look"):
        assert t(key)


def test_no_page_file_lies_where_streamlit_would_serve_it_by_itself() -> None:
    assert [path.name for path in (REPOSITORY / "pages").glob("*.py")] == ["__init__.py"]


def test_importing_the_pages_does_nothing() -> None:
    modules = ", ".join(f"pages.{name}.page" for _, name in ENTRIES)
    heavy = "{'torch', 'transformers', 'umap', 'sklearn'}"
    code = f"import sys, {modules}\nassert not {heavy} & set(sys.modules), {heavy} & set(sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def one_page(body: str) -> AppTest:
    head = (
        "import streamlit as st\nfrom pages.ui import state, messages, challenge\n"
        "from pages.ui.forms import parameter_form\n"
    )
    return AppTest.from_string(head + body, default_timeout=60)


def test_data_and_code_are_drawn_once_they_are_opened() -> None:
    at = one_page(
        "from pages.ui.exports import code_panel, show_data\n"
        "show_data({'a': [1, 2]}, 'file', key='one', alt='numbers')\ncode_panel('print(1)')"
    ).run()
    assert not at.dataframe and not at.code
    at.session_state["one_panel"] = at.session_state["code_panel"] = True
    at.run()
    assert at.dataframe[0].value["a"].tolist() == [1, 2] and at.code[0].value == "print(1)"


def test_a_fault_of_ours_is_shown_kindly_and_the_rest_lives() -> None:
    at = one_page("with messages.boundary():\n    st.text('before')\n    1 / 0\nst.text('after')").run()
    assert [text.value for text in at.text] == ["before", "after"]
    assert t("shell.failed") in at.error[0].value and "ZeroDivisionError" not in at.error[0].value
    assert "ZeroDivisionError" in at.code[0].value and faults(at)


def test_a_refusal_says_what_and_what_to_do_as_plain_text() -> None:
    at = one_page(
        "from simcse_core.errors import DataError\n"
        "with messages.boundary():\n    raise DataError('Row 3 is <b>empty</b>.', hint='Remove *it*.')"
    ).run()
    assert plain("Row 3 is <b>empty</b>.") in at.error[0].value and plain("Remove *it*.") in at.error[0].value
    assert not faults(at)


def test_streamlits_control_flow_passes_the_boundary() -> None:
    at = one_page("with messages.boundary():\n    st.stop()\nst.text('never')").run()
    assert not at.text and not at.error


def test_a_failing_callback_is_caught_too(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr(messages, "failed", lambda error: seen.append("failed"))
    monkeypatch.setattr(messages, "refuse", lambda error: seen.append("refused"))
    assert messages.on_script_error(ValueError("x")) and messages.on_script_error(DataError("x"))
    assert seen == ["failed", "refused"]


def test_settings_come_from_the_address_and_nonsense_falls_back() -> None:
    body = "st.text(state.choice('Size', [1, 2, 3], 2, key='zz_size', kind='KIND'))\n"
    for kind in ("segments", "pills", "select", "ladder", "radio"):
        at = one_page(body.replace("KIND", kind))
        at.query_params["zz_size"] = "3"
        assert at.run().text[0].value == "3", kind
        at = one_page(body.replace("KIND", kind))
        at.query_params["zz_size"] = "77"
        assert at.run().text[0].value == "2", kind


def test_reset_brings_the_defaults_of_one_page_back() -> None:
    at = one_page(
        "a = state.choice('A', ['x', 'y'], 'x', key='zz_a')\nb = state.switch('B', key='zz_b')\n"
        "c = state.choice('C', ['x', 'y'], 'x', key='other_c')\n"
        "st.button('reset', on_click=state.reset, args=('zz',))\nst.text(f'{a} {b} {c}')"
    )
    at.query_params.update({"zz_a": "y", "zz_b": "true", "other_c": "y"})
    assert at.run().text[0].value == "y True y"
    assert at.button[0].click().run().text[0].value == "x False y"


def test_a_new_seed_differs_and_stays_in_range() -> None:
    at = one_page(
        "s = state.seed_control('Seed')\nst.button('new', on_click=state.new_seed)\nst.text(s)"
    ).run()
    seeds = {at.text[0].value, *(at.button[0].click().run().text[0].value for _ in range(3))}
    assert len(seeds) > 1 and all(0 <= int(seed) <= state.MAX_SEED for seed in seeds)


def test_a_form_gives_every_parameter_of_a_component_and_checks_it() -> None:
    at = one_page(
        "from simcse_core.losses import losses\nst.json(parameter_form(losses['info_nce'], key='zz'))"
    ).run()
    from simcse_core.losses import losses
    from simcse_core.registry import params_of

    defaults = {name: parameter.default for name, parameter in params_of(losses["info_nce"]).items()}
    assert json.loads(at.json[0].value) == defaults


def test_a_reached_goal_is_ticked_and_stays_ticked() -> None:
    at = one_page(
        "low = st.toggle('low')\n"
        "challenge.goal('zz.low', 'Get low.', reached=low, status='Not yet.', praise='Well done.')"
    ).run()
    assert not at.success and at.caption[0].value == "Not yet."
    at.toggle[0].set_value(True).run()
    assert at.success[0].value == "Well done." and at.session_state["solved"] == ["zz.low"]
    at.toggle[0].set_value(False).run()
    assert at.success and at.session_state["solved"] == ["zz.low"]


def test_a_second_language_is_a_folder_and_falls_back_to_english(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in (REPOSITORY / "assets").iterdir():
        if path.name != "strings":
            (tmp_path / path.name).symlink_to(path)
    (tmp_path / "strings").mkdir()
    (tmp_path / "strings" / "en").symlink_to(REPOSITORY / "assets" / "strings" / "en")
    (tmp_path / "strings" / "zh").mkdir()
    (tmp_path / "strings" / "zh" / "shell.toml").write_text('why = "为什么"\n', encoding="utf-8")
    monkeypatch.setenv("SIMCSE_ASSETS", str(tmp_path))
    assert languages() == ["en", "zh"] and language() == "en"
    at = one_page(
        "from pages.ui.text import t\nst.session_state['lang'] = 'zh'\n"
        "st.text(t('shell.why') + t('shell.try'))"
    )
    assert at.run().text[0].value == "为什么Try"


def test_exports_are_utf8_and_take_numpy_values() -> None:
    import numpy as np

    assert csv_bytes({"a": [1, 2], "text": ["x,y", "ü"]}).decode() == 'a,text\n1,"x,y"\n2,ü\n'
    assert json.loads(json_bytes({"v": np.float32(0.5), "w": np.arange(2)})) == {"v": 0.5, "w": [0, 1]}
    with pytest.raises(TypeError):
        json_bytes({"bad": ModuleType("x")})


def test_the_sidebar_says_what_the_machine_does(open_page: OpenPage) -> None:
    from simcse_core.config import RunConfig
    from simcse_core.runs.queue import Queue
    from simcse_core.runs.store import RunStore, runs_root
    from simcse_core.training.events import StepDone

    def shown() -> str:
        sidebar = open_page("notes").sidebar
        return " ".join(block.value for block in (*sidebar.markdown, *sidebar.caption))

    assert t("shell.status.idle") in shown()
    run = RunStore(runs_root()).create(RunConfig())
    assert t("shell.status.idle") in shown()  # neither held nor waiting
    Queue(runs_root()).add(run.id, owner="test", device="cpu")
    assert t("shell.status.queued") in shown()
    Queue(runs_root()).remove(run.id)
    with run.held():
        run.record(StepDone(step=3, loss=1.0, learning_rate=1e-5, grad_norm=1.0, sentences_per_second=10.0))
        text = shown()
    assert t("shell.status.running") in text
    assert t("shell.status.step", step=3, steps=run.config.optim.steps) in text


def test_deployment_settings_hide_details_and_send_nothing() -> None:
    config = tomllib.loads((REPOSITORY / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert config["client"]["showErrorDetails"] == "none"
    assert config["browser"]["gatherUsageStats"] is False
    assert "enableAgentApi" not in config["server"]
    assert not re.search(r"https?://", json.dumps(config))
