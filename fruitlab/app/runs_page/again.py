"""The same run again: with other seeds, with one setting swept, or by its link elsewhere."""

from collections.abc import Sequence

import streamlit as st

from fruitlab.app import launch, navigation, permalinks, recent, shared
from fruitlab.app.local_data import local_name, training_problem
from fruitlab.app.runs_page.table import CHOSEN, ROUND
from fruitlab.app.runs_page.view import address
from fruitlab.config.errors import ConfigError, RunError
from fruitlab.config.modes import Action, allows
from fruitlab.config.text import duration
from fruitlab.methods.base import Method
from fruitlab.methods.registry import parse, setting_of
from fruitlab.runs.entry import Entry
from fruitlab.runs.grouping import same_experiment

MOST_SEEDS, MOST_VALUES = 20, 30
LISTED_SEEDS = 12
MESSAGE = "runs started"  # key of session_state: (whether it worked, text) of the last click
NOT_SWEPT = ("method", "preset", "data", "seed")
ONE_AFTER_ANOTHER = "Runs on one device train one after the other"


def show(entry: Entry) -> None:
    """Draws three ways to repeat a run.

    Args:
        entry: a run with a configuration.
    """
    if message := st.session_state.pop(MESSAGE, None):
        worked, text = message
        if worked:
            st.success(text, icon=":material/check:")
        else:
            st.error(text, icon=":material/error:")
    problem, difference = training_problem(entry)
    if problem or difference:
        st.warning(problem or difference, icon=":material/image_not_supported:")
    # The data may be on this machine under another name.
    data = local_name(entry) or entry.known_config.data
    config = entry.known_config.model_copy(update={"data": data})
    left, right = st.columns(2, gap="large")
    with left:
        _seeds(entry, config, problem)
    with right:
        _sweep(entry, config, problem)
    st.markdown("**Link that reproduces this run**")
    query = permalinks.to_query(entry.known_config, entry.data.get("fingerprint"))
    st.code(address("train", query), language=None, wrap_lines=True)
    with st.container(horizontal=True, vertical_alignment="center"):
        navigation.link("train", "Open on the Train page", query=query)
        st.caption(
            "The link names the preset, the settings that differ from it, the seed, and the data "
            "with its hash. Where these are the same, so is the run."
        )


def _seeds(entry: Entry, config: Method, problem: str) -> None:
    if not allows(Action.TRAIN):
        return
    used = _used_seeds(entry)
    st.markdown("**More seeds**")
    listed = ", ".join(map(str, used[:LISTED_SEEDS]))
    more = " …" if len(used) > LISTED_SEEDS else ""
    st.caption(
        "Repeat with other seeds to measure variance. "
        + (f"Seeds so far: {listed}{more}." if used else "None so far.")
    )
    count = int(st.number_input("Additional seeds", 1, MOST_SEEDS, 2, key="again seeds"))
    seeds = [seed for seed in range(len(used) + count) if seed not in used][:count]
    configs = [config.model_copy(update={"seed": seed}) for seed in seeds]
    st.button(
        f"Start seed{'s' if count > 1 else ''} {', '.join(map(str, seeds))}",
        key="again seeds start",
        icon=":material/casino:",
        type="primary",
        disabled=bool(problem),
        on_click=_start,
        args=(configs, entry),
        help=problem or _time(entry, configs),
    )


def _used_seeds(entry: Entry) -> list[int]:
    """Seeds of the runs of this experiment that did not fail, ascending."""
    return sorted(
        {
            other.config.seed
            for other in shared.index().entries()
            if other.config and other.status != "failed" and same_experiment(other, entry)
        }
    )


def _sweep(entry: Entry, config: Method, problem: str) -> None:
    st.markdown("**Sweep one setting**")
    names = [name for name in config.settings() if name not in NOT_SWEPT]
    first = config.headline or names[0]
    name = st.selectbox(
        "Setting",
        names,
        names.index(first),
        key="again field",
        format_func=lambda name: setting_of(name, type(config)).title,
        help="All other settings stay as in this run.",
    )
    setting = setting_of(name, type(config))
    text = st.text_input(
        f"Values, in {setting.unit}" if setting.unit else "Values",
        key=f"again values {name}",
        placeholder="separated by commas: 20, 40, 80",
        help=f"{setting.help} This run: {getattr(config, name)}.",
    )
    configs, errors = swept(config, name, text or "")
    for error in errors:
        st.error(error, icon=":material/error:")
    start = f"Start {len(configs)} run{'s' if len(configs) != 1 else ''}"
    st.button(
        start if configs else "Enter values",
        key="again varied start",
        icon=":material/linear_scale:",
        disabled=not configs or bool(errors or problem),
        on_click=_start,
        args=(configs, entry),
        help=problem or (_time(entry, configs) if configs else None),
    )


def swept(config: Method, name: str, text: str) -> tuple[list[Method], list[str]]:
    """The configurations with one setting at each value of a list.

    Args:
        config: the other settings.
        name: name of the setting.
        text: values separated by commas or semicolons.

    Returns:
        The configurations without repetition, and a message for each invalid value.
    """
    configs, errors = [], []
    values = [value for part in text.replace(";", ",").split(",") if (value := part.strip())]
    if len(values) > MOST_VALUES:
        return [], [f"{len(values)} values: at most {MOST_VALUES} can be started at once."]
    for value in dict.fromkeys(values):
        try:
            configs.append(parse(config.model_dump() | {name: value}))
        except ConfigError as error:
            errors.append(str(error))
    return list(dict.fromkeys(configs)), errors


def _time(entry: Entry, configs: Sequence[Method]) -> str:
    """How long the runs will take here, at the speed of this run."""
    seconds, iterations = entry.summary.get("seconds"), entry.known_config.iterations
    if not isinstance(seconds, (int, float)) or not iterations:
        return f"{ONE_AFTER_ANOTHER}."
    total = sum(seconds * config.iterations / iterations for config in configs)
    return f"{ONE_AFTER_ANOTHER}: about {duration(total)} at the speed of this run."


def _start(configs: Sequence[Method], entry: Entry) -> None:
    device = str(entry.header.get("device") or "auto")
    started: list[str] = []
    try:
        for config in configs:
            run = launch.start(config, device=device)
            started.append(run.id)
            recent.work_on(run.id)
    except RunError as error:
        st.session_state[MESSAGE] = False, str(error)
    else:
        runs = f"{len(started)} run{'s' if len(started) != 1 else ''}"
        text = f"Started {runs}: {', '.join(started)}. They are selected in the table above."
        st.session_state[MESSAGE] = True, text
    shared.index().entries(fresh=True)
    st.session_state[CHOSEN] = list(dict.fromkeys([*st.session_state[CHOSEN], *started]))
    st.session_state[ROUND] = st.session_state.get(ROUND, 0) + 1
