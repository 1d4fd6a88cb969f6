"""A run's title and note, its files to download, and its deletion, which asks first."""

import streamlit as st

from fruitlab.app import shared
from fruitlab.app.runs_page.table import CHOSEN
from fruitlab.config.errors import RunError
from fruitlab.runs import labels
from fruitlab.runs.folder import Run
from fruitlab.runs.index import Entry

FILES = {
    "weights.safetensors": "Weights",
    "best.safetensors": "Weights at its best",
    "predictions.npz": "Predictions",
    "config.json": "Configuration",
}
PROBLEM = "runs problem"


def show(entry: Entry) -> None:
    """Works for whatever lies in a run folder, an unreadable one too."""
    if problem := st.session_state.pop(PROBLEM, None):
        st.error(problem, icon=":material/error:")
    label(entry)
    st.markdown("**Download**")
    with st.container(horizontal=True):
        st.download_button(
            "Log as CSV",
            lambda: labels.log_as_csv(entry.run),
            f"{entry.id}.csv",
            "text/csv",
            icon=":material/download:",
            disabled=not entry.points,
            key="csv",
            on_click="ignore",
        )
        for name, title in FILES.items():
            path = entry.run.folder / name
            if path.is_file():
                st.download_button(
                    f"{title} ({size(path.stat().st_size)})",
                    path.read_bytes,
                    f"{entry.id}-{name}",
                    "application/octet-stream",
                    icon=":material/download:",
                    key=f"download {name}",
                    on_click="ignore",
                )
    st.caption("Weights are safetensors: any tool reads them, and reading them runs nothing.")
    st.markdown("**Delete**")
    why = labels.why_kept(entry.run)
    if st.button(
        "Delete this run …",
        icon=":material/delete:",
        key="delete",
        disabled=why is not None,
        help=why,
    ):
        _ask(entry)


def label(entry: Entry) -> None:
    with st.form(f"label {entry.id}", border=False):
        title = st.text_input(
            "Title",
            str(entry.label.get("title", "")),
            max_chars=labels.LONGEST["title"],
            placeholder=entry.id,
            help="In the place of its name, which never changes: links go on working.",
        )
        note = st.text_area(
            "Note", str(entry.label.get("note", "")), max_chars=labels.LONGEST["note"], height=100
        )
        if st.form_submit_button("Save", icon=":material/save:"):
            try:
                labels.write_label(entry.run, title=title, note=note)
            except RunError as error:
                st.error(str(error), icon=":material/error:")
                return
            shared.index().entries(fresh=True)
            st.rerun()


def size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"


@st.dialog("Delete this run?")
def _ask(entry: Entry) -> None:
    st.markdown(f"**{entry.title}**" + (f" ({entry.id})" if entry.title != entry.id else ""))
    st.write(
        "Its curves, scores and weights go for good. Its link will work again only where the run is trained anew."
    )
    with st.container(horizontal=True):
        if st.button("Delete it", type="primary", key="delete for good"):
            _delete(entry.run)
            st.rerun()
        if st.button("Keep it", key="keep"):
            st.rerun()


def _delete(run: Run) -> None:
    try:
        labels.delete(run)
        st.session_state[CHOSEN] = [name for name in st.session_state[CHOSEN] if name != run.id]
    except RunError as error:
        st.session_state[PROBLEM] = str(error)
    shared.index().entries(fresh=True)
