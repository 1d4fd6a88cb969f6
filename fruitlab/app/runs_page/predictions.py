"""The predictions of a run for all test pictures, for the parts of the Runs page that need them."""

import numpy as np
import streamlit as st

from fruitlab.config.errors import RunError
from fruitlab.config.text import plain
from fruitlab.data.domains import DOMAINS, DomainName
from fruitlab.plots import style
from fruitlab.runs.entry import Entry

# What reading a table of predictions raises where it is not one of ours.
DAMAGED = (KeyError, IndexError, ValueError, TypeError, AttributeError)


def choose_set(key: str) -> DomainName:
    """A choice between the test sets of both domains."""
    return st.segmented_control(
        "Test set",
        DOMAINS,
        default="real",
        key=key,
        required=True,
        format_func=lambda name: f"{style.SHAPES[name]} {name}",
    )


def predictions(entry: Entry) -> dict[str, np.ndarray] | None:
    """The table of predictions; None, and a message on the page, if there is none."""
    path = entry.run.folder / "predictions.npz"
    try:
        return _table(str(path), path.stat().st_mtime_ns if path.exists() else 0, entry)
    except RunError as error:
        if entry.run.shipped and not path.exists():
            st.info(plain(str(error)), icon=":material/info:")
        elif entry.status == "finished":
            st.error(plain(str(error)), icon=":material/error:")
        else:
            st.info(
                f"{plain(entry.title)} is {entry.status}. Predictions for all test pictures are "
                "saved when a run finishes.",
                icon=":material/info:",
            )
        return None


def report_damage(entry: Entry, error: Exception) -> None:
    """Draws a message for an error that reading the table raised."""
    st.error(
        f"The predictions of {entry.id} are damaged ({plain(str(error))}). Train the run again.",
        icon=":material/error:",
    )


@st.cache_data(show_spinner=False, max_entries=16)
def _table(path: str, changed: int, _entry: Entry) -> dict[str, np.ndarray]:
    """The table as it was written at that time."""
    return _entry.run.predictions()
