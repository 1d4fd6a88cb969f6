"""Runs: all there are; tick some to compare them, look closer at one, do it again."""

import streamlit as st

from fruitlab.app import navigation, permalinks, shared
from fruitlab.app.runs_page import again, compare, details, files, table, view
from fruitlab.runs.index import Entry


def main() -> None:
    st.title("Runs")
    entries = {entry.id: entry for entry in shared.index().entries()}
    if not entries:
        empty()
        return
    st.markdown(
        "Every training on this machine, and the study that comes with FruitLab. Tick some to lay their curves over one another, look closer at one, "
        "or do it again."
    )
    view.read([opens_on(list(entries.values())), *entries])
    chosen = [name for name in table.choose() if name in entries]
    usable = [name for name in chosen if entries[name].config is not None]
    remarks([entries[name] for name in chosen])
    scored = [
        entries[name] for name in usable if entries[name].scores()
    ]  # one that never got to its pictures was tested on none
    if len({entry.data.get("fingerprint", entry.config.data) for entry in scored}) > 1:
        st.warning(
            f"These runs were tested on different pictures ({', '.join(sorted({entry.config.data for entry in scored}))}): their accuracies "
            "cannot be compared as they stand.",
            icon=":material/compare:",
        )
    if usable:
        st.subheader("Compare" if len(usable) > 1 else entries[usable[0]].title)
        compare.show(usable)
        compare.side_by_side(usable)
    if chosen:
        st.subheader("Look closer")
        look(chosen, entries)
    else:
        st.info(
            "Tick a run in the table's first column to see its curves; several, to compare them.",
            icon=":material/check_box:",
        )
    with st.popover("Link to this view", icon=":material/link:", type="tertiary"):
        st.caption(
            "It restores what you see, on a machine that has these runs. Run again has the link that reproduces a run anywhere."
        )
        st.code(view.address("runs", view.write()), language=None, wrap_lines=True)


def opens_on(entries: list[Entry]) -> str:
    """The visitor's newest run; where there are none but those that come with FruitLab, the best one that has its network."""
    own = [entry.id for entry in entries if not entry.run.shipped]
    return (
        own[0]
        if own
        else max(
            entries, key=lambda entry: (entry.run.has("weights"), entry.final("combined") or 0.0)
        ).id
    )


def empty() -> None:
    st.info(
        "There are no runs yet. Train a first network: with the built-in pictures it takes a few minutes, and nothing is downloaded.",
        icon=":material/table_rows:",
    )
    navigation.invite("train", "Train one", query={"preset": "glance"})


def remarks(chosen: list[Entry]) -> None:
    """What is wrong with the chosen runs, if anything is."""
    wrong = [entry for entry in chosen if entry.status in ("failed", "unreadable", "interrupted")]
    for entry in wrong[:3]:
        text = entry.error or "its process ended without a word; its Train page can resume it."
        st.warning(f"**{entry.title}**, {entry.status}: {text}", icon=":material/warning:")
        if entry.config is not None:
            navigation.link("train", f"Go to {entry.title}", query={"run": entry.id})
    if len(wrong) > 3:
        st.caption(
            f"{len(wrong) - 3} more of the chosen runs failed, were interrupted or cannot be read; the table says which."
        )


def look(chosen: list[str], entries: dict[str, Entry]) -> None:
    """One of the chosen runs, under one of four headings."""
    if st.session_state.get("runs closer") not in chosen:
        st.session_state["runs closer"] = chosen[0]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = (
            st.selectbox(
                "Run",
                chosen,
                key="runs closer",
                format_func=lambda one: entries[one].title,
                width=320,
            )
            if len(chosen) > 1
            else chosen[0]
        )
        section = st.segmented_control(
            "What of it",
            list(permalinks.SECTIONS),
            key="runs section",
            required=True,
            wrap=True,
            format_func=permalinks.SECTIONS.get,
        )
    entry = entries[name]
    if section == "files":
        files.show(entry)
    elif entry.config is None:
        st.info(
            "It cannot be read, so there is nothing to look at. Under Title and files it can be deleted.",
            icon=":material/info:",
        )
    else:
        {"categories": details.categories, "mistakes": details.mistakes, "again": again.show}[
            section
        ](entry)


main()
