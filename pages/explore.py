"""Explore: a slider from learning from studio pictures alone to learning from real photos alone."""

import streamlit as st

from fruitlab.app import all_ratios, shared
from fruitlab.app.explore_page import desk, first_runs, instant, mixing, one_photo
from fruitlab.config.modes import Action, allows
from fruitlab.runs.sweeps import Sweep, sweeps

INSTANT, TRAINED, DESK = "At every ratio", "Trained networks", "Your own desk"
INTRODUCTION = (
    "What should a network learn from: clean studio photos (*nice*), messy *real* ones, or both? "
    "Drag the slider and watch what it gets right and wrong."
)
DESK_INTRODUCTION = (
    "The same question about things of your own: photograph a few of them, and see which mix a "
    "network should learn from to recognize them anywhere."
)


def main() -> None:
    """Draws the page."""
    st.title("Studio photos, real photos, or a mix?")
    introduction = st.empty()
    introduction.markdown(INTRODUCTION)
    entries = shared.index().entries()
    found, ratios = sweeps(entries), all_ratios.available()
    if not ratios and not found:
        first_runs.show(entries)
        return
    views = {INSTANT: ratios, TRAINED: found, DESK: allows(Action.IMPORT)}
    chosen = view([name for name, there in views.items() if there])
    if chosen == INSTANT:
        instant.show(ratios, found)
    elif chosen == TRAINED:
        trained(found)
    else:
        introduction.markdown(DESK_INTRODUCTION)
        desk.show()


def view(views: list[str]) -> str:
    """Draws the choice between the views; links to a set of networks open the trained ones."""
    if len(views) == 1:
        return views[0]
    if "view" not in st.session_state:
        wanted = DESK if st.query_params.get("view") == "desk" else TRAINED
        asked = "set" in st.query_params or "view" in st.query_params
        st.session_state.view = wanted if asked and wanted in views else views[0]

    def changed() -> None:
        st.query_params.pop("view", None)
        if st.session_state.view != TRAINED:
            st.query_params.pop("set", None)

    chosen = st.segmented_control(
        "View",
        views,
        key="view",
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
