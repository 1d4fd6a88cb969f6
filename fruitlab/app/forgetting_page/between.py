"""A slider along the line between two runs' weights, at points that a background job scored."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from fruitlab.config.errors import RunError
from fruitlab.config.modes import Action, allows
from fruitlab.config.paths import runs_root
from fruitlab.config.text import percent
from fruitlab.metrics.accuracy import SCORES, fraction
from fruitlab.plots import style
from fruitlab.plots.points import Point
from fruitlab.runs import interpolations, jobs
from fruitlab.runs.captions import choice_caption
from fruitlab.runs.entry import Entry

PROBLEM = "interpolation problem"
GROUPS = {"all layers": None, "backbone only": ["backbone"], "head only": ["head"]}
TEXT = (
    "The networks with weights (1 - α) first + α second. 21 of them are scored once; then the "
    "slider moves along the line at once. The running statistics of each are estimated anew with "
    "training pictures of both runs, so the ends differ a little from the runs themselves."
)


def choose(here: Sequence[Entry], *suggested: Sequence[Entry]) -> tuple[list[Point], int] | None:
    """Draws the choice of two runs, and the slider once the points between them are scored.

    Args:
        here: runs that are scored on the same pictures.
        suggested: lists of runs. The first two of the first list that has two are preset.

    Returns:
        The points in order and the index of the selected one; None while there are none.
    """
    usable = {entry.id: entry for entry in here if entry.run.has("weights") and entry.config}
    if len(usable) < 2 or not st.toggle("Interpolate between two runs", key="between"):
        return None
    st.caption(TEXT)
    left, right = st.columns(2)
    lists = [[entry.id for entry in some if entry.id in usable] for some in (*suggested, here)]
    ends = next(names[:2] for names in lists if len(names) > 1)
    first, second = (
        column.selectbox(
            label,
            usable,
            list(usable).index(end),
            key=f"{label} {end}",
            format_func=lambda name: choice_caption(usable[name]),
        )
        for column, label, end in zip((left, right), ("First run", "Second run"), ends, strict=True)
    )
    layers = st.segmented_control("Layers", list(GROUPS), default="all layers", required=True)
    groups = GROUPS[layers or "all layers"]
    if first == second or _network(usable[first]) != _network(usable[second]):
        st.info("Choose two runs of the same network.", icon=":material/join_inner:")
        return None
    result = interpolations.read(first, second, groups)
    if result is None:
        _offer(first, second, groups)
        return None
    points = _points(result)
    alpha = st.select_slider(
        "α: share of the second run's weights",
        range(len(points)),
        format_func=lambda index: points[index].about,
        key=f"alpha {first} {second} {layers}",
    )
    row, point = st.container(horizontal=True, gap="medium"), points[alpha]
    values = point.nice, point.real, point.combined
    for score, value in zip(SCORES, values, strict=True):
        row.metric(style.LABELS[score], percent(value), width="content")
    return points, alpha


def working() -> bool:
    """Whether points are being scored."""
    return any(job.status() == "working" for job in jobs.all_jobs(_root()))


def _network(entry: Entry) -> tuple[Any, ...]:
    config = entry.known_config
    return config.network, config.width, config.input_size


def _offer(first: str, second: str, groups: list[str] | None) -> None:
    """Draws the button that starts the job, or the job's progress."""
    if problem := st.session_state.pop(PROBLEM, None):
        st.error(problem, icon=":material/error:")
    title = _title(first, second, groups)
    job = next((job for job in jobs.all_jobs(_root()) if job.title == title), None)
    status = job.status() if job else None
    if job and status == "working":
        text, share = job.progress()
        st.progress(share or 0.0, text=text)
        st.button(
            "Stop",
            icon=":material/stop_circle:",
            key="stop between",
            on_click=job.cancel,
            disabled=not allows(Action.JOB, job),
        )
        return
    why = job.result().get("error", "its process ended unexpectedly") if job else ""
    if why and status != "done" and why != "Interrupted.":
        st.error(f"The points could not be scored: {why}", icon=":material/error:")
    st.button(
        "Score the points between them",
        icon=":material/linear_scale:",
        type="primary",
        key="start between",
        disabled=working(),  # on two other runs
        on_click=_start,
        args=(first, second, groups),
        help="Classifies all test pictures 21 times, which takes minutes.",
    )


def _start(first: str, second: str, groups: list[str] | None) -> None:
    if working():
        return  # A double click starts one.
    arguments = ["interpolate", first, second, *(["--groups", ",".join(groups)] if groups else [])]
    try:
        jobs.start(_root(), _title(first, second, groups), arguments)
    except RunError as error:
        st.session_state[PROBLEM] = str(error)
    except OSError as error:
        st.session_state[PROBLEM] = (
            f"The job could not be started: {error.strerror}. Check that {_root()} is writable."
        )


def _points(result: dict[str, Any]) -> list[Point]:
    found = []
    for one in result["points"]:
        nice, real = (float(fraction(*one[domain][1::-1])) for domain in ("nice", "real"))
        found.append(Point(nice, real, f"α = {one['alpha']:.2f}"))
    return found


def _title(first: str, second: str, groups: list[str] | None) -> str:
    return f"{first} to {second}, {'-'.join(groups or ['all layers'])}"


def _root() -> Path:
    return runs_root() / ".interpolations" / "jobs"
