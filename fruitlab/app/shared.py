"""What all pages and all visitors share."""

import streamlit as st

from fruitlab.runs.index import Index


@st.cache_resource(show_spinner=False)
def index() -> Index:
    """The server's one Index."""
    return Index()
