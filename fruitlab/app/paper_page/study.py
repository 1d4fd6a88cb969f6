"""The paper's study on the Paper page: on which data, with which recipe; how many of its runs there are, and the rest started."""

import streamlit as st

from fruitlab.app import shared
from fruitlab.app.components import study
from fruitlab.config.errors import ConfigError
from fruitlab.config.presets import PRESETS
from fruitlab.data import store
from fruitlab.runs.index import Entry
from fruitlab.runs.sweeps import differences
from fruitlab.studies import plans
from fruitlab.studies.reproduction import Reproduction

EVERY = 5.0  # seconds between two looks for new results
MOST_SEEDS = 10
NOT_SET = ("iterations", "split", "running_statistics", "ratio")


def start_study(chosen: Reproduction | None, *, opened: bool) -> None:
    """Choose, see what it takes, start it or go on; while it runs, how far it is.

    Args:
        chosen: the runs on the page: it goes on with these unless something else is asked for.
    """
    found = {data["name"]: data for data in store.available() if not data["problem"]}
    if chosen is not None and chosen.config.data not in found:
        st.caption(
            f"The data of these runs, {chosen.config.data}, is not on this machine: a study started here would be one of its own."
        )
        chosen = None
    with st.expander(
        "The study: eleven mixing ratios and nine iterative splits",
        icon=":material/playlist_play:",
        expanded=opened,
    ):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            data = st.selectbox(
                "Data", list(found), index=_first(found, chosen), key="study data", width=240
            )
            recipes = list(PRESETS)
            preset = st.segmented_control(
                "Recipe",
                recipes,
                default=_recipe(chosen),
                required=True,
                key="study recipe",
                help="*paper*: its own numbers, an hour and more a run on a small machine. *thorough*: some minutes a run, and "
                "the most accurate. *quick*: less than half of that. *glance*: under a minute, for trying out.",
            )
            seeds = st.number_input(
                "Seeds",
                1,
                MOST_SEEDS,
                min(MOST_SEEDS, chosen.seeds if chosen else 1),
                key="study seeds",
                width=140,
                help="Every run so many times, with other first weights and another choice of pictures: it shows what is chance.",
            )
            both = st.checkbox(
                "Statistics both ways",
                key="study norms",
                help="Iterative runs with the convolutions' moving statistics "
                "following the real pictures in restricted training, and frozen: 18 instead of 9 for each seed.",
            )
        changes = (
            _changes(chosen)
            if chosen
            and (chosen.config.data, chosen.config.preset.partition("@")[0]) == (data, preset)
            else {}
        )
        norms = ("updated", "frozen") if both else ()
        try:
            plan = plans.paper(
                data, preset=preset, seeds=seeds, running_statistics=norms, **changes
            )
        except ConfigError as error:
            st.caption(f"The runs on this page cannot be gone on with: {error}")
            return
        given = [
            part
            for name, value in changes.items()
            for part in (
                ("--iterations", str(value))
                if name == "iterations"
                else ("--set", f"{name}={value}")
            )
        ]
        arguments = [
            "paper",
            "--data",
            data,
            "--preset",
            preset,
            "--seeds",
            str(seeds),
            *(["--running-statistics", *norms] if norms else []),
            *given,
        ]
        now = study.show(plan, arguments, found[data], button="Start the study")
        done = {
            method: [
                sum(config.method == method for config in configs)
                for configs in (now.finished, now.configs)
            ]
            for method in ("mixed", "iterative")
        }
        st.caption(
            " · ".join(
                f"{method}: {finished} of {planned} finished"
                for method, (finished, planned) in done.items()
            )
            + ". The same in a terminal, or on a machine without a screen:"
        )
        st.code(f"python -m fruitlab study {' '.join(arguments)}", language=None, wrap_lines=True)


def forget() -> None:
    """Lets go of what was chosen for the study, so that it is about the runs on the page again."""
    for key in ("study data", "study recipe", "study seeds"):
        st.session_state.pop(key, None)


def at_work(entries: list[Entry]) -> bool:
    """Whether such a study is going on: started from a page, or a run of one from elsewhere."""
    return study.at_work("paper") or any(
        entry.active and entry.label.get("study") == "paper" for entry in entries
    )


def watch(entries: list[Entry]) -> None:
    """Draws the page anew when another run has finished, while any is at work or will be."""
    if at_work(entries) or any(entry.active for entry in entries):
        st.fragment(_look, run_every=EVERY)(sum(entry.status == "finished" for entry in entries))


def _look(finished: int) -> None:
    if sum(entry.status == "finished" for entry in shared.index().entries()) != finished:
        st.rerun()


def _first(found: dict[str, dict], chosen: Reproduction | None) -> int:
    """The place of the data of the runs on the page, else of one's own pictures, else of the built-in pair."""
    if chosen and chosen.config.data in found:
        return list(found).index(chosen.config.data)
    return next(
        (place for place, data in enumerate(found.values()) if data["kind"] == "photographs"), 0
    )


def _recipe(chosen: Reproduction | None) -> str:
    name = chosen.config.preset.partition("@")[0] if chosen else "quick"
    return name if name in PRESETS else "quick"


def _changes(chosen: Reproduction) -> dict[str, object]:
    """What differs from the recipe in the runs on the page, for both methods alike."""
    config = chosen.config
    changed = {name: value for name, value in differences(config).items() if name not in NOT_SET}
    mixed = chosen.iterations("mixed")
    if mixed and "iterations" in differences(chosen.mixed[next(iter(chosen.mixed))][0].config):
        changed["iterations"] = mixed
    return changed | ({"split_seed": config.split_seed} if config.split_seed else {})
