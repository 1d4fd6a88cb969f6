"""The Runs page's address: read into its widgets when somebody comes by a link, written as they are used."""

from typing import Any

import streamlit as st

from fruitlab.app import permalinks
from fruitlab.app.permalinks import View
from fruitlab.app.runs_page.table import CHOSEN

WRITTEN = "runs address"  # as this page last left it
SEEN = "runs view"  # as it was last drawn: widgets that are not drawn lose their values
GIVEN = "runs view given"  # what this page chose by itself, for an address that says nothing
WIDGETS = {
    "axis": "runs axis",
    "metric": "runs metric",
    "smoothing": "runs smoothing",
    "seeds": "runs seeds",
    "best": "runs best",
    "closer": "runs closer",
    "section": "runs section",
}


def read(known: list[str]) -> None:
    """Takes the view from the address if it is new; without one, goes on where this visitor was, or with the first run.

    Args:
        known: ids of all runs, the one to open on first.
    """
    asked = st.query_params.to_dict()
    if asked != st.session_state.get(WRITTEN) or SEEN not in st.session_state:
        view, warnings = st.session_state.get(SEEN) or View(runs=tuple(known[:1])), []
        if asked:
            view, warnings = permalinks.view_from_query(asked, set(known))
        st.session_state[CHOSEN] = list(view.runs)
        # A table that is drawn already keeps its ticks; a new one starts from what was chosen.
        st.session_state["runs table round"] = st.session_state.get("runs table round", 0) + 1
        for key in WIDGETS.values():
            st.session_state.pop(key, None)
        st.session_state[WRITTEN], st.session_state[SEEN] = asked, view
        st.session_state[GIVEN] = None if asked else permalinks.view_to_query(view)
        for warning in warnings:
            st.warning(warning, icon=":material/link_off:")
    for field, key in WIDGETS.items():
        st.session_state.setdefault(key, getattr(st.session_state[SEEN], field))


def write() -> dict[str, str]:
    """Makes the address say what the page shows; returns the view's link.

    Every change of an address is a step for the browser's Back. So the one that said nothing stays so until the visitor changes
    something: were it filled in, Back would lead to it, and it to where one came from.
    """
    values: dict[str, Any] = {
        field: st.session_state[key]
        for field, key in WIDGETS.items()
        if st.session_state.get(key) is not None
    }
    runs = tuple(st.session_state[CHOSEN][: permalinks.MOST_RUNS])
    if values.get("closer") not in runs[1:]:
        values["closer"] = ""  # the first one anyway
    view = View(runs=runs, **values)
    link, asked = permalinks.view_to_query(view), st.query_params.to_dict()
    st.session_state[SEEN] = view
    if link != (asked or st.session_state[GIVEN] or {}):
        st.query_params.from_dict(link)
        st.session_state[WRITTEN] = link
    return link


def address(page: str, link: dict[str, str]) -> str:
    """The whole address of a page, to be sent to somebody."""
    return f"{(st.context.url or '').rstrip('/').rpartition('/')[0]}/{permalinks.href(page, link)}"
