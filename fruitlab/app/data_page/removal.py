"""Removes a dataset, after a question."""

from typing import Any

import streamlit as st

from fruitlab.app.data_page import choice
from fruitlab.config.errors import DataError
from fruitlab.config.modes import Action, allows
from fruitlab.data import store, uploads
from fruitlab.data.owned import Dataset

PROBLEM = "removal problem"  # session state: why the last removal failed


def show_problem() -> None:
    """Shows why the last removal failed, once."""
    if problem := st.session_state.pop(PROBLEM, None):
        st.error(problem, icon=":material/error:")


def show_button(entry: dict[str, Any], runs: list[str]) -> None:
    """Shows the button that asks before it removes a dataset.

    Args:
        entry: Its entry in ``store.available``.
        runs: Ids of the runs that were trained on it.
    """
    if not allows(Action.REMOVE_DATA, Dataset(entry["name"])):
        return
    on_disk = entry["kind"] != "drawn" or entry["fingerprint"] is not None
    if not on_disk:  # the built-in pair before it is drawn
        return
    if st.button("Remove …", key="remove", icon=":material/delete:", type="tertiary"):
        _confirm(entry, runs)


@st.dialog("Remove this dataset?")
def _confirm(entry: dict[str, Any], runs: list[str]) -> None:
    st.markdown(f"**{entry['name']}**")
    if entry["kind"] == "drawn":
        st.write("It will be drawn again, with the same pictures, when a run needs it.")
    elif entry["nice"] and f"/{uploads.FOLDER}/" in entry["nice"]:
        st.write("The pictures of your upload are deleted too. Your zip file is not affected.")
    else:
        st.write("FruitLab's copy is deleted. The picture folders are not affected.")
    if runs:
        were_trained = "1 run was" if len(runs) == 1 else f"{len(runs)} runs were"
        st.write(
            f"{were_trained} trained on it. The results stay, but the pictures can no longer be "
            "shown, and unfinished runs cannot continue."
        )
    with st.container(horizontal=True):
        if st.button("Remove it", type="primary", key="remove for good"):
            _remove(entry["name"])
            st.rerun()
        if st.button("Keep it", key="keep data"):
            st.rerun()


def _remove(name: str) -> None:
    try:
        store.remove(name)
        if not name.startswith(store.BUILT_IN):
            uploads.forget(name)
    except DataError as error:
        st.session_state[PROBLEM] = str(error)
    choice.clear()
