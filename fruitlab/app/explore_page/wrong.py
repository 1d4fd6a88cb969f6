"""Explore's "That is wrong": one click on the right category, what that changed, and a way back."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from fruitlab.app import navigation, shared
from fruitlab.app.components import correction
from fruitlab.app.data_page import work
from fruitlab.config.errors import DataError, RunError
from fruitlab.config.modes import Action, allows
from fruitlab.config.text import plain
from fruitlab.corrections.correcting import Correction, correct, prepare
from fruitlab.data.domains import content_hash
from fruitlab.methods.closed_form import ClosedForm
from fruitlab.runs import jobs

DONE = "corrected"  # key of session_state: the last Correction, or why there is none
ROUND = "corrections"  # key of session_state: how many; a new one starts with nothing chosen
PREPARED = "corrections prepared"  # key of session_state: the run that was loaded
OPEN = "correcting"  # key of session_state: whether the choice of categories is open


def show(
    seen: np.ndarray, categories: Sequence[str], run_id: str | None, data: str | None = None
) -> None:
    """Draws the choice of categories, and what the last correction of this photo changed.

    Args:
        seen: the photo, uint8 [100, 100, 3].
        categories: of the networks that answered.
        run_id: the network that is to learn it, if there is one.
        data: the dataset to make one of if there is none, where that is possible.
    """
    if not allows(Action.COLLECT):
        return
    st.session_state.setdefault(ROUND, 0)
    if run_id is not None and st.session_state.get(PREPARED) != run_id:
        st.session_state[PREPARED] = run_id
        prepare(run_id)
    with st.expander("That is wrong", key=OPEN, on_change=_prepare, args=(run_id,)):
        st.markdown(correction.consent(learned=run_id is not None))
        if run_id is None and data is not None:
            _offer(data)
        key = f"right category {st.session_state[ROUND]}"
        chosen = st.pills(
            "What is it?", correction.choices(categories), key=key, label_visibility="collapsed"
        )
        new = st.text_input("Another category", key=f"new {key}", max_chars=64)
        if category := chosen or new.strip():
            _correct(seen, category, run_id)
            st.session_state[ROUND] += 1
            st.rerun()
    done = st.session_state.get(DONE)
    if isinstance(done, str):
        st.warning(plain(done))
    elif done is not None and done.kept.hash == content_hash(seen):
        _result(done)


def taught(fingerprint: str, network: str) -> str | None:
    """The newest finished closed-form run on a dataset, or the newest version of one."""
    return next(
        (
            entry.id
            for entry in shared.index().entries()
            if entry.status == "finished"
            and isinstance(entry.config, ClosedForm)
            and entry.config.network == network
            and entry.data.get("fingerprint") == fingerprint
        ),
        None,
    )


def _prepare(run_id: str | None) -> None:
    """Load it again: the prediction server ends when nobody asks."""
    if st.session_state[OPEN] and run_id is not None:
        prepare(run_id)


def _offer(data: str) -> None:
    """Draws the button that makes a network of a dataset which learns from single photos."""
    title = f"A network that learns from {data}"
    if _is_made(title):
        _wait(title)
    elif allows(Action.JOB) and st.button(
        "Make a network that learns", icon=":material/bolt:", key="make a network"
    ):
        work.start(title, ["solve", "--data", data])
        st.rerun()


@st.fragment(run_every=3)
def _wait(title: str) -> None:
    if not _is_made(title):
        st.rerun()
    st.caption(":material/hourglass: The network is being made; the Data page shows how far it is.")


def _is_made(title: str) -> bool:
    return any(
        job.title == title and job.status() == "working" for job in jobs.all_jobs(work.root())
    )


def _correct(seen: np.ndarray, category: str, run_id: str | None) -> None:
    try:
        with st.spinner("Learning …"):
            st.session_state[DONE] = correct(run_id, seen, category)
    except (DataError, RunError) as error:
        st.session_state[DONE] = str(error)


def _result(done: Correction) -> None:
    st.html(correction.markup(done))
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Take it back", icon=":material/undo:", key="undo correction"):
            from fruitlab.corrections.learning import forget  # SciPy takes a while

            forget([done.kept.hash])
            del st.session_state[DONE]
            st.rerun()
        if done.run is not None:
            navigation.link("classify", "Try this version", query={"run": done.run.id})
        else:
            navigation.link("data", "Get the answer")
