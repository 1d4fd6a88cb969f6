"""The address of the Runs page: read into its widgets when it is new, written when they change."""

from typing import Any

import streamlit as st

from fruitlab.app import permalinks
from fruitlab.app.runs_page.table import CHOSEN, ROUND
from fruitlab.app.runs_page.view_link import MOST_RUNS, View, view_from_query, view_to_query
from fruitlab.config.text import plain

# Keys of session_state.
WRITTEN = "runs address"  # the query parameters that this page wrote last
SEEN = "runs view"  # the view drawn last: widgets that are not drawn lose their values
GIVEN = "runs view given"  # the view that the page chose itself for an address without parameters
WIDGETS = {  # field of View: key of its widget
    "axis": "runs axis",
    "metric": "runs metric",
    "smoothing": "runs smoothing",
    "seeds": "runs seeds",
    "best": "runs best",
    "closer": "runs closer",
    "section": "runs section",
}


def read(known: list[str]) -> None:
    """Sets the widgets from the address if it has changed since this page wrote it.

    An address without parameters restores the visitor's last view, or selects the first run.

    Args:
        known: ids of all runs, first the one to select.
    """
    params = st.query_params.to_dict()
    if params != st.session_state.get(WRITTEN) or SEEN not in st.session_state:
        view = st.session_state.get(SEEN) or View(runs=tuple(known[:1]))
        warnings: list[str] = []
        if params:
            view, warnings = view_from_query(params, set(known))
        st.session_state[CHOSEN] = list(view.runs)
        # A table with the same key keeps its selection; a new one starts with CHOSEN.
        st.session_state[ROUND] = st.session_state.get(ROUND, 0) + 1
        for key in WIDGETS.values():
            st.session_state.pop(key, None)
        st.session_state[WRITTEN], st.session_state[SEEN] = params, view
        st.session_state[GIVEN] = None if params else view_to_query(view)
        for warning in warnings:
            st.warning(plain(warning), icon=":material/link_off:")
    for field, key in WIDGETS.items():
        st.session_state.setdefault(key, getattr(st.session_state[SEEN], field))


def write() -> dict[str, str]:
    """Writes the view into the address; returns its query parameters.

    Each change of the address is a step of the browser's Back button. An address without
    parameters therefore stays as it is until the visitor changes something: otherwise Back would
    lead to it, and it would lead forward again.
    """
    values: dict[str, Any] = {
        field: st.session_state[key]
        for field, key in WIDGETS.items()
        if st.session_state.get(key) is not None
    }
    runs = tuple(st.session_state[CHOSEN][:MOST_RUNS])
    if values.get("closer") not in runs[1:]:
        values["closer"] = ""  # the first run is the default
    view = View(runs=runs, **values)
    query, params = view_to_query(view), st.query_params.to_dict()
    st.session_state[SEEN] = view
    if query != (params or st.session_state[GIVEN] or {}):
        st.query_params.from_dict(query)
        st.session_state[WRITTEN] = query
    return query


def address(page: str, query: dict[str, str]) -> str:
    """The full address of a page with these query parameters."""
    base = (st.context.url or "").rstrip("/").rpartition("/")[0]
    return f"{base}/{permalinks.href(page, query)}"
