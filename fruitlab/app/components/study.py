"""A study on a page: its cost, its button, and its progress. It runs as a background job."""

from pathlib import Path
from typing import Any

import streamlit as st

from fruitlab.app import shared
from fruitlab.config.errors import RunError
from fruitlab.config.modes import Action, allows
from fruitlab.config.paths import runs_root
from fruitlab.config.text import duration
from fruitlab.runs import jobs, queue
from fruitlab.runs.cost import Estimate
from fruitlab.runs.jobs import Job
from fruitlab.studies import progress
from fruitlab.studies.plans import Study
from fruitlab.studies.progress import Progress

REFRESH = 2.0  # seconds
PROBLEM = "study problem"


def job_of(plan: Study) -> Job | None:
    """The newest background job of this study on its dataset, working or ended."""
    return next((job for job in jobs.all_jobs(_root()) if job.title == _title(plan)), None)


def at_work(name: str) -> bool:
    """Whether a job works on a study of that name, on any dataset."""
    return any(
        job.title.startswith(f"{name} on ") and job.status() == "working"
        for job in jobs.all_jobs(_root())
    )


def show(plan: Study, arguments: list[str], found: dict[str, Any], *, button: str) -> Progress:
    """The study's cost and a start button; while it runs, its progress and a stop button.

    Args:
        arguments: of `python -m fruitlab study`, for the same plan.
        found: the dataset's entry in `store.available`.
        button: the label of the start button.
    """
    entries = shared.index().entries()
    now = progress.study_progress(plan, entries, found["fingerprint"])
    if problem := st.session_state.pop(PROBLEM, None):
        st.error(problem, icon=":material/error:")
    job = job_of(plan)
    status = job.status() if job else None
    if status == "working":
        done = len(now.finished)
        st.fragment(_progress, run_every=REFRESH)(plan, found["fingerprint"], done)
        return now
    if not now.missing:
        return now
    if job and status in ("failed", "interrupted"):
        _why_it_ended(job)
    nice, real = (
        sum(count[domain] for count in found["counts"].values()) for domain in ("nice", "real")
    )
    try:
        at_once = queue.concurrent_runs("auto")
    except RunError as error:
        st.error(str(error), icon=":material/error:")
        return now
    if not allows(Action.JOB):
        return now
    st.caption(_cost(plan, now, progress.estimate(now.missing, nice, real, entries), at_once))
    st.button(
        f"Continue: {len(now.missing)} runs left" if now.finished else button,
        key=f"study {_title(plan)}",
        type="primary",
        icon=":material/playlist_play:",
        on_click=_start,
        args=(plan, arguments),
    )
    return now


def _cost(plan: Study, now: Progress, cost: Estimate, at_once: int) -> str:
    most = f", {plan.most} at most," if plan.most and plan.most > len(now.configs) else ""
    basis = f" ({cost.basis})"
    together = f", less with {at_once} at once" if at_once > 1 else ""
    return (
        f"{len(now.configs)} runs{most} of which {len(now.finished)} are finished. The next "
        f"{len(now.missing)} see {cost.pictures:,} training pictures and take about "
        f"{duration(cost.seconds)} on this machine, one at a time{basis}{together}. You can stop "
        "the study at any time and continue later."
    )


def _why_it_ended(job: Job) -> None:
    result = job.result()
    why = result.get("error")
    if why == "Interrupted.":  # by the stop button
        return
    if isinstance(failed := result.get("failed"), dict):
        why = why or "; ".join(map(str, failed.values()))
    st.error(
        f"The study ended early: {why or 'its process ended unexpectedly'}. Finished runs are "
        "kept, and you can continue.",
        icon=":material/error:",
    )


def _progress(plan: Study, fingerprint: str | None, shown: int) -> None:
    """Draws the progress; the rest of the page shows the results of `shown` finished runs."""
    job = job_of(plan)
    if job is None or job.status() != "working":
        st.rerun()
    now = progress.study_progress(plan, shared.index().entries(), fingerprint)
    done, most = len(now.finished), max(len(now.configs), plan.most or 0)
    if done != shown:
        st.rerun()  # of the whole page, which shows the results so far
    limit = "at most " if most > len(now.configs) else ""
    active = [now.found[config].id for config in now.having("running", "waiting")]
    doing = f"training {', '.join(active)}" if active else "getting ready"
    st.progress(done / most, text=f"**{done} of {limit}{most} runs finished** · {doing}")
    if not allows(Action.JOB, job):
        return
    st.button(
        "Stop the study",
        key=f"stop {_title(plan)}",
        icon=":material/stop_circle:",
        on_click=job.cancel,
        help="Stops the active runs. Everything can be continued later.",
    )


def _start(plan: Study, arguments: list[str]) -> None:
    job = job_of(plan)
    if job is not None and job.status() == "working":
        return  # A double click starts one.
    try:
        jobs.start(_root(), _title(plan), ["study", *arguments])
    except RunError as error:
        st.session_state[PROBLEM] = str(error)
    except OSError as error:
        st.session_state[PROBLEM] = (
            f"The study could not be started: {error.strerror}. Check that {_root()} is writable."
        )


def _title(plan: Study) -> str:
    return f"{plan.name} on {plan.data}"


def _root() -> Path:
    return runs_root() / ".studies"
