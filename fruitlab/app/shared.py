"""State that all pages and all visitors share."""

import streamlit as st

from fruitlab.runs.index import Index


@st.cache_resource(show_spinner=False)
def index() -> Index:
    """The index of runs, one for the server."""
    return Index()
