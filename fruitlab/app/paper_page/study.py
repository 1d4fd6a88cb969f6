"""The paper's study on the Paper page: what it takes, how far it is, and a button to start it."""

from typing import Any

import streamlit as st

from fruitlab.app import shared
from fruitlab.app.components import study
from fruitlab.config.errors import ConfigError
from fruitlab.config.presets import PRESETS
from fruitlab.config.text import plain
from fruitlab.data import store
from fruitlab.runs.entry import Entry
from fruitlab.runs.grouping import preset_changes, preset_name
from fruitlab.studies import plans
from fruitlab.studies.progress import Progress
from fruitlab.studies.reproduction import METHODS, STATISTICS, Reproduction

EVERY = 5.0  # seconds between two looks for new results
MOST_SEEDS = 10
VARIED = (
    "iterations",
    "split",
    "running_statistics",
    "ratio",
)  # settings that the study decides itself
KEYS = ("study data", "study preset", "study seeds")  # of widgets, in session_state
PRESET_HELP = (
    "*paper*: the paper's own settings, an hour or more per run on a small machine. *thorough*: "
    "some minutes per run, and the most accurate. *quick*: a quarter of that. *glance*: half a "
    "minute, to try it out."
)
SEEDS_HELP = (
    "Runs with other initial weights and another choice of pictures. They show how much of a "
    "difference is random."
)
STATISTICS_HELP = (
    "Train iterative runs twice: with the convolutions' running statistics updated with the real "
    "pictures in restricted training, and frozen. 18 runs per seed instead of 9."
)


def start_study(chosen: Reproduction | None, *, opened: bool) -> None:
    """Choose a study, see what it takes, start or continue it; while it runs, its progress.

    Args:
        chosen: the runs on the page. The study continues them unless the form says otherwise.
        opened: whether the section is open at first.
    """
    available = {data["name"]: data for data in store.available() if not data["problem"]}
    here = None if chosen is None else store.local_name(chosen.config.data, chosen.fingerprint)
    if chosen is not None and here not in available:
        st.caption(
            f"The data of these runs, {plain(chosen.config.data)}, is not on this machine. A study"
            " started here would be one of its own."
        )
        chosen = None
    with st.expander(
        "The study: eleven mixing ratios and nine iterative splits",
        icon=":material/playlist_play:",
        expanded=opened,
    ):
        data, preset, seeds, both = _form(available, chosen, here)
        changes = {}
        if chosen is not None and (here, preset_name(chosen.config)) == (data, preset):
            changes = _changes(chosen)
        statistics = STATISTICS if both else ()
        try:
            plan = plans.paper(
                data, preset=preset, seeds=seeds, running_statistics=statistics, **changes
            )
        except ConfigError as error:
            st.caption(f"The runs on this page cannot be continued. {error}")
            return
        arguments = ["paper", "--data", data, "--preset", preset, "--seeds", str(seeds)]
        arguments += ["--running-statistics", *statistics] if statistics else []
        arguments += _options(changes)
        now = study.show(plan, arguments, available[data], button="Start the study")
        st.caption(f"{_counts(now)}. The same in a terminal, or on a machine without a screen:")
        st.code(f"python -m fruitlab study {' '.join(arguments)}", language=None, wrap_lines=True)


def _form(
    available: dict[str, dict], chosen: Reproduction | None, here: str | None
) -> tuple[str, str, int, bool]:
    """Data, preset, number of seeds, and whether to train with both kinds of statistics.

    Args:
        here: name of the data of the runs on the page, on this machine.
    """
    # In session_state, so that the browser shows them anew after `forget`.
    defaults = (
        _first(available, here),
        _preset(chosen),
        min(MOST_SEEDS, chosen.seeds) if chosen else 1,
    )
    for key, value in zip(KEYS, defaults, strict=True):
        st.session_state.setdefault(key, value)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        data = st.selectbox("Dataset", list(available), key="study data", width=240)
        preset = st.segmented_control(
            "Preset",
            list(PRESETS),
            required=True,
            key="study preset",
            help=PRESET_HELP,
        )
        seeds = st.number_input(
            "Seeds",
            1,
            MOST_SEEDS,
            key="study seeds",
            width=140,
            help=SEEDS_HELP,
        )
        both = st.checkbox("Both kinds of statistics", key="study norms", help=STATISTICS_HELP)
    assert preset is not None  # required
    return data, preset, seeds, both


def _options(changes: dict[str, Any]) -> list[str]:
    """Changed settings as options of the command line."""
    options = []
    for name, value in changes.items():
        is_option = name == "iterations"
        options += ["--iterations", str(value)] if is_option else ["--set", f"{name}={value}"]
    return options


def _counts(now: Progress) -> str:
    """Finished and planned runs of each method."""
    texts = []
    for method in METHODS:
        finished, planned = (
            sum(config.method == method for config in configs)
            for configs in (now.finished, now.configs)
        )
        texts.append(f"{method}: {finished} of {planned} finished")
    return " · ".join(texts)


def forget() -> None:
    """Reset the form, so that it follows the runs on the page again."""
    for key in KEYS:
        st.session_state.pop(key, None)


def at_work(entries: list[Entry]) -> bool:
    """Whether such a study is running, started from a page or elsewhere."""
    return study.at_work("paper") or any(
        entry.active and entry.label.get("study") == "paper" for entry in entries
    )


def watch(entries: list[Entry]) -> None:
    """Redraw the page whenever another run has finished, while any is in progress."""
    if at_work(entries) or any(entry.active for entry in entries):
        st.fragment(_look, run_every=EVERY)(_finished(entries))


def _look(finished: int) -> None:
    if _finished(shared.index().entries()) != finished:
        st.rerun()


def _finished(entries: list[Entry]) -> int:
    return sum(entry.status == "finished" for entry in entries)


def _first(available: dict[str, dict], here: str | None) -> str:
    """The data of the runs on the page, else the first photographs, else the built-in pair."""
    if here in available:
        return here
    photographs = (name for name, data in available.items() if data["kind"] == "photographs")
    return next(photographs, next(iter(available)))


def _preset(chosen: Reproduction | None) -> str:
    name = preset_name(chosen.config) if chosen else "quick"
    return name if name in PRESETS else "quick"


def _changes(chosen: Reproduction) -> dict[str, Any]:
    """Settings that the runs on the page changed in their preset, for both methods."""
    config = chosen.config
    changes = {n: value for n, value in preset_changes(config).items() if n not in VARIED}
    iterations = chosen.iterations("mixed")
    if iterations:
        first = next(iter(chosen.mixed.values()))[0]
        if "iterations" in preset_changes(first.known_config):
            changes["iterations"] = iterations
    return changes | ({"split_seed": config.split_seed} if config.split_seed else {})
