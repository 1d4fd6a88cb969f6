"""Streamlit's main script: the menu, and the page chosen from it."""

from pathlib import Path

import streamlit as st

from fruitlab.app import assets, identity, navigation, sidebar

ICON = Path(__file__).parent / "assets" / "icon.svg"
# The layout is set here, once per script run: a page that set its own would jump at every click.
CENTERED = ("", "train", "forgetting")

home = st.Page(navigation.home, title="FruitLab", default=True, visibility="hidden")
chosen = st.navigation([home, *navigation.pages().values()])
st.set_page_config(
    page_title=f"{chosen.title.rpartition(' ')[2]} · FruitLab",
    page_icon=str(ICON),
    layout="centered" if chosen.url_path in CENTERED else "wide",
)
theme = st.context.theme.type or "light"
colour = str(st.get_option(f"theme.{theme}.linkColor"))
st.logo(assets.read("wordmark.svg").replace("LINK_COLOUR", colour), size="large")
st.html(assets.style("page.css"))
if theme == "dark":
    st.html(assets.style("dark.css"))
identity.sign_in()
sidebar.show()
chosen.run()
