"""What is running now, in the sidebar of every page."""

import streamlit as st

from fruitlab.app import navigation, shared
from fruitlab.config.text import duration
from fruitlab.runs import cost, jobs
from fruitlab.runs.captions import method_caption
from fruitlab.runs.entry import Entry

EVERY, IDLE = 2.0, 5.0  # seconds between two looks, while something runs and while nothing does
SHOWN = 3  # runs


def show() -> None:
    """Draws it, and keeps it up to date."""
    with st.sidebar:
        st.fragment(_now, run_every=EVERY if _active() or jobs.at_work() else IDLE)()


def _active() -> list[Entry]:
    """Runs that train, then those that wait, the oldest first."""
    entries = (entry for entry in shared.index().entries() if entry.active)
    return sorted(entries, key=lambda entry: (entry.status != "running", entry.created))


def _now() -> None:
    active, at_work = _active(), jobs.at_work()
    if not active and not at_work:
        return
    st.markdown("**Running**")
    for entry in active[:SHOWN]:
        _run(entry)
    if len(active) > SHOWN:
        st.caption(f"{len(active) - SHOWN} more runs are waiting.")
    for job in at_work:
        text, share = job.progress()
        st.caption(f"**{job.title}**  \n{text}")
        if share is not None:
            st.progress(share)


def _run(entry: Entry) -> None:
    name = entry.given_title or (method_caption(entry.config) if entry.config else entry.id)
    navigation.link("train", name, query={"run": entry.id})
    if entry.status != "running" or entry.config is None:
        st.caption(f"{entry.status.capitalize()} …")
        return
    share = min(1.0, entry.iteration / entry.config.iterations)
    left = cost.seconds_left(entry)
    doing = str(entry.activity.get("doing", "starting"))
    if doing == "training":
        doing = f"{share:.0%}" + (f" · {duration(left)} left" if left is not None else "")
    st.progress(share, text=doing.capitalize())
