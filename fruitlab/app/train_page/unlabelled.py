"""Pictures that programs posted to a stream without saying what they show (docs/online.md)."""

from pathlib import Path

import streamlit as st

from fruitlab.config.errors import DataError
from fruitlab.config.modes import Action, allows
from fruitlab.config.text import plain
from fruitlab.data import incoming

PROBLEM = "unlabelled problem"  # key of session_state


def show() -> None:
    """Draws the oldest one with a choice of categories; nothing if none waits."""
    waiting = incoming.unlabelled() if allows(Action.OBSERVE) else []
    if problem := st.session_state.pop(PROBLEM, None):
        st.error(problem, icon=":material/error:")
    if not waiting:
        return
    file = waiting[0]
    title = f"Posted pictures that wait for a label: {len(waiting):,}"
    with st.expander(title, icon=":material/label:"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.image(str(file), width=120)
            category = st.selectbox(
                f"What does this {file.parent.name} picture show?",
                incoming.categories(file),
                index=None,
                accept_new_options=True,
                placeholder="Choose or type a category",
                key=f"label {file.name}",
                width=280,
            )
            st.button(
                "Label",
                key="label it",
                type="primary",
                disabled=not category,
                on_click=_label,
                args=(file, category),
            )
        st.caption(
            f"Posted to the stream *{plain(file.parents[2].name)}*. `fruitlab online` trains on it "
            "once it has a label."
        )


def _label(file: Path, category: str) -> None:
    try:
        incoming.label(file, category)
    except DataError as error:
        st.session_state[PROBLEM] = str(error)
