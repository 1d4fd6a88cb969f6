"""A study on a page: what it would take, a button, and how far it is. It runs in a process of its own and outlives the page."""

from typing import Any

import streamlit as st

from fruitlab.app import shared
from fruitlab.config.errors import RunError
from fruitlab.config.paths import runs_root
from fruitlab.config.text import duration
from fruitlab.runs import jobs, queue
from fruitlab.runs.jobs import Job
from fruitlab.studies import progress
from fruitlab.studies.plans import Study
from fruitlab.studies.progress import Progress

EVERY = 2.0  # seconds between two looks
PROBLEM = "study problem"


def job_of(plan: Study) -> Job | None:
    """The newest process of this study on its data, at work or ended."""
    return next(
        (job for job in jobs.found(_root()) if job.asked.get("title") == _title(plan)), None
    )


def at_work(name: str) -> bool:
    """Whether a process started from a page works at a study of that name, on whatever data."""
    return any(
        str(job.asked.get("title", "")).startswith(f"{name} on ") and job.status() == "working"
        for job in jobs.found(_root())
    )


def show(plan: Study, arguments: list[str], found: dict[str, Any], *, button: str) -> Progress:
    """The study's cost and its button; while it runs its progress, and a button to end it.

    Args:
        arguments: of `python -m fruitlab study`, which come to the same plan.
        found: its data, as in `store.available`.
        button: what the button says while nothing has been run.
    """
    entries = shared.index().entries()
    now = progress.study_progress(plan, entries, found["fingerprint"])
    if problem := st.session_state.pop(PROBLEM, None):
        st.error(problem, icon=":material/error:")
    job = job_of(plan)
    status = job.status() if job else None
    if status == "working":
        st.fragment(_progress, run_every=EVERY)(plan, found["fingerprint"])
        return now
    if not now.missing:
        return now
    if status in ("failed", "broken off") and (why := job.result().get("error")) != "Interrupted.":
        st.error(
            f"It ended before it was through: {why or _failures(job) or 'its process ended without a word'}. What finished is kept; it goes on from there.",
            icon=":material/error:",
        )
    nice, real = (
        sum(count[domain] for count in found["counts"].values()) for domain in ("nice", "real")
    )
    estimate = progress.estimate(now.missing, nice, real, entries)
    runs = len(now.missing)
    most = f", {plan.most} at most" if plan.most and plan.most > len(now.configs) else ""
    try:
        at_once = queue.side_by_side("auto")
    except RunError as error:
        st.error(str(error), icon=":material/error:")
        return now
    beside = f"; {at_once} train at once, which takes less" if at_once > 1 else ""
    st.caption(
        f"{len(now.configs)} runs{most}; {len(now.finished)} of them finished. The next {runs} learn from {estimate.pictures:,} pictures and take about "
        f"{duration(estimate.seconds)} on this machine, one after the other ({estimate.basis}{beside}). Stop it at any time: it goes on where it was."
    )
    st.button(
        button if not now.finished else f"Go on: {runs} runs to do",
        key=f"study {_title(plan)}",
        type="primary",
        icon=":material/playlist_play:",
        on_click=_start,
        args=(plan, arguments),
    )
    return now


def _progress(plan: Study, fingerprint: str | None) -> None:
    job = job_of(plan)
    if job is None or job.status() != "working":
        st.rerun()
    now = progress.study_progress(plan, shared.index().entries(), fingerprint)
    done, most = len(now.finished), max(len(now.configs), plan.most or 0)
    at_work = [now.found[config].id for config in now.having("running", "waiting")]
    st.progress(
        done / most,
        text=f"**{done} of {len(now.configs)} runs finished**{f', {plan.most} at most' if most > len(now.configs) else ''}"
        f"{' · at work: ' + ', '.join(at_work) if at_work else ' · getting ready'}",
    )
    st.button(
        "Stop the study",
        key=f"stop {_title(plan)}",
        icon=":material/stop_circle:",
        on_click=job.cancel,
        help="The runs at work stop in order; everything can go on later.",
    )


def _failures(job: Job) -> str:
    failed = job.result().get("failed")
    return "; ".join(map(str, failed.values())) if isinstance(failed, dict) else ""


def _start(plan: Study, arguments: list[str]) -> None:
    try:
        if (job := job_of(plan)) is None or job.status() != "working":  # a double click starts one
            jobs.start(_root(), _title(plan), ["study", *arguments])
    except OSError as error:
        st.session_state[PROBLEM] = (
            f"The study could not be started: {error.strerror}. Check that {_root()} may be written."
        )


def _title(plan: Study) -> str:
    return f"{plan.name} on {plan.data}"


def _root():
    return runs_root() / ".studies"
