"""Explore: a slider from networks trained on studio pictures to networks trained on real photos."""

import streamlit as st

from fruitlab.app import shared
from fruitlab.app.explore_page import first_runs, mixing, one_photo
from fruitlab.runs.sweeps import sweeps


def main() -> None:
    """Draws the page."""
    st.title("Explore")
    st.markdown(
        "Should you train on clean studio photos (*nice*), messy *real* ones, or a mix? Drag the "
        "slider to see what a small network learns from each mix, then try it on a photo."
    )
    entries = shared.index().entries()
    found = sweeps(entries)
    if not found:
        first_runs.show(entries)
        return
    sweep = mixing.choose(found)
    left, right = st.columns([5, 6], gap="large")
    with left:
        ratio = mixing.slider(sweep)
        mixing.show_scores(sweep, ratio)
        mixing.link_to_missing(sweep)
    with right:
        mixing.show_curve(sweep, ratio)
    st.divider()
    st.subheader("One photo, many networks" if len(sweep.ratios) > 1 else "One photo, one network")
    one_photo.show(sweep, ratio)


main()
