"""The template around the sentences, for the read-out at the mask token."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from pages.ui import messages
from pages.ui.state import switch
from pages.ui.text import t
from simcse_core.encoders.prompts import Template
from simcse_core.errors import ConfigError
from simcse_core.evaluation.cone import PROMPT

LONGEST = 200  # characters


@dataclass(frozen=True)
class Prompt:
    """A template, and whether what it says without the sentence is subtracted."""

    text: str = PROMPT
    denoise: bool = False

    @property
    def recorded(self) -> bool:
        """Whether the recorded results were made with it."""
        return self == AS_RECORDED


AS_RECORDED = Prompt()


def pick_prompt(pooling: str) -> Prompt:
    """The template and its denoising, where `pooling` needs one; a template that is none is refused here."""
    if pooling != "mask":
        return AS_RECORDED
    text = st.text_input(
        t("cone_views.prompt.template"),
        PROMPT,
        key="cn_template",
        max_chars=LONGEST,
        persist_state="session",
        help=t("cone_views.prompt.help"),
    ).strip()
    denoise = switch(
        t("cone_views.prompt.denoise"), key="cn_denoise", help=t("cone_views.prompt.denoise_help")
    )
    try:
        Template(text or PROMPT)
    except ConfigError as error:
        messages.refuse(error)
        return Prompt(denoise=denoise)
    return Prompt(text or PROMPT, denoise)
