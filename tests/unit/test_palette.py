from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from simcse_core.figures.theme import DARK, LIGHT, Theme, faded, plotly_text

CONFIG = tomllib.loads(
    (Path(__file__).resolve().parents[2] / ".streamlit" / "config.toml").read_text("utf-8")
)
THEMES = [LIGHT, DARK]
FADE = 0.6  # Streamlit draws captions in the text colour at this opacity


def luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    """WCAG 2 contrast, from 1 to 21."""
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def blend(front: str, back: str, opacity: float) -> str:
    mixed = (
        round(opacity * int(front[i : i + 2], 16) + (1 - opacity) * int(back[i : i + 2], 16))
        for i in (1, 3, 5)
    )
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def settings(theme: Theme) -> dict[str, Any]:
    return CONFIG["theme"][theme.name]  # type: ignore[no-any-return]


def test_contrast_of_black_and_white_is_21() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
@pytest.mark.parametrize("role", ["text", "muted"])
def test_text_of_figures_is_readable(theme: Theme, role: str) -> None:
    assert contrast(getattr(theme, role), theme.background) >= 4.5


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
@pytest.mark.parametrize("role", ["positive", "hard", "false", "noise", "before", "after", "outline"])
def test_marks_stand_out(theme: Theme, role: str) -> None:
    assert contrast(getattr(theme, role), theme.background) >= 3


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_the_pale_negative_stands_out_by_itself_or_by_its_outline(theme: Theme) -> None:
    alone = contrast(theme.negative, theme.background)
    outlined = contrast(theme.outline, theme.background)
    assert max(alone, outlined) >= 3 and (alone >= 3 or contrast(theme.outline, theme.negative) >= 3)


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_text_of_the_pages_is_readable_faded_captions_and_sidebar_included(theme: Theme) -> None:
    page = settings(theme)
    for back in (
        page["backgroundColor"],
        page["secondaryBackgroundColor"],
        page["sidebar"]["backgroundColor"],
    ):
        assert contrast(page["textColor"], back) >= 7
        assert contrast(page["linkColor"], back) >= 4.5
    for back in (page["backgroundColor"], page["sidebar"]["backgroundColor"]):
        assert contrast(blend(page["textColor"], back, FADE), back) >= 4.5
    for name in ("grayTextColor", "greenTextColor", "blueTextColor", "orangeTextColor", "redTextColor"):
        assert contrast(page[name], page["backgroundColor"]) >= 4.5, name


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_the_palette_and_the_theme_file_are_in_step(theme: Theme) -> None:
    page = settings(theme)
    assert page["backgroundColor"] == theme.background and page["textColor"] == theme.text
    assert page["chartCategoricalColors"] == [
        theme.positive, theme.negative, theme.after, theme.hard, theme.false, theme.noise,
    ]  # fmt: skip
    assert len(page["chartSequentialColors"]) == len(page["chartDivergingColors"]) == 10


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_the_diverging_scale_is_blue_high_amber_low_and_empty_at_zero(theme: Theme) -> None:
    stops = dict(theme.diverging)
    assert stops[0.5] == theme.background
    red, blue = (int(stops[1.0][i : i + 2], 16) for i in (1, 5))
    assert blue > red
    red, blue = (int(stops[0.0][i : i + 2], 16) for i in (1, 5))
    assert red > blue


def test_learners_texts_lose_their_markup_in_figures() -> None:
    assert plotly_text("<b>a</b> & %{x}") == "&lt;b&gt;a&lt;/b&gt; &amp; %\u2060{x}"
    assert faded("#0072b2", 0.25) == "rgba(0,114,178,0.25)"
