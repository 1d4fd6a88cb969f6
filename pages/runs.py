"""Runs: a table of all runs; select some to compare them, or one to see its details."""

import streamlit as st

from fruitlab.app import navigation, recent, shared
from fruitlab.app.runs_page import (
    compare,
    configurations,
    details,
    gained_lost,
    hand_on,
    table,
    view,
)
from fruitlab.config.text import plain
from fruitlab.runs.captions import readable_name
from fruitlab.runs.entry import Entry


def main() -> None:
    """Draws the page."""
    st.title("Runs")
    entries = {entry.id: entry for entry in shared.index().entries()}
    if not entries:
        no_runs()
        return
    st.markdown(
        "Every run on this machine, and the study that ships with FruitLab. Select runs to compare "
        "their curves, look at their mistakes, or run them again."
    )
    view.read([default_run(list(entries.values())), *entries])
    chosen = [name for name in table.choose() if name in entries]
    usable = [name for name in chosen if entries[name].config is not None]
    report_problems([entries[name] for name in chosen])
    different_data([entries[name] for name in usable])
    if usable:
        st.subheader("Compare" if len(usable) > 1 else plain(readable_name(entries[usable[0]])))
        compare.show(usable)
        compare.heat_maps(usable)
        compare.across_datasets(usable)
        gained_lost.show(usable)
        configurations.show(usable)
    if chosen:
        st.subheader("Run details")
        details.show(chosen, entries)
    else:
        st.info(
            "Tick a run in the first column of the table to see its curves, or several to compare "
            "them.",
            icon=":material/check_box:",
        )
    with st.container(horizontal=True, vertical_alignment="center"):
        if usable:
            hand_on.show([entries[name] for name in usable])
        with st.popover("Link to this view", icon=":material/link:", type="tertiary"):
            st.caption(
                "Restores this view on a machine that has these runs. To reproduce a run "
                "elsewhere, use its link under Run again."
            )
            st.code(view.address("runs", view.write()), language=None, wrap_lines=True)


def default_run(entries: list[Entry]) -> str:
    """The run to select first.

    The one that the visitor worked on, otherwise the newest, otherwise the best shipped one.
    """
    if worked_on := recent.run(entries):
        return worked_on.id
    own = [entry.id for entry in entries if not entry.run.shipped]
    if own:
        return own[0]
    best = max(entries, key=lambda entry: (entry.run.has("weights"), entry.final("combined") or 0))
    return best.id


def no_runs() -> None:
    """Draws the page without runs."""
    st.info(
        "There are no runs yet. Training a first network on the built-in pictures takes a few "
        "minutes, without any download.",
        icon=":material/table_rows:",
    )
    navigation.invite("train", "Train a network", query={"preset": "glance"})


def report_problems(chosen: list[Entry]) -> None:
    """Draws what is wrong with the selected runs."""
    broken = [entry for entry in chosen if entry.status in ("failed", "unreadable", "interrupted")]
    for entry in broken[:3]:
        reason = entry.error or "its process ended unexpectedly. Resume it on the Train page."
        text = f"**{plain(entry.title)}**, {entry.status}: {plain(reason)}"
        st.warning(text, icon=":material/warning:")
        if entry.config is not None:
            navigation.link("train", f"Go to {plain(entry.title)}", query={"run": entry.id})
    if len(broken) > 3:
        st.caption(
            f"{len(broken) - 3} more of the selected runs failed, were interrupted or are "
            "unreadable; see the table."
        )


def different_data(entries: list[Entry]) -> None:
    """Draws a warning if the runs were evaluated on different test pictures."""
    evaluated = [entry for entry in entries if entry.scores()]
    if len({entry.data.get("fingerprint", entry.known_config.data) for entry in evaluated}) > 1:
        names = ", ".join(sorted({entry.known_config.data for entry in evaluated}))
        st.warning(
            f"These runs were tested on different pictures ({plain(names)}): their accuracies are "
            "not comparable.",
            icon=":material/compare:",
        )


main()
