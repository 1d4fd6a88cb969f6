"""What the visitor worked on last in this tab. Pages open on it.

Without it, a page opens on something that is everybody's: a default must not show the pictures of
one visitor to another.
"""

from collections.abc import Iterable

import streamlit as st

from fruitlab.runs.entry import Entry

# Keys of session_state.
RUN = "recent run"
DATA = "recent data"


def work_on(run_id: str) -> None:
    """Remembers the run that the visitor started or selected."""
    st.session_state[RUN] = run_id


def work_with(data: str) -> None:
    """Remembers the dataset that the visitor added or selected."""
    st.session_state[DATA] = data


def run(entries: Iterable[Entry]) -> Entry | None:
    """The remembered run if it is among the entries."""
    wanted = st.session_state.get(RUN)
    return next((entry for entry in entries if entry.id == wanted), None)


def data() -> str | None:
    """The name of the remembered dataset."""
    return st.session_state.get(DATA)
