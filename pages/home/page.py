"""Home: what changes when a model learns by contrast."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.home.story import SCORE, Story, load_story, story_path
from pages.ui import messages, shell
from pages.ui.browser import component
from pages.ui.challenge import guess
from pages.ui.exports import json_button, show_data
from pages.ui.frame import header
from pages.ui.state import solved
from pages.ui.text import plain, prose, section, t
from pages.ui.theme import current_theme

PREFIX = "hm"
STEP = "hm_step"
FIGURE = "hm-story"
PARTS = ("story_parts", "story_charts", "story_sphere")
ANSWERS = (0.0, 0.25, 0.5, 0.75, 1.0)
NEAR = 0.15  # a guess this close is right
FOLDER = Path(__file__).parent


def render() -> None:
    """Draw the page; without its recorded run, what is left is the map."""
    header("home", PREFIX)
    story = None
    with messages.boundary():
        path = story_path()
        story = read_story(str(path), path.stat().st_mtime_ns if path.exists() else 0)
    if story:
        with messages.boundary():
            draw_story(story)
        challenge, why = st.columns(2, gap="large")
        with challenge, messages.boundary():
            draw_guess(story)
        with why:
            st.header(t("shell.why"), anchor=False)
            st.markdown(prose("home", "why"))
    draw_map()
    if story:
        draw_provenance(story)


@st.cache_data(max_entries=2, show_spinner=False)
def read_story(path: str, changed: int) -> Story:
    """The recorded run; read again when the file changes."""
    return load_story(Path(path))


def draw_story(story: Story) -> None:
    """The figure: scrubbed in the browser; a released slider writes its step into the address."""
    at = len(story.steps) - 1
    asked = st.query_params.get(STEP, "")
    if asked.isdecimal():
        at = story.nearest(int(asked[:9]))
    drawn = story.for_browser(current_theme(), section("home.figure"), at)
    component("home_story", FOLDER, "story", parts=PARTS, shared=())(
        key=FIGURE, data=drawn, on_step_change=_keep_step_in_address
    )
    first, last = story.steps[0], story.steps[-1]
    st.caption(
        t(
            "home.caption",
            steps=last["step"],
            raw=f"{first['mean_cosine']:.2f}",
            trained=f"{last['mean_cosine']:.2f}",
            raw_score=f"{first['spearman'][SCORE]:.1f}",
            score=f"{last['spearman'][SCORE]:.1f}",
        )
    )


def _keep_step_in_address() -> None:
    step = st.session_state[FIGURE].get("step")
    if isinstance(step, int):
        st.query_params[STEP] = str(step)


def draw_guess(story: Story) -> None:
    """Guess the raw model's cosine of two unrelated sentences, then see it."""
    st.header(t("shell.try"), anchor=False)
    pair = next(one for one in story.examples if one["kind"] == "unrelated")
    raw, trained = story.cosine("unrelated", 0), story.cosine("unrelated", -1)
    guess(
        "home.cosine",
        t("home.guess", first=plain(pair["first"]), second=plain(pair["second"])),
        [f"{answer:.2f}" for answer in ANSWERS],
        is_right=lambda answer: abs(float(answer) - raw) <= NEAR,
        reveal=t("home.reveal", raw=f"{raw:.2f}", trained=f"{trained:.2f}"),
    )


def draw_map() -> None:
    """What can be done here: one card a page, ticked once its challenge is solved."""
    st.header(t("home.map"), anchor=False)
    ticks = {name.split(".")[0] for name in solved()}
    shown = [(entry, page) for entry, page in shell.listed_pages().items() if entry.name != "home"]
    with st.grid(min_column_width=260, gap="small"):
        for entry, page in shown:
            with st.container(border=True, height="stretch"):
                st.page_link(page, label=f"**{page.title}**", icon=page.icon)
                st.markdown(t(f"{entry.name}.card"))
                done = f":green[:material/check: {t('home.solved')}]" if entry.name in ticks else ""
                st.caption(done or t(f"shell.section.{entry.section}"))


def draw_provenance(story: Story) -> None:
    """Where the numbers come from, and the numbers."""
    alt = t("home.table_alt")
    show_data(story.table(), "home-run", key="hm-data", alt=alt)
    with st.expander(t("home.provenance"), icon=":material/history:"):
        made = story.made
        st.markdown(
            t(
                "home.made",
                seed=made["seed"],
                device=plain(str(made["device"])),
                date=plain(str(made["date"])),
            )
        )
        st.code(str(made["command"]), language="bash", wrap_lines=True)
        st.json({"config": made["config"], "versions": made["versions"]}, expanded=False)
        json_button(story.made, "home-run-made", key="hm-made")
