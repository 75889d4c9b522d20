"""The one list of pages, and navigation; nothing else."""

from __future__ import annotations

import streamlit as st

from pages.ui import shell

PAGES = (
    # section, package under pages/ and address, icon
    shell.Entry("start", "home", ":material/explore:"),
    shell.Entry("see", "pairs", ":material/compare_arrows:"),
    shell.Entry("see", "cone", ":material/cyclone:"),
    shell.Entry("see", "repair", ":material/healing:"),
    shell.Entry("see", "batch", ":material/grid_on:"),
    shell.Entry("see", "walk", ":material/footprint:"),
    shell.Entry("see", "temperature", ":material/thermostat:"),
    shell.Entry("see", "sphere", ":material/bubble_chart:"),
    shell.Entry("see", "race", ":material/flag:"),
    shell.Entry("see", "losses", ":material/balance:"),
    shell.Entry("see", "traps", ":material/warning:"),
    shell.Entry("run", "lab", ":material/play_circle:"),
    shell.Entry("judge", "bench", ":material/leaderboard:"),
    shell.Entry("judge", "checkpoints", ":material/map:"),
    shell.Entry("reference", "notes", ":material/menu_book:"),
)

if __name__ == "__main__":  # one visitor's run of this script
    shell.show(PAGES)
else:  # `streamlit run` imports this file once, before the first visitor
    shell.announce()
    app = st.App(__file__, on_script_error=shell.on_script_error)
