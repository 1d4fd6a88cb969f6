"""The same run once more: with more seeds, with one number varied over a list, or by its link on another machine."""

from collections.abc import Sequence

import streamlit as st

from fruitlab.app import launch, navigation, permalinks, shared
from fruitlab.app.runs_page.table import CHOSEN
from fruitlab.app.runs_page.view import address
from fruitlab.config.errors import ConfigError, RunError
from fruitlab.config.run_config import RunConfig
from fruitlab.config.text import duration
from fruitlab.data import store
from fruitlab.methods.registry import parse, setting_of
from fruitlab.runs import grouping
from fruitlab.runs.index import Entry

MOST_SEEDS, MOST_VALUES = 20, 30
TOLD = "runs started"  # what the last click started, in session_state
NOT_VARIED = ("method", "preset", "data", "seed")


def show(entry: Entry) -> None:
    """Three ways to do a run again. `entry` must have a configuration."""
    if told := st.session_state.pop(TOLD, None):
        kind, text = told
        (st.success if kind == "well" else st.error)(
            text, icon=":material/check:" if kind == "well" else ":material/error:"
        )
    config = entry.config
    alike = [other for other in shared.index().entries() if grouping.same_experiment(other, entry)]
    missing, other = of_data(entry)
    if missing or other:
        st.warning(missing or other, icon=":material/image_not_supported:")
    left, right = st.columns(2, gap="large")
    with left:
        _seeds(entry, alike, missing)
    with right:
        _varied(entry, missing)
    st.markdown("**The link that reproduces it**")
    link = permalinks.to_query(config, entry.data.get("fingerprint"))
    st.code(address("train", link), language=None, wrap_lines=True)
    with st.container(horizontal=True, vertical_alignment="center"):
        navigation.link("train", "Open it on the Train page", query=link)
        st.caption(
            "It names the recipe, what differs from it, the seed, and the data with its fingerprint: where those are the same, so is the run."
        )


def of_data(entry: Entry) -> tuple[str, str]:
    """Why the run's data cannot be trained on here, or nothing; and in what it is other data than the run's, or nothing."""
    name = entry.config.data
    pair = next(
        (pair for pair in store.available() if pair["name"] in (name, name.partition(":")[0])), None
    )
    if pair is None:
        return (
            f"It learned from *{name}*, which is not on this machine. Import pictures under that name on the Data page to run it again; with other pictures "
            "the same numbers are another experiment."
        ), ""
    if pair["problem"]:
        return pair["problem"], ""
    theirs = entry.data.get("fingerprint")
    if theirs and pair["fingerprint"] and pair["name"] == name and pair["fingerprint"] != theirs:
        return (
            "",
            f"The pictures called *{name}* on this machine are others than those it learned from: the same numbers are another experiment with them.",
        )
    return "", ""


def _seeds(entry: Entry, family: Sequence[Entry], missing: str) -> None:
    used = sorted({other.config.seed for other in family if other.status != "failed"})
    st.markdown("**More seeds**")
    st.caption(
        "One run may be luck; several say how much of it. So far: "
        + (
            f"seed {', '.join(map(str, used[:12]))}{' …' if len(used) > 12 else ''}."
            if used
            else "none that did not fail."
        )
    )
    count = st.number_input("How many more", 1, MOST_SEEDS, 2, key="again seeds")
    seeds = [seed for seed in range(len(used) + count) if seed not in used][:count]
    configs = [entry.config.model_copy(update={"seed": seed}) for seed in seeds]
    st.button(
        f"Start seed{'s' if count > 1 else ''} {', '.join(map(str, seeds))}",
        key="again seeds start",
        icon=":material/casino:",
        type="primary",
        disabled=bool(missing),
        on_click=_start,
        args=(configs, entry),
        help=missing or _time(entry, configs),
    )


def _varied(entry: Entry, missing: str) -> None:
    config = entry.config
    st.markdown("**One number varied**")
    names = [name for name in config.settings() if name not in NOT_VARIED]
    first = config.headline or names[0]
    name = st.selectbox(
        "Which",
        names,
        names.index(first),
        key="again field",
        format_func=lambda field: field.replace("_", " "),
        help="Everything else stays as in this run.",
    )
    setting = setting_of(name, type(config))
    unit = f", in {setting.unit}" if setting.unit else ""
    text = st.text_input(
        f"Values{unit}",
        key=f"again values {name}",
        placeholder="one after another: 20, 40, 80",
        help=f"{setting.help} This run: {getattr(config, name)}.",
    )
    configs, problems = varied(config, name, text)
    for problem in problems:
        st.error(problem, icon=":material/error:")
    st.button(
        f"Start {len(configs)} run{'s' if len(configs) != 1 else ''}",
        key="again varied start",
        icon=":material/linear_scale:",
        disabled=not configs or bool(problems or missing),
        on_click=_start,
        args=(configs, entry),
        help=missing or (_time(entry, configs) if configs else None),
    )


def varied(config: RunConfig, name: str, text: str) -> tuple[list[RunConfig], list[str]]:
    """The configuration with the field at each value of a list, and a sentence for each value that cannot be."""
    configs, problems = [], []
    values = [value for part in text.replace(";", ",").split(",") if (value := part.strip())]
    if len(values) > MOST_VALUES:
        return [], [f"{len(values)} values: up to {MOST_VALUES} are started at a time."]
    for value in dict.fromkeys(values):
        try:
            configs.append(parse(config.model_dump() | {name: value}))
        except ConfigError as error:
            problems.append(str(error))
    return list(dict.fromkeys(configs)), problems


def _time(entry: Entry, configs: Sequence[RunConfig]) -> str:
    """How long they will take here, one after the other, by what this run took."""
    seconds = entry.summary.get("seconds")
    if not isinstance(seconds, (int, float)) or not entry.config.iterations:
        return "They train one after the other on a device."
    total = sum(seconds * config.iterations / entry.config.iterations for config in configs)
    return f"They train one after the other on a device: about {duration(total)}, if each iteration takes as long as it did in this run."


def _start(configs: Sequence[RunConfig], entry: Entry) -> None:
    started: list[str] = []
    try:
        for config in configs:
            started.append(
                launch.start(config, device=str(entry.header.get("device") or "auto")).id
            )
    except RunError as error:
        st.session_state[TOLD] = "badly", str(error)
    else:
        st.session_state[TOLD] = (
            "well",
            (
                f"Started {len(started)} run{'s' if len(started) != 1 else ''}: {', '.join(started)}. They train one after the other, "
                "and are ticked in the table above."
            ),
        )
    shared.index().entries(fresh=True)
    st.session_state[CHOSEN] = list(dict.fromkeys([*st.session_state[CHOSEN], *started]))
    st.session_state["runs table round"] = st.session_state.get("runs table round", 0) + 1
