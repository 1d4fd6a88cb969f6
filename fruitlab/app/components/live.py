"""A run as it is now: what it is doing, its figures, its plots. Redrawn every so often while it trains."""

import time

import streamlit as st

from fruitlab.app import launch, navigation, shared
from fruitlab.app.components import chart
from fruitlab.config.errors import RunError
from fruitlab.config.text import duration, percent
from fruitlab.methods.phase import labels
from fruitlab.plots import figures as charts
from fruitlab.plots import style
from fruitlab.runs import cost, references
from fruitlab.runs.captions import setting_caption
from fruitlab.runs.index import Entry

EVERY = 1.5  # seconds between two looks at a run that trains
STEPS = {  # what the worker says it is doing: in words, and what comes next
    "starting": ("Starting its process", "loading torch, reading the data, then training"),
    "waiting": ("Waiting for its turn", "loading torch, reading the data, then training"),
    "loading torch": ("Loading torch, the library that trains", "reading the data, then training"),
    "reading the data": (
        "Reading the data (drawn first, if they are the built-in ones and new)",
        "training",
    ),
    "training": ("Training", "the results"),
    "writing the results": (
        "Scoring every test picture and writing the results",
        "nothing: it is nearly done",
    ),
}


def watch(run_id: str) -> None:
    """The run's live view; it takes itself out of the clock when the run has ended."""
    entry = shared.index().get(run_id)
    running = entry is not None and entry.active
    st.fragment(_view, run_every=EVERY if running else None)(run_id, running)


def _view(run_id: str, was_running: bool) -> None:
    entry = shared.index().get(run_id)
    if entry is None:
        st.error(f"There is no run named {run_id} any more.", icon=":material/error:")
        return
    if entry.active != was_running:
        st.rerun()  # the whole page: its clock and its buttons depend on it
    status(entry)
    buttons(entry)
    if entry.config is None:
        return
    if not (entry.points or entry.active):
        return
    top = top_toggle()
    if entry.points:
        figures(entry, top)
    plots(entry, top)  # empty at first: by the time of the first point the browser has plotly.js


def top_toggle() -> int:
    """1 or 3: what counts as right. Kept in the address."""
    names = {1: "top-1", 3: "top-3"}
    return (
        st.segmented_control(
            "Counts as right",
            list(names),
            default=1,
            key="top",
            required=True,
            bind="query-params",
            format_func=names.get,
            help="top-1: the likeliest category is the true one. top-3: the true one is among the three likeliest.",
        )
        or 1
    )


def status(entry: Entry) -> None:
    """One line on what it does now, what comes next, and when it will be done; or how it ended."""
    if entry.active:
        _progress(entry)
        return
    done = f"{int(entry.column('iteration')[-1]):,} iterations" if entry.points else "no iteration"
    if entry.status == "finished":
        seconds, seen = entry.summary.get("seconds"), entry.summary.get("images_seen")
        took = f" in {duration(seconds)}" if isinstance(seconds, (int, float)) else ""
        st.markdown(
            f":material/check: Finished: {done}"
            + (f", {seen:,} pictures seen{took}." if isinstance(seen, int) else ".")
        )
    elif entry.status in ("failed", "unreadable"):
        st.error(entry.error, icon=":material/error:")
    elif entry.status == "stopped":
        st.info(
            f"Stopped after {done}. What it learned is kept: Resume goes on from there.",
            icon=":material/pause:",
        )
    else:
        st.warning(
            f"Interrupted after {done}: its process is gone (the machine was switched off, or it was ended from outside). "
            "Resume goes on from its last saved state.",
            icon=":material/warning:",
        )


def _progress(entry: Entry) -> None:
    doing = str(entry.activity.get("doing", "starting"))
    words, then = STEPS.get(doing, (doing.capitalize(), ""))
    if entry.activity.get("why"):
        words += f": {entry.activity['why']}"
    if doing != "training" or entry.config is None:
        since = entry.activity.get("since")
        passed = (
            f" · for {duration(max(0.0, time.time() - since))}"
            if isinstance(since, (int, float))
            else ""
        )
        share, counted = _counted(entry.activity)
        words = counted or words
        st.progress(
            1.0 if doing == "writing the results" else share,
            text=f"**{words}**{passed}. Next: {then}.",
        )
        return
    total = entry.config.iterations
    at = int(entry.column("iteration")[-1]) if entry.points else 0
    parts = [f"**{words}**: iteration {at:,} of {total:,}"]
    left, pace = cost.seconds_left(entry), cost.pictures_per_second(entry)
    if left is not None:
        parts.append(f"about {duration(left)} left")
    if pace is not None:
        parts.append(f"{pace:,.0f} pictures a second")
    phase = _phase(entry)
    st.progress(min(1.0, at / total), text=" · ".join(parts + ([phase] if phase else [])))
    if (entry.run.folder / "stop").exists():
        st.caption("Asked to stop: it ends after the iteration at hand, and saves its state.")


