"""What one of two runs gets right and the other does not, picture by picture."""

import numpy as np
import streamlit as st

from fruitlab.app.runs_page.compare import selected
from fruitlab.app.runs_page.mistakes import show_pictures
from fruitlab.app.runs_page.predictions import DAMAGED, choose_set, predictions, report_damage
from fruitlab.config.text import plain
from fruitlab.metrics.pairs import answers_of, gained_and_lost
from fruitlab.runs.captions import readable_names
from fruitlab.runs.entry import Entry
from fruitlab.runs.grouping import same_data


def show(chosen: list[str]) -> None:
    """Draws the choice of two runs, and the pictures that tell them apart.

    Args:
        chosen: ids of the selected runs. Nothing is drawn unless two of them have finished on the
            same test pictures.
    """
    entries = [
        entry
        for entry in selected(chosen)
        if entry.status == "finished" and (entry.run.folder / "predictions.npz").is_file()
    ]
    entries = [one for one in entries if same_data(one, entries[0])]
    if len(entries) < 2:
        return
    st.subheader("Gained and lost")
    names = dict(zip([e.id for e in entries], map(plain, readable_names(entries)), strict=True))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first = _choose("From", entries, names)
        second = _choose("To", [one for one in entries if one is not first], names)
        domain = choose_set("gained set")
    before, after = predictions(first), predictions(second)
    if before is None or after is None:
        return
    try:
        _columns(second, before, after, real=domain == "real")
    except DAMAGED as error:
        report_damage(second, error)


def _choose(label: str, entries: list[Entry], names: dict[str, str]) -> Entry:
    by_id, key = {entry.id: entry for entry in entries}, f"gained {label}"
    if st.session_state.get(key) not in by_id:  # chosen when there were others
        st.session_state.pop(key, None)
    found = st.selectbox(label, list(by_id), key=key, format_func=names.__getitem__, width=320)
    return by_id[found]


def _columns(
    entry: Entry, before: dict[str, np.ndarray], after: dict[str, np.ndarray], *, real: bool
) -> None:
    earlier, later = answers_of(before), answers_of(after)
    kinds = ("Gained", "Lost"), ("right now, wrong before", "right before, wrong now")
    found = gained_and_lost(before, after)
    for column, kind, text, rows, wrong in zip(
        st.columns(2, gap="medium"), *kinds, found, (earlier, later), strict=True
    ):
        rows = rows[after["real"][rows] == real]
        with column:
            st.markdown(f"**{kind}: {len(rows):,}** ({text})")
            if not len(rows):
                continue

            def caption(row: int, wrong: dict[tuple[bool, str], str] = wrong) -> str:
                truth = after["categories"][after["truth"][row]]
                return f"{truth}, not {wrong[bool(after['real'][row]), str(after['hash'][row])]}"

            show_pictures(entry, after, rows, caption=caption, key=f"gained {kind} {real}")
