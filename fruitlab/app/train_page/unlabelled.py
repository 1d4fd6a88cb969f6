"""Pictures of streams that wait for a label, and the likeliest labels (docs/online.md)."""

from pathlib import Path

import numpy as np
import streamlit as st

from fruitlab.app.components import pictures
from fruitlab.config.errors import DataError, RunError
from fruitlab.config.modes import Action, allows
from fruitlab.config.text import plain
from fruitlab.data import unlabelled
from fruitlab.data.pictures import BadPicture
from fruitlab.data.stream import Stream, folder_of
from fruitlab.data.unlabelled import Unlabelled
from fruitlab.inference import client
from fruitlab.inference.client import PredictorError
from fruitlab.runs import catalog

OPEN = "labelling"  # key of session_state: whether the pictures are shown
PROBLEM = "unlabelled problem"  # key of session_state
SHOWN = 6  # pictures at a time


@st.fragment
def show() -> None:
    """Draws the oldest ones, each with its likeliest categories; nothing if none waits."""
    waiting = unlabelled.waiting() if allows(Action.OBSERVE) else []
    if problem := st.session_state.pop(PROBLEM, None):
        st.error(plain(problem), icon=":material/error:")
    if not waiting:
        return
    title = "Pictures that wait for a label"  # without their number: a new title closes it
    with st.expander(title, icon=":material/label:", key=OPEN, on_change=lambda: None):
        if not st.session_state[OPEN]:
            return
        with st.spinner("Asking the network …"), st.container(horizontal=True):
            for one in waiting[:SHOWN]:
                with st.container(border=True, width=206):
                    _picture(one)
        st.caption(
            f"{len(waiting):,} in all. The buttons are the three likeliest categories. `fruitlab "
            "online` learns a picture once it has a label."
        )


def _picture(one: Unlabelled) -> None:
    """Draws one picture with its choices."""
    name = f"{one.domain} · {one.file.name}"
    try:
        seen = _seen(one.file, one.changed)
    except BadPicture as error:
        st.caption(f"**{plain(name)}** cannot be used: {plain(str(error))}. Delete the file.")
        return
    pictures.row([seen], width=120, alt=[name])
    st.caption(plain(one.domain), help=f"{plain(one.file.name)} in the stream {plain(one.stream)}")
    key = f"label {one.file} {one.changed}"
    likeliest, known = _categories(one, seen)
    for category in likeliest:
        name, choice = f"{key} {category}", (one, category)
        st.button(plain(category), key=name, on_click=_label, args=choice, width="stretch")
    st.selectbox(
        "Another category",
        known,
        index=None,
        accept_new_options=True,
        placeholder="Another category",
        label_visibility="collapsed",
        key=key,
        on_change=lambda: _label(one, st.session_state[key]),
    )


@st.cache_data(max_entries=100, show_spinner=False)
def _seen(file: Path, changed: int) -> np.ndarray:
    """The file as networks see it. Raises BadPicture."""
    return client.read_photo(file)


def _categories(one: Unlabelled, seen: np.ndarray) -> tuple[list[str], list[str]]:
    """The three likeliest categories, and all: both as far as the stream's network is known."""
    try:
        run = catalog.find(Stream(folder_of(one.stream)).latest_run() or "")
        known = run.header()["data"]["categories"]
        return [top["category"] for top in client.top3(run.id, seen)], known
    except (BadPicture, DataError, PredictorError, RunError):
        return [], []


def _label(one: Unlabelled, category: str | None) -> None:
    try:
        if category:
            unlabelled.label(one.file, category)
    except DataError as error:
        st.session_state[PROBLEM] = str(error)
