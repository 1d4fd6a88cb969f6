"""The main script: the menu, and the page that was chosen from it."""

from pathlib import Path

import streamlit as st

from fruitlab.app import navigation

ICON = Path(__file__).parent / "assets" / "icon.svg"
WIDE = (
    "explore",
    "runs",
    "paper",
    "data",
    "classify",
)  # said here, once a run of the script: a page that widened itself would jump at every click

home = st.Page(navigation.home, title="FruitLab", default=True, visibility="hidden")
chosen = st.navigation([home, *navigation.pages().values()])
st.set_page_config(
    page_title=f"{chosen.title.rpartition(' ')[2]} · FruitLab",
    page_icon=str(ICON),
    layout="wide" if chosen.url_path in WIDE else "centered",
)
st.logo(str(ICON), size="large")
chosen.run()
