"""Explore: a slider from learning from studio pictures alone to learning from real photos alone."""

import streamlit as st

from fruitlab.app import all_ratios, shared
from fruitlab.app.explore_page import first_runs, instant, mixing, one_photo
from fruitlab.runs.sweeps import Sweep, sweeps

INSTANT, TRAINED = "At every ratio", "Trained networks"


def main() -> None:
    """Draws the page."""
    st.title("Studio photos, real photos, or a mix?")
    st.markdown(
        "What should a network learn from: clean studio photos (*nice*), messy *real* ones, or "
        "both? Drag the slider and watch what it gets right and wrong."
    )
    entries = shared.index().entries()
    found, ratios = sweeps(entries), all_ratios.available()
    if not ratios:
        trained(found) if found else first_runs.show(entries)
    elif not found or view() == INSTANT:
        instant.show(ratios, found)
    else:
        trained(found)


def view() -> str:
    """Draws the choice between the two views; links to a set of networks open the second one."""
    key = "view"
    if key not in st.session_state:
        st.session_state[key] = TRAINED if "set" in st.query_params else INSTANT

    def changed() -> None:
        if st.session_state[key] == INSTANT:
            st.query_params.pop("set", None)

    chosen = st.segmented_control(
        "View",
        [INSTANT, TRAINED],
        key=key,
        required=True,
        on_change=changed,
        label_visibility="collapsed",
    )
    return str(chosen)


def trained(found: list[Sweep]) -> None:
    """Draws the networks that were trained from scratch, one at each stop of the slider."""
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
