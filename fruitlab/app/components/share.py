"""The download of a result as a picture to share."""

from collections.abc import Callable

import streamlit as st

from fruitlab.reports.card import Card, png


def card(make: Callable[[], Card], name: str) -> None:
    """Draws the button.

    Args:
        make: called on the click.
        name: of the file, without its ending.
    """
    st.download_button(
        "Share card",
        lambda: png(make()),
        f"{name}.png",
        "image/png",
        icon=":material/share:",
        key="card",
        on_click="ignore",
        help="A picture with the scores and the curve.",
    )
