"""The table of all runs: filters, sorting, and the selection of runs to compare."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from fruitlab.app import recent, shared
from fruitlab.metrics.accuracy import SCORES
from fruitlab.runs.captions import method_caption, readable_names
from fruitlab.runs.entry import Entry

EVERY = 3.0  # seconds between updates while something trains
# Keys of session_state.
CHOSEN = "runs chosen"  # ids of the selected runs
ROUND = "runs table round"  # counts up to draw a new table, which starts with CHOSEN
STATUS = {
    "running": "▶ running",
    "waiting": "… waiting",
    "finished": "✓ finished",
    "stopped": "❚❚ stopped",
    "failed": "✕ failed",
    "interrupted": "⚠ interrupted",
    "unreadable": "? unreadable",
}
LABELS = {"status": "Status", "method": "Method", "data": "Dataset"}  # of the filters
# The names and the combined scores come first: a phone shows no more without scrolling.
COLUMNS = (
    "run",
    "combined",
    "nice",
    "real",
    "status",
    "progress",
    "data",
    "preset",
    "seed",
    "started",
    "remark",
    "id",
)
NAME_HELP = (
    "Mixed: trained on both domains at once, with this share of the real training set and the "
    "rest of 100% of the nice one. Iterative: trained on nice pictures for this share of the "
    "iterations, then only the last two layers on real ones, with the batch-norm statistics of "
    "the other layers updated or frozen."
)


def filtered(entries: Sequence[Entry]) -> list[Entry]:
    """Draws the filters above the table; returns the entries that match."""
    with st.container(horizontal=True):
        search = st.text_input(
            "Search",
            key="runs search",
            placeholder="name, note, preset, data …",
            icon=":material/search:",
            width=330,
        )
        values = {
            name: {value for entry in entries if (value := _filter_value(entry, name))}
            for name in LABELS
        }
        allowed = {
            name: st.multiselect(
                LABELS[name], sorted(found), key=f"runs {name}", placeholder="any", width=165
            )
            for name, found in values.items()
            if len(found) > 1
        }
    words = (search or "").casefold().split()
    return [
        entry
        for entry in entries
        if all(not keep or _filter_value(entry, name) in keep for name, keep in allowed.items())
        and all(word in _search_text(entry) for word in words)
    ]


def _filter_value(entry: Entry, name: str) -> str | None:
    if name == "status":
        return entry.status
    return getattr(entry.config, name) if entry.config else None


def _search_text(entry: Entry) -> str:
    config = entry.config
    parts = [entry.id, entry.title, entry.label.get("note", ""), entry.status]
    parts += [method_caption(config), config.preset, config.data] if config else []
    return " ".join(map(str, parts)).casefold()


def choose() -> list[str]:
    """Draws filters and table; returns the ids of the selected runs in the order of the table."""
    entries = shared.index().entries()
    shown = filtered(entries)
    running = any(entry.active for entry in entries)
    st.fragment(_table, run_every=EVERY if running else None)(
        [entry.id for entry in shown], running
    )
    return st.session_state[CHOSEN]


def _table(ids: list[str], was_running: bool) -> None:
    entries = {entry.id: entry for entry in shared.index().entries()}
    if was_running != any(entry.active for entry in entries.values()):
        st.rerun()  # the updates of this table, and what the page offers, depend on it
    rows = [entries[name] for name in ids if name in entries]
    chosen = [name for name in st.session_state.setdefault(CHOSEN, []) if name in entries]
    # Streamlit keeps a selection by row number, so a table of other rows needs another key.
    key = f"runs table {hash(tuple(row.id for row in rows))} {st.session_state.get(ROUND, 0)}"
    event = st.dataframe(
        pd.DataFrame(
            [_row(entry, name) for entry, name in zip(rows, readable_names(rows), strict=True)],
            columns=_shown_columns(rows),
        ),
        key=key,
        on_select="rerun",
        selection_mode="multi-row",
        hide_index=True,
        placeholder="—",
        height=min(38 + 35 * max(1, len(rows)), 388),
        column_config=_columns(),
        selection_default={
            "selection": {"rows": [index for index, row in enumerate(rows) if row.id in chosen]}
        },
        alt="All runs with their status and accuracies",
    )
    ticked = [rows[index].id for index in event.selection.rows if index < len(rows)]
    shown = {row.id for row in rows}
    hidden = [name for name in chosen if name not in shown]
    st.caption(_summary(len(rows), len(entries), len(ticked), len(hidden)))
    now = [row.id for row in rows if row.id in set(ticked)] + hidden
    changed = set(now) != set(st.session_state[CHOSEN])
    st.session_state[CHOSEN] = now
    if changed:
        if added := [name for name in now if name not in chosen]:
            recent.work_on(added[-1])
        st.rerun()


def _summary(rows: int, runs: int, ticked: int, hidden: int) -> str:
    count = f"{rows:,} run{'s' if rows != 1 else ''}"
    if rows < runs:
        count = f"{rows:,} of {runs:,} runs"
    more = f", {hidden} more hidden by the filter" if hidden else ""
    return f"{count} · {ticked} selected to compare{more}. Click a column to sort."


def _shown_columns(rows: Sequence[Entry]) -> list[str]:
    """All columns, without status and progress if every run has finished."""
    finished = bool(rows) and all(entry.status == "finished" for entry in rows)
    hidden = ("status", "progress") if finished else ()
    return [name for name in COLUMNS if name not in hidden]


def _row(entry: Entry, name: str) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(COLUMNS)
    row |= {"run": name, "id": entry.id, "status": STATUS.get(entry.status, entry.status)}
    config = entry.config
    if config is None:
        return row | {"remark": entry.error}
    return row | {
        "preset": config.preset,
        "data": config.data,
        "seed": config.seed,
        "progress": 100 * entry.iteration / config.iterations,
        **_scores(entry),
        "started": datetime.fromtimestamp(entry.created) if entry.created else None,
        "remark": entry.error or entry.label.get("note"),
    }


def _scores(entry: Entry) -> dict[str, float | None]:
    """The final top-1 scores, or those of the last evaluation, in percent."""
    if entry.status == "finished":
        values = {score: entry.final(score) for score in SCORES}
    else:
        scores = entry.scores()
        values = {score: scores[score]["top1"] if scores else None for score in SCORES}
    return {
        score: None if value is None else round(100 * value, 1) for score, value in values.items()
    }


def _on_a_phone() -> bool:
    """Whether the visitor's browser says so: the table cannot adapt to the width by itself."""
    return "Mobi" in (st.context.headers.get("User-Agent") or "")


