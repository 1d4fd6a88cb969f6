"""Readings on the Paper page: which way to read what the text lost comes nearest, judged on the training loss."""

import math
from collections.abc import Sequence

import streamlit as st

from fruitlab import readings
from fruitlab.index import Entry
from fruitlab.marks import percent


def show(entries: Sequence[Entry]) -> None:
    """A row for each reading that was trained; without any, what they are and how to train them."""
    st.header("Readings of what the text lost", anchor="readings")
    st.markdown("The formulas of *bn_momentum* and of the momentum term, and the scale of the L2 penalty, are missing from the paper's text. Here each is "
                "read another way, one at a time, with the paper's recipe at 60 % real; what the training loss comes to says how well the network "
                "learns by it. No test picture has a part in that.")
    groups: dict[tuple[str, str, int | None, int], list[tuple]] = {}
    for entry in entries:
        if entry.config is not None and entry.status == "finished":
            key = entry.config.data, str(entry.data.get("fingerprint")), entry.categories, entry.config.iterations
            groups.setdefault(key, []).append((entry.config, entry))
    tables = {key: found for key, pairs in groups.items() if len(found := readings.rows(pairs)) > 1}
    if not tables:
        with st.expander("The readings, and how to train them"):
            st.dataframe([{"reading": one.title, "section": one.section} for one in readings.READINGS], hide_index=True)
        st.code("python -m fruitlab study readings --data NAME --dry-run", language=None, wrap_lines=True)
        return
    (data, _, categories, iterations), rows = max(tables.items(), key=lambda item: len(item[1]))
    st.dataframe([{"reading": row.reading.title, "section": row.reading.section, "training loss": f"{row.loss:.3f}", "nice": percent(row.nice),
                   "real": percent(row.real), "combined": percent(row.combined)} for row in rows], hide_index=True)
    recipe = next((row for row in rows if not row.reading.changes), None)
    better = [row for row in rows if recipe is not None and row.loss < recipe.loss]
    said = "" if recipe is None else (" No other reading learns faster than the recipe as it is." if not better else
                                      f" {len(better)} learn{'s' if len(better) == 1 else ''} faster than the recipe as it is, which comes to {recipe.loss:.3f}.")
    st.caption(f"On {data}, after {iterations:,} iterations of the paper's 3,000, one seed. The loss is the cross entropy (nats) over the last stretch of "
               f"training; guessing comes to {math.log(categories or 26):.2f}.{said} The paper itself ends at 44.5 % real and 94.5 % nice after 3,000.")
    st.code(f"python -m fruitlab study readings --data {data}", language=None, wrap_lines=True)
