"""The choice of data on the Train page, and what is known about it."""

from typing import Any

import streamlit as st

from fruitlab.app import recent
from fruitlab.config.errors import DataError
from fruitlab.data import store
from fruitlab.data.domains import DOMAINS
from fruitlab.methods.base import Method

HELP = (
    "A pair of picture folders from the Data page. synthetic:60 draws 60 pictures of each category "
    "and domain, which is faster."
)


def choose(prefill: Method | None) -> str:
    """Draws the choice; returns the name of the data, which may not exist.

    Args:
        prefill: configuration of a link, whose data is selected if the link names it.
    """
    found = {data["name"]: data["kind"] for data in store.available()}
    names = list(found)
    if prefill and prefill.data not in found:
        names.append(prefill.data)
    # Unless the link names data: what the visitor worked with, otherwise imported pictures.
    own = recent.data() or ""
    if own not in found:
        own = next((name for name in names if found.get(name) == "photographs"), names[0])
    first = prefill.data if prefill and "data" in st.query_params else own

    def caption(name: str) -> str:
        if found.get(name) == "drawn" or name.partition(":")[0] == store.BUILT_IN:
            return f"{name}: drawn by the program"
        return f"{name}: {found.get(name) or 'not available'}"

    chosen = st.selectbox(
        "Dataset",
        names,
        names.index(first),
        format_func=caption,
        key="data",
        accept_new_options=True,
        help=HELP,
    )
    return chosen or own


def problem(name: str) -> str | None:
    """Why a run cannot be trained on the data, or None."""
    data = _find(name)
    if data:
        return data["problem"]
    if name.partition(":")[0] != store.BUILT_IN:
        return (
            f"There is no data named {name!r}. Choose data from the list, or import it on the Data "
            "page."
        )
    try:
        store.load_cached(name)
    except DataError as error:
        return str(error)
    return None


def counts(name: str) -> tuple[int, int, bool]:
    """Nice and real pictures of data without a `problem`, and whether they must be drawn first."""
    data = _find(name)
    if data:
        nice, real = (sum(count[domain] for count in data["counts"].values()) for domain in DOMAINS)
        return nice, real, data["kind"] == "drawn" and data["fingerprint"] is None
    built_in = _find(store.BUILT_IN)
    pictures = int(name.partition(":")[2]) * (len(built_in["counts"]) if built_in else 0)
    return pictures, pictures, True


def _find(name: str) -> dict[str, Any] | None:
    return next((data for data in store.available() if data["name"] == name), None)
