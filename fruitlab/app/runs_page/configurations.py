"""The configurations of the selected runs side by side, with the differences highlighted."""

from collections.abc import Sequence
from html import escape
from typing import Any

import streamlit as st

from fruitlab.app import assets
from fruitlab.app.runs_page.compare import selected
from fruitlab.config.settings import settings_of
from fruitlab.metrics.curves import Setting, side_by_side
from fruitlab.runs.entry import Entry


def show(chosen: list[str]) -> None:
    """Draws the table if several runs are selected.

    Args:
        chosen: ids of the selected runs.
    """
    entries = selected(chosen)
    if len(entries) < 2:
        return
    rows = side_by_side([entry.known_config.settings() for entry in entries])
    differing = [row for row in rows if row.differs]
    with st.expander(
        f"Configurations side by side: {len(differing)} of {len(rows)} settings differ",
        icon=":material/difference:",
    ):
        everything = st.toggle("Also show settings that agree", key="runs agree")
        table = _table(entries, rows if everything else differing)
        st.html(assets.style("compare.css") + table)


def _table(entries: Sequence[Entry], rows: Sequence[Setting]) -> str:
    head = "".join(f"<th>{escape(entry.title)}</th>" for entry in entries)
    labels = {
        name: setting.label
        for entry in entries
        for name, setting in settings_of(type(entry.known_config)).items()
    }
    body = "".join(_row(row, labels[row.name]) for row in rows)
    table = f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="fl-sides">{table}</div>'


def _row(row: Setting, label: str) -> str:
    cells = "".join(f"<td>{escape(_text(value))}</td>" for value in row.values)
    differs = ' class="differs"' if row.differs else ""
    return f"<tr{differs}><td>{escape(label)}</td>{cells}</tr>"


def _text(value: Any) -> str:
    """A setting's value; a dash where the setting does not apply."""
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
