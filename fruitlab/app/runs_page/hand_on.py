"""The selected runs to hand on: a report of one HTML file, and a picture to share."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from fruitlab.app.components import share
from fruitlab.reports.card import of_run
from fruitlab.runs.entry import Entry


def show(entries: Sequence[Entry]) -> None:
    """Draws the downloads.

    Args:
        entries: the selected runs that have a configuration, at least one.
    """
    one = entries[0] if len(entries) == 1 else None
    st.download_button(
        "Report",
        lambda: _report(entries).encode(),
        f"{one.id if one else 'runs'}.html",
        "text/html",
        icon=":material/description:",
        key="report",
        on_click="ignore",
        help="One HTML file with scores, plots and settings. It works without a connection.",
    )
    if one is not None and one.points:
        share.card(partial(of_run, one), one.id)


def _report(entries: Sequence[Entry]) -> str:
    from fruitlab.reports import run, study  # plotly takes a while

    if len(entries) == 1:
        return run.report(entries[0])
    return study.report(f"{len(entries)} runs", entries)