def _phase(entry: Entry) -> str:
    """What the current phase trains, for a run with several phases."""
    phases = entry.config.phases()
    by_label = dict(zip(labels(phases), phases, strict=True))
    if len(phases) == 1 or not entry.phases or entry.phases[-1] not in by_label:
        return ""
    return by_label[entry.phases[-1]].summary


def _counted(activity: dict) -> tuple[float, str]:
    """How far the pictures are read or drawn, and that in words; (0, "") where the worker has not said."""
    done, of, what = (activity.get(name) for name in ("done", "of", "step"))
    if not (
        isinstance(done, int)
        and isinstance(of, int)
        and isinstance(what, str)
        and 0 <= done <= of
        and of
    ):
        return 0.0, ""
    return done / of, f"{what}: {done:,} of {of:,}"


def buttons(entry: Entry) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if entry.active:
            st.button(
                "Stop",
                icon=":material/stop:",
                key="stop",
                on_click=_do,
                args=(launch.stop, entry),
                help="It keeps what it has, and can go on later.",
            )
        elif (
            entry.status in ("stopped", "interrupted", "failed")
            and entry.config is not None
            and not entry.run.shipped
        ):
            st.button(
                "Resume",
                icon=":material/play_arrow:",
                key="resume",
                type="primary",
                on_click=_do,
                args=(launch.resume, entry),
            )
        if entry.config is not None and len(entry.config.phases()) > 1:
            navigation.link("forgetting", "What it forgets", query={"runs": entry.id})
        if entry.status == "finished":
            navigation.link("classify", "Try it on a photo", query={"run": entry.id})
        navigation.link("runs", "Compare", query={"runs": entry.id})
    if problem := st.session_state.pop("problem", None):
        st.error(problem, icon=":material/error:")


def _do(action, entry: Entry) -> None:
    try:
        action(entry.run)
    except RunError as error:
        st.session_state["problem"] = str(error)
    shared.index().entries(fresh=True)


def figures(entry: Entry, top: int) -> None:
    """The accuracies in large type with their change, then loss, learning rate, pictures seen."""
    now, before = entry.scores(), entry.scores(-2) if entry.points > 1 else None
    done = (
        entry.summary
        if entry.status == "finished"
        and all(isinstance(entry.summary.get(k), dict) for k in ("nice", "real", "combined"))
        else None
    )
    shown, name = done or now, f"top{top}"
    since = int(entry.column("iteration")[-1] - entry.column("iteration")[-2]) if before else 0
    row = st.container(
        horizontal=True, gap="small"
    )  # side by side on a telephone too, where columns are not
    for mark in ("nice", "real", "combined"):
        low, high = shown[mark][f"{name}_interval"]
        on = (
            "both test sets"
            if mark == "combined"
            else f"{shown[mark]['pictures']:,} {mark} test pictures"
        )
        what = (
            "The root of nice times real accuracy: high only if both are. "
            if mark == "combined"
            else ""
        )
        change = (
            None
            if done or before is None
            else f"{100 * (now[mark][name] - before[mark][name]):+.1f} points"
        )
        row.metric(
            style.TEXT[mark],
            percent(shown[mark][name]),
            change,
            width="content",
            help=f"{what}Measured on {on}; 95 % interval {low:.1%} to {high:.1%}."
            + (
                " Fruits-360's test pictures come from the same videos as its training pictures."
                if mark == "nice"
                else ""
            ),
        )
    loss, rate = entry.column("loss")[-1], entry.column("learning_rate")[-1]
    seen = int(entry.column("seen_nice")[-1] + entry.column("seen_real")[-1])
    over = f"Changes are over the last {since:,} iterations. " if before and not done else ""
    st.caption(
        f"{over}Loss {'—' if loss != loss else format(loss, '.3f')} · learning rate {rate:.3g} · {seen:,} pictures seen "
        f"({int(entry.column('seen_nice')[-1]):,} nice, {int(entry.column('seen_real')[-1]):,} real)",
        help="Loss: how surprised the network is by its training pictures, lower is better. Learning rate: how large a step each iteration takes. "
        "Pictures seen: a picture that is shown ten times counts ten times.",
    )


def plots(entry: Entry, top: int) -> None:
    curves, total = entry.curves(top), entry.config.iterations
    best = references.best_mixed(shared.index().entries(), entry, top)
    named = None if best is None else (setting_caption("ratio", best[0].config.ratio), best[1])
    chart.show(
        charts.accuracies(
            curves, top=top, iterations=total, categories=entry.categories, best=named
        ),
        key=f"accuracy {entry.id} {top}",
    )
    if not entry.points:
        return
    left, right = st.columns(2)
    with left:
        chart.show(charts.loss(curves, iterations=total), key=f"loss {entry.id}", height=220)
    with right:
        chart.show(
            charts.learning_rate(curves, iterations=total), key=f"rate {entry.id}", height=220
        )


def brief(entry: Entry) -> None:
    """What a run that has not finished is doing, in a line, for pages where it is one of several."""
    if entry.active:
        _progress(entry)
    elif entry.status != "finished":
        st.caption(f"{entry.title}: {entry.status}." + (f" {entry.error}" if entry.error else ""))
