"""The table of all runs: filtered, sorted by a click on a head, chosen from by ticks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from fruitlab.app import shared
from fruitlab.runs.captions import method_caption
from fruitlab.runs.index import Entry

EVERY = 3.0  # seconds between two looks while something trains
CHOSEN = "runs chosen"  # ids, in session_state: what the page compares
STATUS = {
    "running": "▶ running",
    "waiting": "… waiting",
    "finished": "✓ finished",
    "stopped": "❚❚ stopped",
    "failed": "✕ failed",
    "interrupted": "⚠ interrupted",
    "unreadable": "? unreadable",
}
ACCURACY = st.column_config.NumberColumn


def filtered(entries: Sequence[Entry]) -> list[Entry]:
    """Those that the filters above the table let through."""
    with st.container(horizontal=True):
        typed = (
            st.text_input(
                "Search",
                key="runs search",
                placeholder="name, note, recipe, data …",
                icon=":material/search:",
                width=330,
            )
            .casefold()
            .split()
        )
        values = {
            "status": {entry.status for entry in entries},
            "method": {entry.config.method for entry in entries if entry.config},
            "data": {entry.config.data for entry in entries if entry.config},
        }
        keep = {
            name: st.multiselect(
                name.capitalize(), sorted(there), key=f"runs {name}", placeholder="any", width=165
            )
            for name, there in values.items()
            if len(there) > 1
        }
    found = []
    for entry in entries:
        of = {
            "status": entry.status,
            "method": entry.config and entry.config.method,
            "data": entry.config and entry.config.data,
        }
        text = " ".join(
            [
                entry.id,
                entry.title,
                str(entry.label.get("note", "")),
                method_caption(entry.config) if entry.config else "",
                entry.config.preset if entry.config else "",
                str(of["data"]),
                entry.status,
            ]
        ).casefold()
        if all(not allowed or of[name] in allowed for name, allowed in keep.items()) and all(
            word in text for word in typed
        ):
            found.append(entry)
    return found


def choose() -> list[str]:
    """Draws filters and table; returns the ids of the chosen runs, in the order of the table."""
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
        st.rerun()  # the clock of this table, and what the page offers, depend on it
    rows = [entries[name] for name in ids if name in entries]
    chosen = [name for name in st.session_state.setdefault(CHOSEN, []) if name in entries]
    # Rows are chosen by their place, so a table of other rows is another table, and starts from what was chosen.
    key = f"runs table {hash(tuple(row.id for row in rows))} {st.session_state.get('runs table round', 0)}"
    unsaid = (
        [] if any(entry.status != "finished" for entry in rows) else ["progress"]
    )  # where all are done, it says nothing
    event = st.dataframe(
        pd.DataFrame(
            [_row(entry) for entry in rows],
            columns=[name for name in _row(None) if name not in unsaid],
        ),
        key=key,
        on_select="rerun",
        selection_mode="multi-row",
        hide_index=True,
        placeholder="—",
        height=min(38 + 35 * max(1, len(rows)), 388),
        column_config=_columns(rows),
        selection_default={
            "selection": {"rows": [place for place, row in enumerate(rows) if row.id in chosen]}
        },
        alt="All runs: what each is, how it stands, its accuracies",
    )
    ticked = [rows[place].id for place in event.selection.rows if place < len(rows)]
    hidden = [name for name in chosen if name not in {row.id for row in rows}]
    many = (
        f"{len(rows):,} of {len(entries):,} runs"
        if len(rows) < len(entries)
        else f"{len(rows):,} run{'s' if len(rows) != 1 else ''}"
    )
    st.caption(
        f"{many} · {len(ticked)} ticked to compare"
        + (f", {len(hidden)} more hidden by the filter" if hidden else "")
        + ". A click on a head sorts."
    )
    now = [row.id for row in rows if row.id in set(ticked)] + hidden
    if set(now) != set(st.session_state[CHOSEN]):
        st.session_state[CHOSEN] = now
        st.rerun()
    st.session_state[CHOSEN] = now


def _row(entry: Entry | None) -> dict[str, Any]:
    if entry is None or entry.config is None:
        names = (
            "run",
            "status",
            "trained",
            "preset",
            "nice",
            "real",
            "combined",
            "data",
            "seed",
            "progress",
            "started",
            "remark",
        )
        row: dict[str, Any] = dict.fromkeys(names)
        return (
            row
            if entry is None
            else row
            | {
                "run": entry.title,
                "status": STATUS.get(entry.status, entry.status),
                "remark": entry.error,
            }
        )
    config, scores = entry.config, entry.scores()
    final = {
        mark: entry.final(mark) if entry.status == "finished" else scores and scores[mark]["top1"]
        for mark in ("nice", "real", "combined")
    }
    at = int(entry.column("iteration")[-1]) if entry.points else 0
    return {
        "run": entry.title,
        "status": STATUS.get(entry.status, entry.status),
        "trained": method_caption(config),
        "preset": config.preset,
        "data": config.data,
        "seed": config.seed,
        "progress": 100 * at / config.iterations,
        **{mark: None if value is None else round(100 * value, 1) for mark, value in final.items()},
        "started": datetime.fromtimestamp(entry.created) if entry.created else None,
        "remark": entry.error or entry.label.get("note"),
    }


def _columns(rows: Sequence[Entry]) -> dict[str, Any]:
    percent = {"format": "%.1f%%", "width": 80}
    return {
        "run": st.column_config.TextColumn("Run", pinned=True, width=190),
        "status": st.column_config.TextColumn("Status", width=98),
        "trained": st.column_config.TextColumn(
            "Trained",
            width=310,
            help="mixed: on both domains at once, so much of the real training set and the rest of the nice "
            "one. iterative: first on nice pictures alone, for so much of the iterations, then the last two layers on real "
            "ones, while the statistics of the others follow the pictures or are frozen.",
        ),
        "data": st.column_config.TextColumn("Data", width=80),
        "preset": st.column_config.TextColumn(
            "Recipe",
            width=95,
            help="The table of numbers it started from; Compare shows what differs",
        ),
        "seed": st.column_config.NumberColumn(
            "Seed",
            format="%d",
            width=60,
            help="Decides first weights, choice and order of pictures",
        ),
        "progress": st.column_config.ProgressColumn(
            "Done", format="%.0f%%", min_value=0, max_value=100, width=80, help="Of its iterations"
        ),
        "nice": ACCURACY("● nice", help="Top-1 accuracy on nice test pictures", **percent),
        "real": ACCURACY("◆ real", help="Top-1 accuracy on real test pictures", **percent),
        "combined": ACCURACY(
            "■ combined",
            help="The root of nice times real accuracy: high only if both are",
            **percent | {"width": 100},
        ),
        "started": st.column_config.DatetimeColumn("Started", format="D MMM, HH:mm", width=120),
        "remark": st.column_config.TextColumn(
            "Remark", width="large", help="Your note, or why it failed"
        ),
    }
