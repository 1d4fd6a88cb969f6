"""Making the play file of a visitor's run, in a background job."""

from pathlib import Path

import streamlit as st

from fruitlab.app.local_data import training_problem
from fruitlab.config.errors import RunError
from fruitlab.config.paths import runs_root
from fruitlab.config.text import plain
from fruitlab.play import file as play
from fruitlab.runs import jobs
from fruitlab.runs.captions import readable_name
from fruitlab.runs.entry import Entry
from fruitlab.runs.jobs import Job

COMMAND = "python -m fruitlab play-file {run}"
EVERY = 1.0  # seconds between updates while the file is made
PROBLEM = "play file problem"  # key of session_state: why the job could not be started


def offer(entry: Entry) -> None:
    """Draws how to play a run without a play file: a button, or the job that makes the file.

    Args:
        entry: a run of the visitor.
    """
    if problem := st.session_state.pop(PROBLEM, None):
        st.error(problem, icon=":material/error:")
    job = _job(entry)
    if job and job.status() == "working":
        st.fragment(_progress, run_every=EVERY)(entry)
        return
    if job and job.status() != "done":
        why = job.result().get("error") or "its process ended unexpectedly"
        st.error(f"The play file of {entry.id} could not be made: {why}", icon=":material/error:")
    if why := why_not(entry):
        st.info(f"Play shows another run. {why}", icon=":material/info:")
        return
    st.info(
        f"Play shows another run until {plain(readable_name(entry))} is prepared: its pictures "
        "pass through the network once, which takes about a minute.",
        icon=":material/info:",
    )
    st.button(
        f"Play {plain(readable_name(entry))}",
        key="make play file",
        type="primary",
        icon=":material/play_arrow:",
        on_click=_start,
        args=(entry,),
    )


def why_not(entry: Entry) -> str:
    """Why a button cannot make the play file of a run; empty if it can."""
    try:
        play.check(entry.run)
    except RunError as error:
        return str(error)
    if entry.switch is None:
        return "The selected one can be played once its initial training has ended."
    problem, difference = training_problem(entry)
    if problem or difference:
        return problem or difference
    if not entry.run.has("switch"):
        command = COMMAND.format(run=entry.id)
        return (
            f"{entry.id} has no play file and kept no weights of the switch, so its initial "
            f"training must be repeated: `{command}`"
        )
    return ""


def _progress(entry: Entry) -> None:
    job = _job(entry)
    if job is None or job.status() != "working":
        st.rerun()
    text, share = job.progress()
    st.progress(share or 0.0, text=f"**Preparing {entry.title}** · {text}")


def _start(entry: Entry) -> None:
    try:
        if job := _job(entry):
            job.dismiss()  # a failed one; nothing happens to one that works
        if _job(entry) is None:
            jobs.start(_root(), _title(entry), ["play-file", entry.id])
    except RunError as error:
        st.session_state[PROBLEM] = str(error)
    except OSError as error:
        st.session_state[PROBLEM] = f"{_root()} cannot be written: {error.strerror}."


def _job(entry: Entry) -> Job | None:
    return next((job for job in jobs.all_jobs(_root()) if job.title == _title(entry)), None)


def _title(entry: Entry) -> str:
    return f"Play file of {entry.id}"


def _root() -> Path:
    return runs_root() / ".play"
