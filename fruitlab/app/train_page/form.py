"""The form of the Train page: method, data, settings, the estimate, and Start."""

import streamlit as st

from fruitlab.app import forms, launch, permalinks, recent, shared
from fruitlab.app.train_page import data, estimate
from fruitlab.config.earlier_names import RENAMED
from fruitlab.config.errors import ConfigError, RunError
from fruitlab.config.modes import Action, allows
from fruitlab.config.text import plain
from fruitlab.methods.base import Method
from fruitlab.methods.registry import methods
from fruitlab.runs.captions import setting_caption
from fruitlab.runs.entry import Entry
from fruitlab.runs.queue import DEVICES

PROBLEM = "start problem"  # key of session_state: why the last click on Start did nothing


def from_link() -> Method | None:
    """The configuration in the page's address, if there is one; draws its warnings."""
    params = st.query_params.to_dict()
    known = set(RENAMED).union(*(method.model_fields for method in methods().values()))
    if "run" in params or not params.keys() & known:
        return None
    config, warnings = permalinks.from_query(params, ignore=("run", "top"))
    for warning in warnings:
        st.warning(plain(warning), icon=":material/link_off:")
    return config


def show(entries: list[Entry], prefill: Method | None) -> None:
    """Draws the form.

    Args:
        entries: all runs, for the estimate and the queue.
        prefill: configuration of a link, to start from.
    """
    method, headline = forms.method(prefill)
    left, right = st.columns(2)
    with left:
        chosen = data.choose(prefill)
    with right:
        preset = forms.preset(prefill)
    base = forms.base_of(method, preset, prefill)
    with st.expander("Advanced settings", icon=":material/tune:"):
        st.caption(f"Defaults from preset {base.preset}. Question marks have the details.")
        changes = forms.numbers(base)
        device = st.selectbox(
            "Device", DEVICES, help="Where to train. auto uses a GPU if there is one."
        )
    if changes:
        listed = ", ".join(setting_caption(field, value) for field, value in changes.items())
        st.caption(f"Different from {base.preset}: {listed}")
    config = forms.combine(base, changes | headline | {"data": chosen})
    problem = None if config is None else data.problem(chosen)
    if problem:
        st.warning(plain(problem), icon=":material/image_not_supported:")
    elif config is not None:
        st.markdown(estimate.network(config))
        st.markdown(estimate.text(config, data.counts(chosen), entries))
    _start_button(config, device, entries, disabled=config is None or problem is not None)


def watch(run_id: str) -> None:
    """Makes the page show this run; a callback, as it changes the address."""
    st.query_params.clear()
    st.query_params["run"] = run_id
    recent.work_on(run_id)


def _start_button(
    config: Method | None, device: str, entries: list[Entry], *, disabled: bool
) -> None:
    if not allows(Action.TRAIN):
        st.info(
            "This is a showcase: its visitors look, play and classify. Install FruitLab on your "
            "own machine to train.",
            icon=":material/info:",
        )
        return
    waiting = sum(entry.active for entry in entries)
    st.button(
        "Start",
        type="primary",
        icon=":material/play_arrow:",
        key="start",
        disabled=disabled,
        on_click=_start,
        args=(config, device),
        help="Runs on one device train one after the other." if waiting else None,
    )
    if waiting:
        st.caption(
            f"{waiting} run{'s are' if waiting > 1 else ' is'} training or waiting: this one is "
            "queued and starts automatically."
        )
    if problem := st.session_state.pop(PROBLEM, None):
        st.error(problem, icon=":material/error:")


def _start(config: Method, device: str) -> None:
    try:
        run = launch.start(config, device=device)
    except (ConfigError, RunError) as error:
        st.session_state[PROBLEM] = str(error)
        return
    shared.index().entries(fresh=True)
    recent.work_with(config.data)
    watch(run.id)
