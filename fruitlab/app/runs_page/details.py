"""The details of one of the selected runs: one section at a time."""

from collections import Counter

import streamlit as st

from fruitlab.app import all_ratios
from fruitlab.app.components import advice
from fruitlab.app.runs_page import again, categories, files, mistakes, transfer
from fruitlab.app.runs_page.view_link import SECTIONS
from fruitlab.config.errors import RunError
from fruitlab.config.text import plain, points
from fruitlab.metrics.accuracy import SCORES
from fruitlab.runs import versions
from fruitlab.runs.captions import readable_name
from fruitlab.runs.entry import Entry
from fruitlab.studies.advice import of_run

DETAILS = {
    "categories": categories.show,
    "mistakes": mistakes.show,
    "transfer": transfer.show,
    "again": again.show,
}


def _sections(entry: Entry) -> list[str]:
    """The details that a run has. Only one with several phases has an accuracy matrix."""
    has_phases = entry.config is not None and len(entry.config.phases()) > 1
    found = [name for name in SECTIONS if name != "transfer" or has_phases]
    if st.session_state.get("runs section") not in found:
        st.session_state["runs section"] = found[0]
    return found


def show(chosen: list[str], entries: dict[str, Entry]) -> None:
    """Draws one section of the details of one of the selected runs."""
    if st.session_state.get("runs closer") not in chosen:
        st.session_state["runs closer"] = chosen[0]
    name = chosen[0]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if len(chosen) > 1:
            name = st.selectbox(
                "Run",
                chosen,
                key="runs closer",
                format_func=lambda run_id: readable_name(entries[run_id]),
                width=320,
            )
        section = st.segmented_control(
            "View",
            _sections(entries[name]),
            key="runs section",
            required=True,
            wrap=True,
            format_func=SECTIONS.__getitem__,
        )
    entry = entries[name]
    _version(entry)
    if section == "files":
        files.show(entry)
    elif entry.config is None:
        st.info(
            "This run is unreadable. It can be deleted under Title and files.",
            icon=":material/info:",
        )
    elif section is not None:
        DETAILS[section](entry)
        _advise(entry)


def _advise(entry: Entry) -> None:
    """Draws what to do next, drawn from the run's figures."""
    fingerprint = str(entry.data.get("fingerprint"))
    ratios = all_ratios.of(fingerprint)
    advice.show(
        of_run(entry, ratios),
        name=entry.known_config.data,
        fingerprint=fingerprint,
        ratio=ratios.best if ratios else 50,
        run=entry.id,
    )


def _version(entry: Entry) -> None:
    """Draws what a version of a run has learned."""
    try:
        version = versions.read_version(entry.run)
    except RunError as error:
        st.warning(plain(str(error)), icon=":material/warning:")
        return
    if version is not None:
        counts = Counter(one.category for one in version.learned)
        learned = ", ".join(f"{count} × {name}" for name, count in counts.items())
        changes = ", ".join(
            f"{name} {points(now - version.before[name].top1, signed=True)}"
            for name in SCORES
            if (now := entry.final(name)) is not None and name in version.before
        )
        st.caption(
            plain(
                f"A version of {version.base}, made from {version.parent}. It has learned "
                f"corrected photos of the collection {version.collection}: {learned}. "
                f"On the test pictures, against its parent: {changes}."
            )
        )
