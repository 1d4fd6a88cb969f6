"""The name of a dataset that is being added."""

import re
from pathlib import Path

import streamlit as st

from fruitlab.config.errors import DataError
from fruitlab.config.modes import Action, allows
from fruitlab.config.paths import data_root
from fruitlab.data import cache
from fruitlab.data.owned import Dataset

SUGGESTED = "zip named"  # key of session_state: a zip file and the name suggested for it


def suggest(file: str) -> None:
    """Fills in the dataset's name from that of a new zip file, unless the user typed another."""
    earlier, suggested = st.session_state.get(SUGGESTED, ("", ""))
    if file == earlier:
        return
    name = re.sub(r"[^A-Za-z0-9]+", "-", Path(file).stem).strip("-")[:64]
    if st.session_state.get("name of zip", "") in ("", suggested):
        st.session_state["name of zip"] = name
    st.session_state[SUGGESTED] = file, name


def named(key: str) -> tuple[str, bool]:
    """The dataset's name and whether to replace an existing one; ("", False) if not valid."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            "Name",
            key=f"name of {key}",
            max_chars=64,
            placeholder="for example my-pictures",
            width=260,
        ).strip()
    if not name:
        return "", False
    try:
        cache.check_name(name)
    except DataError as error:
        st.caption(f":red[{error}]")
        return "", False
    if not (data_root() / name / cache.RECORD).exists():
        return name, False
    if not allows(Action.REMOVE_DATA, Dataset(name)):
        st.caption(f":red[There is already a dataset named {name}. Choose another name.]")
        return "", False
    replace = st.checkbox(f"Replace the existing dataset {name}", key=f"replace {key} {name}")
    return (name if replace else ""), replace
