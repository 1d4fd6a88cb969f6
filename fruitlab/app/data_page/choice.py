"""The selection of a dataset, which the address of the page follows."""

from typing import Any

import streamlit as st

from fruitlab.app import recent

SELECTED = "data name"  # session state: the selected dataset
REQUESTED = "data requested"  # session state: the dataset that the address named last


def choose(datasets: dict[str, dict[str, Any]], requested: str | None) -> str:
    """Shows the select box and returns the name of the selected dataset.

    Args:
        datasets: The entries of ``store.available`` by name.
        requested: The name in the address of the page, if any. Without one, the dataset that the
            visitor worked with is selected, or else the first built-in pair that was drawn: the
            pictures that one visitor added are not what another sees first.
    """
    state = st.session_state
    if requested in datasets and requested != state.get(REQUESTED):
        state[SELECTED] = requested
        recent.work_with(requested)
    state[REQUESTED] = requested
    if state.get(SELECTED) not in datasets:
        state[SELECTED] = _default(datasets)
    # The address changes with a selection only. If it were always filled in, the browser's Back
    # button would never leave the page.
    return st.selectbox(
        "Dataset",
        list(datasets),
        key=SELECTED,
        format_func=lambda name: describe(datasets[name]),
        width=480,
        on_change=_update_address,
    )


def clear() -> None:
    """Forgets the selection, for a dataset that was removed."""
    st.session_state.pop(SELECTED, None)


def describe(entry: dict[str, Any]) -> str:
    """Describes a dataset in one line: "things: photographs, 3 categories, 135 pictures"."""
    name, categories = entry["name"], len(entry["categories"])
    if entry["problem"]:
        return f"{name}: cannot be read"
    pictures = sum(sum(count.values()) for count in entry["counts"].values())
    kind = "built-in, drawn" if entry["kind"] == "drawn" else "photographs"
    return f"{name}: {kind}, {categories} categories, {pictures:,} pictures"


def _default(datasets: dict[str, dict[str, Any]]) -> str:
    if (worked_with := recent.data()) in datasets:
        return worked_with
    drawn = [name for name, entry in datasets.items() if entry["kind"] == "drawn"]
    return next((name for name in drawn if datasets[name]["fingerprint"]), drawn[0])


def _update_address() -> None:
    selected = st.session_state[SELECTED]
    st.query_params["name"] = st.session_state[REQUESTED] = selected
    recent.work_with(selected)
