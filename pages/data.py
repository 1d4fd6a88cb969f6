"""The Data page: which datasets there are, both domains side by side, adding and removing them."""

from typing import Any

import streamlit as st

from fruitlab.app import navigation, shared
from fruitlab.app.data_page import (
    add,
    answer,
    best_ratio,
    check,
    choice,
    corrected,
    dataset,
    removal,
    work,
)
from fruitlab.config.modes import Action, allows
from fruitlab.config.text import plain
from fruitlab.data import store
from fruitlab.runs.entry import Entry

MOST_RUNS = 20  # runs in the link to the Runs page


def main() -> None:
    """Draws the page."""
    st.title("Data")
    st.markdown(
        "A network learns from two *domains* with the same categories: **nice** pictures (one "
        "thing on a plain background) and **real** photos."
    )
    if allows(Action.JOB):
        work.progress()
    datasets = {entry["name"]: entry for entry in store.available()}
    requested = st.query_params.get("name")
    just_removed = requested == st.session_state.get(choice.SELECTED)
    if requested not in (None, *datasets) and not just_removed:
        st.warning(
            f"There is no dataset named {plain(repr(requested))} on this machine.",
            icon=":material/search_off:",
        )
    entry = datasets[choice.choose(datasets, requested)]
    runs = runs_on(entry)
    with st.container(horizontal=True, vertical_alignment="center"):
        links(entry["name"], runs)
        removal.show_button(entry, runs)
    removal.show_problem()
    only_built_in = all(entry["kind"] == "drawn" for entry in datasets.values())
    if only_built_in and allows(Action.IMPORT):
        st.info(
            "So far, there is only the built-in pair, which FruitLab draws. "
            "Add your own pictures, of any categories, not only fruit.",
            icon=":material/add_photo_alternate:",
        )
    if allows(Action.IMPORT):
        icon = ":material/add_photo_alternate:"
        wanted = only_built_in or "add" in st.query_params  # a link to it
        with st.expander("Add data", icon=icon, expanded=wanted):
            add.forms()
    readable = dataset.show(entry, runs)
    if entry["fingerprint"] and not entry["problem"]:
        answer.show(entry)
        best_ratio.show(entry)
        if readable:
            dataset.show_pictures(entry)
        check.show(entry)
    corrected.show()


def runs_on(data: dict[str, Any]) -> list[str]:
    """Returns the ids of the runs that were trained on a dataset, under whatever name."""

    def is_on(run: Entry) -> bool:
        known = run.data.get("fingerprint")
        if known and data["fingerprint"]:
            return known == data["fingerprint"]
        return run.config is not None and run.config.data == data["name"]

    return [entry.id for entry in shared.index().entries() if is_on(entry)]


def links(name: str, runs: list[str]) -> None:
    """Links to the Train page and to the runs on a dataset."""
    navigation.link("train", f"Train on {plain(name)}", query={"data": name})
    if runs:
        label = "Its run" if len(runs) == 1 else f"Its {len(runs)} runs"
        navigation.link("runs", label, query={"runs": ",".join(runs[:MOST_RUNS])})


main()
