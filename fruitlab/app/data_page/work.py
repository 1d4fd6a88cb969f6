"""The background jobs of the Data page: how they are started, and what is shown of them."""

from pathlib import Path
from typing import Any, BinaryIO

import streamlit as st

from fruitlab.app import recent
from fruitlab.app.data_page import choice
from fruitlab.config.errors import RunError
from fruitlab.config.modes import Action, allows
from fruitlab.config.paths import data_root
from fruitlab.config.text import plain
from fruitlab.data import cache
from fruitlab.runs import jobs
from fruitlab.runs.jobs import Job

REFRESH = 1.0  # seconds
# Keys of session_state.
PROBLEM = "data problem"  # why a job could not be started
STARTED = "data jobs"  # folders of the jobs that the visitor started, and has not seen end
ENDED = "data jobs ended"  # folders of those that ended in this tab


def root() -> Path:
    """The folder of the jobs that this page starts."""
    return data_root() / ".jobs"


def start(title: str, command: list[str], upload: BinaryIO | None = None) -> None:
    """Starts a job; if that fails, the next run of the page shows the reason."""
    try:
        job = jobs.start(root(), title, command, upload=upload)
        st.session_state.setdefault(STARTED, set()).add(job.folder.name)
    except RunError as error:
        st.session_state[PROBLEM] = str(error)
    except OSError as error:
        st.session_state[PROBLEM] = str(cache.unwritable(error))


def progress() -> None:
    """The datasets that are being added, and how the last ones ended.

    What failed is shown until it is dismissed or tried again; what succeeded, only in the tab that
    started it.
    """
    found = _newest()
    if found:
        working = any(job.status() == "working" for job in found)
        st.fragment(_progress, run_every=REFRESH if working else None)(working)


def _newest() -> list[Job]:
    """The newest job of each title. Older ones are deleted, unless they work."""
    found: dict[str, Job] = {}
    for job in jobs.all_jobs(root()):
        if found.setdefault(job.title, job) is not job and allows(Action.JOB, job):
            job.dismiss()
    return list(found.values())


def _progress(was_working: bool) -> None:
    found = [(job, job.status()) for job in _newest()]
    if was_working and not any(status == "working" for _, status in found):
        st.rerun()  # to show the new dataset on the page
    mine, seen = (st.session_state.setdefault(key, set()) for key in (STARTED, ENDED))
    for job, status in found:
        folder = job.folder.name
        if status == "done" and folder in mine:
            mine.discard(folder)
            seen.add(folder)
            _select(job)
        if status != "done" or folder in seen:
            with st.container(border=True):
                _show(job, status)


def _select(job: Job) -> None:
    """Makes the dataset that a job added the one that the page shows."""
    result = job.result()
    name = (result.get("imported") or result).get("name")
    if name:
        choice.clear()
        recent.work_with(str(name))
        st.query_params.pop("name", None)


def _show(job: Job, status: str) -> None:
    if status == "working":
        text, share = job.progress()
        st.progress(share or 0.0, text=f"**{plain(job.title)}** · {plain(text)}")
        st.button(
            "Cancel",
            key=f"cancel {job.folder.name}",
            icon=":material/close:",
            on_click=job.cancel,
            disabled=not allows(Action.JOB, job),
        )
        return
    result = job.result()
    if status == "done":
        st.success(
            f"**{plain(job.title)}**: done. {plain(_outcome(result))}", icon=":material/check:"
        )
        if ignored := result.get("ignored"):
            with st.expander(f"{len(ignored)} folders or files were ignored"):
                rows = [{"what": what, "why": why} for what, why in ignored.items()]
                st.dataframe(rows, hide_index=True)
    else:
        st.error(f"**{plain(job.title)}**: {plain(_reason(job, status))}", icon=":material/error:")
    st.button(
        "Dismiss",
        key=f"dismiss {job.folder.name}",
        icon=":material/done_all:",
        on_click=job.dismiss,
        disabled=not allows(Action.JOB, job),
    )


def _reason(job: Job, status: str) -> str:
    """Why a job failed: its error message, or else the last line that it printed."""
    if error := job.result().get("error"):
        return str(error)
    if status == "interrupted":
        if {"answer", "check"} & set(job.request.get("arguments", [])[:2]):
            return "its process ended unexpectedly. Start it again; it goes on where it was."
        return "its process ended unexpectedly. Nothing was kept; add it again."
    return (job.log().splitlines() or ["it failed without a message."])[-1]


def _outcome(result: dict[str, Any]) -> str:
    imported = result.get("imported") or result
    if "counts" not in imported:
        if "folder" not in result:
            return ""
        return f"It is in {result['folder']}. The other domain is still missing."
    nice, real = (
        sum(sum(sides[domain].values()) for sides in imported["counts"].values())
        for domain in ("nice", "real")
    )
    return (
        f"{imported['name']} has {len(imported['categories'])} categories, {nice:,} nice and "
        f"{real:,} real pictures; {len(imported['refused']):,} files could not be used, "
        f"{len(imported['left_out'])} categories were left out."
    )
