"""The accuracy matrix of a run with several phases, with forgetting and transfer."""

import streamlit as st

from fruitlab.config.text import percent, points
from fruitlab.data.domains import DOMAINS
from fruitlab.metrics.transfer import MEASURES
from fruitlab.plots import style
from fruitlab.runs.entry import Entry
from fruitlab.runs.matrix import accuracy_matrix


def show(entry: Entry) -> None:
    """Draws the matrix and the measures."""
    top = 3 if st.session_state.get("runs metric") == "top3" else 1
    found = accuracy_matrix(entry, top)
    if found is None:
        st.info(
            "Only a finished run with several phases that learns both domains has an accuracy "
            "matrix.",
            icon=":material/info:",
        )
        return
    rows = [
        {"": row}
        | {
            f"{style.SHAPES[name]} {name}": f"{percent(value)} of {pictures:,}"
            for name, value, pictures in zip(DOMAINS, values, counts, strict=True)
        }
        for row, values, counts in zip(
            found.rows, found.values.tolist(), found.pictures.tolist(), strict=True
        )
    ]
    st.caption(f"Top-{top} accuracy on the test pictures of each domain.")
    st.table(rows, border="horizontal", hide_index=True)
    with st.container(horizontal=True, gap="medium"):
        for name, (label, help_text) in MEASURES.items():
            value = points(getattr(found.transfer, name), signed=name in ("backward", "forward"))
            st.metric(label, value, width="content", help=help_text)
