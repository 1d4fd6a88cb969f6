"""A run's title and note, its files for download, and its deletion."""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import streamlit as st

from fruitlab.app import shared
from fruitlab.app.runs_page.table import CHOSEN
from fruitlab.config.errors import RunError
from fruitlab.config.modes import Action, allows
from fruitlab.config.paths import PROJECT, child_environment
from fruitlab.config.text import plain
from fruitlab.runs import labels, tensorboard
from fruitlab.runs.entry import Entry
from fruitlab.runs.folder import Run

FILES = {
    "weights.safetensors": "Weights",
    "best.safetensors": "Best weights (by test accuracy)",
    "predictions.npz": "Predictions",
    "config.json": "Configuration",
}
PROBLEM = "runs problem"  # key of session_state: why the last deletion failed


def show(entry: Entry) -> None:
    """Draws all of it, for any folder of runs, even an unreadable one."""
    if problem := st.session_state.pop(PROBLEM, None):
        st.error(problem, icon=":material/error:")
    if allows(Action.LABEL, entry):
        _label(entry)
    st.markdown("**Download**")
    with st.container(horizontal=True):
        _downloads(entry)
    st.caption("Weights are safetensors files, which many tools read and which contain no code.")
    if not allows(Action.DELETE_RUN, entry):
        return
    st.markdown("**Delete**")
    reason = labels.why_kept(entry.run)
    if st.button(
        "Delete this run …",
        icon=":material/delete:",
        key="delete",
        disabled=reason is not None,
        help=reason,
    ):
        _confirm(entry)


def _label(entry: Entry) -> None:
    with st.form(f"label {entry.id}", border=False):
        title = st.text_input(
            "Title",
            str(entry.label.get("title", "")),
            max_chars=labels.LONGEST["title"],
            placeholder=entry.id,
            help="Shown instead of the run's id. The id stays, so links keep working.",
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


def _downloads(entry: Entry) -> None:
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
    if tensorboard.available():
        st.download_button(
            "TensorBoard events",
            lambda: _events(entry.run),
            f"events.out.tfevents.{entry.id}",
            "application/octet-stream",
            icon=":material/download:",
            disabled=not entry.points,
            key="tensorboard",
            on_click="ignore",
        )
    for name, title in FILES.items():
        path = entry.run.folder / name
        if path.is_file():
            st.download_button(
                f"{title} ({_size(path.stat().st_size)})",
                path.read_bytes,
                f"{entry.id}-{name}",
                "application/octet-stream",
                icon=":material/download:",
                key=f"download {name}",
                on_click="ignore",
            )


def _events(run: Run) -> bytes:
    """The run's event file, written by another process: it takes torch some seconds to load."""
    with TemporaryDirectory() as folder:
        command = ["-m", "fruitlab", "export", run.id, "--tensorboard", folder]
        subprocess.run([sys.executable, *command], check=True, cwd=PROJECT, env=child_environment())
        return next(Path(folder).iterdir()).read_bytes()


def _size(count: int) -> str:
    """Bytes as text."""
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"


@st.dialog("Delete this run?")
def _confirm(entry: Entry) -> None:
    st.markdown(f"**{plain(entry.title)}**" + (f" ({entry.id})" if entry.title != entry.id else ""))
    st.write("Its curves, scores and weights are deleted permanently. Links to it stop working.")
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
