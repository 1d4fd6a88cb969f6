"""The Data page: which datasets there are, both domains side by side, adding and removing them."""

import streamlit as st

from fruitlab.app import navigation, shared
from fruitlab.app.data_page import add, answer, best_ratio, check, choice, dataset, removal
from fruitlab.data import store

MOST_RUNS = 20  # runs in the link to the Runs page


def main() -> None:
    """Draws the page."""
    st.title("Data")
    st.markdown(
        "A network learns from two *domains* with the same categories: **nice** pictures (one "
        "thing on a plain background) and **real** photos."
    )
    add.progress()
    datasets = {entry["name"]: entry for entry in store.available()}
    requested = st.query_params.get("name")
    just_removed = requested == st.session_state.get(choice.SELECTED)
    if requested not in (None, *datasets) and not just_removed:
        st.warning(
            f"There is no dataset named {requested!r} on this machine.",
            icon=":material/search_off:",
        )
    entry = datasets[choice.choose(datasets, requested)]
    runs = runs_on(entry["name"])
    with st.container(horizontal=True, vertical_alignment="center"):
        links(entry["name"], runs)
        removal.show_button(entry, runs)
    removal.show_problem()
    only_built_in = all(entry["kind"] == "drawn" for entry in datasets.values())
    if only_built_in:
        st.info(
            "So far, there is only the built-in pair, which FruitLab draws. "
            "Add your own pictures, of any categories, not only fruit.",
            icon=":material/add_photo_alternate:",
        )
    with st.expander("Add data", icon=":material/add_photo_alternate:", expanded=only_built_in):
        add.forms()
    dataset.show(entry, runs)
    if entry["fingerprint"] and not entry["problem"]:
        answer.show(entry)
        best_ratio.show(entry)
        check.show(entry)


def runs_on(name: str) -> list[str]:
    """Returns the ids of the runs that were trained on a dataset."""
    entries = shared.index().entries()
    return [entry.id for entry in entries if entry.config and entry.config.data == name]


def links(name: str, runs: list[str]) -> None:
    """Links to the Train page and to the runs on a dataset."""
    navigation.link("train", f"Train on {name}", query={"data": name})
    if runs:
        label = "Its run" if len(runs) == 1 else f"Its {len(runs)} runs"
        navigation.link("runs", label, query={"runs": ",".join(runs[:MOST_RUNS])})


main()