def _columns() -> dict[str, Any]:
    config = st.column_config
    phone = _on_a_phone()
    accuracy: dict[str, Any] = {"format": "%.1f%%", "width": 56 if phone else 70}
    return {
        "run": config.TextColumn("Run", width=150 if phone else 320, help=NAME_HELP),
        "id": config.TextColumn("Id", width=260, help="The name of the run's folder"),
        "status": config.TextColumn("Status", width=90),
        "data": config.TextColumn("Dataset", width=96),
        "preset": config.TextColumn(
            "Preset", width=100, help="Where the settings come from; Compare shows the differences"
        ),
        "seed": config.NumberColumn(
            "Seed",
            format="%d",
            width=54,
            help="Determines the initial weights and the choice and order of pictures",
        ),
        "progress": config.ProgressColumn(
            "Done", format="%.0f%%", min_value=0, max_value=100, width=80, help="Of the iterations"
        ),
        "nice": config.NumberColumn(
            "●" if phone else "● nice", help="Top-1 accuracy on nice test pictures", **accuracy
        ),
        "real": config.NumberColumn(
            "◆" if phone else "◆ real", help="Top-1 accuracy on real test pictures", **accuracy
        ),
        "combined": config.NumberColumn(
            "■" if phone else "■ combined",
            help="The root of nice times real accuracy: high only if both are",
            **accuracy | ({} if phone else {"width": 104}),
        ),
        "started": config.DatetimeColumn("Started", format="D MMM, HH:mm", width=114),
        "remark": config.TextColumn(
            "Remark", width="large", help="Your note, or why the run failed"
        ),
    }
