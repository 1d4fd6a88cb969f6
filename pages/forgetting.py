"""Forgetting: accuracy on both domains over restricted training (Figure 14), of several runs."""

import streamlit as st

from fruitlab.app import navigation, recent, shared
from fruitlab.app.forgetting_page import closed_form, curves, memory, plane, play
from fruitlab.config.text import plain
from fruitlab.methods.iterative import Iterative
from fruitlab.plots import style
from fruitlab.runs.captions import choice_caption
from fruitlab.runs.entry import Entry

INTRODUCTION = (
    "Iterative training shows a network the *nice* pictures first (initial training), then only "
    "the *real* ones, with all but the last two layers frozen (restricted training). How fast does "
    "it forget the first domain while it learns the second, and what helps against it? "
    "[Play](#play) runs it in your browser."
)
WATCH = (
    "This network has learned studio photos. Now it learns real ones alone: watch what it forgets, "
    "then let it replay a few nice pictures."
)
CHOICE_HELP = (
    "Several runs are drawn in one plot, each with its own dash. The percentage is the share of "
    "the iterations on nice pictures only. Statistics: see Definitions below the plot."
)


def main() -> None:
    """Draws the page."""
    st.title("Forgetting")
    watch = "watch" in st.query_params  # a link to Play
    st.markdown(WATCH if watch else INTRODUCTION)
    found = [
        entry
        for entry in shared.index().entries()
        if entry.config is not None and len(entry.config.phases()) > 1
    ]
    if not found:
        no_runs()
        closed_form.show([])
        play.show()
        return
    by_id = {entry.id: entry for entry in found}
    above = st.container()
    chosen = choose(by_id, found)
    if watch:
        with above:
            play.show([by_id[name] for name in chosen])
    if chosen:
        st.query_params["runs"] = ",".join(chosen)
        plane.watch(chosen, any(by_id[name].active for name in chosen))
        curves.watch(chosen, any(by_id[name].active for name in chosen))
    else:
        st.info("Choose a run above.", icon=":material/arrow_upward:")
    memory.show([by_id[name] for name in chosen])
    closed_form.show([by_id[name] for name in chosen])
    if not watch:
        play.show([by_id[name] for name in chosen])


def no_runs() -> None:
    """Draws how to get an iterative run."""
    st.info(
        "No iterative run yet. Train one with the preset quick, which takes a few minutes.",
        icon=":material/trending_down:",
    )
    query = {"method": Iterative.name, "preset": "quick"}
    navigation.invite("train", "Train an iterative run", query=query)


def choose(by_id: dict[str, Entry], found: list[Entry]) -> list[str]:
    """Draws the choice of runs; returns the ids of the selected ones."""
    wanted = [name for name in st.query_params.get("runs", "").split(",") if name]
    if missing := [name for name in wanted if name not in by_id]:
        st.warning(
            f"Not an iterative run on this machine and left out: {plain(', '.join(missing))}.",
            icon=":material/search_off:",
        )
    default = [name for name in wanted if name in by_id] or [entry.id for entry in opens_on(found)]
    return st.multiselect(
        "Runs",
        list(by_id),
        default,
        key="runs",
        max_selections=len(style.DASHES),
        format_func=lambda name: choice_caption(by_id[name]),
        help=CHOICE_HELP,
    )


def opens_on(found: list[Entry]) -> list[Entry]:
    """The runs to show first.

    The run that the visitor worked on, otherwise the one that trains now, otherwise the newest with
    restricted training, otherwise the shipped ones with a 50% split.
    """
    shown = (
        recent.run(found)
        or next((e for e in found if e.status == "running"), None)
        or next((e for e in found if e.switch is not None and not e.run.shipped), None)
    )
    if shown is not None:
        return [shown]
    halves = {
        e.config.running_statistics: e
        for e in found
        if isinstance(e.config, Iterative)
        and e.run.shipped
        and e.config.split == 50
        and e.config.seed == 0
        and e.run.has("weights")
    }
    return [halves[kind] for kind in ("updated", "frozen") if kind in halves] or found[:1]


main()
