"""What a run is doing, in one line: its progress while it trains, or how it ended."""

import time
from typing import Any

import streamlit as st

from fruitlab.config.text import duration, plain
from fruitlab.methods.phase import labels
from fruitlab.runs import cost
from fruitlab.runs.entry import Entry

# What the worker reports that it is doing: how to show it, and what comes next.
ACTIVITIES = {
    "starting": ("Starting", "loading PyTorch, preparing the data, then training"),
    "waiting": ("Waiting in the queue", "loading PyTorch, preparing the data, then training"),
    "loading torch": ("Loading PyTorch", "preparing the data, then training"),
    "reading the data": ("Reading the data", "training"),
    "computing features": ("Computing features with the pretrained network", "training"),
    "training": ("Training", "the results"),
    "writing the results": ("Evaluating on all test pictures and saving the results", "finished"),
}


def status(entry: Entry) -> None:
    """Draws the progress and the time left of an active run, or how the run ended."""
    if entry.active:
        _progress(entry)
        return
    done = f"{int(entry.column('iteration')[-1]):,} iterations" if entry.points else "no iteration"
    if entry.status == "finished":
        st.markdown(f":material/check: Finished: {done}{_seen(entry)}.")
    elif entry.status in ("failed", "unreadable"):
        st.error(plain(entry.error or ""), icon=":material/error:")
    elif entry.status == "stopped":
        st.info(
            f"Stopped after {done}. The state is saved: Resume continues from there.",
            icon=":material/pause:",
        )
    else:
        st.warning(
            f"Interrupted after {done}: the process ended unexpectedly, for example because the "
            "machine was switched off. Resume continues from the last saved state.",
            icon=":material/warning:",
        )


def brief(entry: Entry) -> None:
    """Like `status` for a page that shows several runs; draws nothing for a finished run."""
    if entry.active:
        _progress(entry)
    elif entry.status != "finished":
        reason = f" {plain(entry.error)}" if entry.error else ""
        st.caption(f"{plain(entry.title)}: {entry.status}.{reason}")


def _seen(entry: Entry) -> str:
    seen, seconds = entry.summary.get("images_seen"), entry.summary.get("seconds")
    if not isinstance(seen, int):
        return ""
    took = f" in {duration(seconds)}" if isinstance(seconds, (int, float)) else ""
    return f", {seen:,} pictures seen{took}"


def _progress(entry: Entry) -> None:
    doing = str(entry.activity.get("doing", "starting"))
    if doing == "training" and entry.config is not None:
        _training(entry, entry.config.iterations)
    else:
        _preparing(entry.activity, doing)


def _preparing(activity: dict[str, Any], doing: str) -> None:
    """Before and after training: the activity, how long it has taken, and what comes next."""
    text, following = ACTIVITIES.get(doing, (doing.capitalize(), "training"))
    if activity.get("why"):
        text += f": {activity['why']}"
    since = activity.get("since")
    elapsed = ""
    if isinstance(since, (int, float)):
        elapsed = f" · for {duration(max(0.0, time.time() - since))}"
    share, counted = _counted(activity)
    if doing == "writing the results":
        share = 1.0
    st.progress(share, text=f"**{counted or text}**{elapsed}. Next: {following}.")


def _training(entry: Entry, iterations: int) -> None:
    iteration = entry.iteration
    parts = [f"**Training**: iteration {iteration:,} of {iterations:,}"]
    left, speed = cost.seconds_left(entry), cost.pictures_per_second(entry)
    if left is not None:
        parts.append(f"about {duration(left)} left")
    if speed is not None:
        parts.append(f"{speed:,.0f} pictures per second")
    if phase := _phase(entry):
        parts.append(phase)
    st.progress(min(1.0, iteration / iterations), text=" · ".join(parts))
    if (entry.run.folder / "stop").exists():
        st.caption("Stop requested: the run saves its state after the current iteration and ends.")


def _phase(entry: Entry) -> str:
    """What the current phase trains, for a run with several phases."""
    phases = entry.known_config.phases()
    by_label = dict(zip(labels(phases), phases, strict=True))
    if len(phases) == 1 or not entry.phases or entry.phases[-1] not in by_label:
        return ""
    return by_label[entry.phases[-1]].summary


def _counted(activity: dict[str, Any]) -> tuple[float, str]:
    """The share of pictures read or drawn, and the same as text; (0, "") if not reported."""
    done, total, step = activity.get("done"), activity.get("of"), activity.get("step")
    if not (isinstance(done, int) and isinstance(total, int) and isinstance(step, str)):
        return 0.0, ""
    if not (0 <= done <= total and total):
        return 0.0, ""
    return done / total, f"{step}: {done:,} of {total:,}"
