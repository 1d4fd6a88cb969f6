"""Explore before the first network: three short runs at a click, and their progress."""

import streamlit as st

from fruitlab.app import launch, navigation, shared
from fruitlab.app.components import live, status
from fruitlab.config.errors import RunError
from fruitlab.config.modes import Action, allows
from fruitlab.config.text import duration, plain
from fruitlab.data import store
from fruitlab.data.categories import CATEGORIES
from fruitlab.data.domains import DOMAINS
from fruitlab.methods.base import Method
from fruitlab.methods.mixed import Mixed
from fruitlab.methods.registry import configure
from fruitlab.runs import cost
from fruitlab.runs.captions import setting_caption
from fruitlab.runs.entry import Entry
from fruitlab.runs.sweeps import sweeps

RATIOS = (0, 50, 100)  # both ends of the slider and its middle
# Built-in pictures of each category and domain where none are drawn yet: drawing these takes a
# minute, drawing all of them several.
PICTURES = 60
FEW = f"{store.BUILT_IN}:{PICTURES}"


def show(entries: list[Entry]) -> None:
    """Draws what to do where no mixed run has finished, or the progress of those that train.

    Args:
        entries: all runs.
    """
    if any(_is_coming(entry) for entry in entries):
        st.fragment(_progress, run_every=live.EVERY)()
        return
    failed = (entry for entry in entries if entry.status == "failed" and entry.config is not None)
    if entry := next(failed, None):
        st.warning(plain(f"{entry.title} failed: {entry.error}"), icon=":material/warning:")
    if not allows(Action.TRAIN):
        st.info("No network has been trained yet.", icon=":material/tune:")
        return
    configs = first_three()
    st.info(
        "No network has been trained yet. Three short runs give the slider three ratios: "
        f"{RATIOS[0]}, {RATIOS[1]} and {RATIOS[2]}% real pictures.",
        icon=":material/tune:",
    )
    if st.button(
        "Train the first three", type="primary", icon=":material/play_arrow:", key="first three"
    ):
        _start(configs)
    st.caption(_estimate(configs, entries))
    query = {"method": Mixed.name, "preset": "glance"}
    navigation.link("train", "Or choose the settings yourself", query=query)


def first_three() -> list[Method]:
    """Three mixed runs of the shortest preset.

    They use the visitor's own pictures if there are any, otherwise built-in ones: few of them if
    none are drawn yet.
    """
    found = {data["name"]: data for data in store.available()}
    own = next((name for name, data in found.items() if data["kind"] == "photographs"), None)
    drawn = found[store.BUILT_IN]["fingerprint"] is not None
    data = own or (store.BUILT_IN if drawn else FEW)
    return [configure(Mixed.name, preset="glance", ratio=ratio, data=data) for ratio in RATIOS]


def _estimate(configs: list[Method], entries: list[Entry]) -> str:
    """How long the runs will take on this machine."""
    name = configs[0].data
    data = next((found for found in store.available() if found["name"] == name), None)
    nice = real = PICTURES * len(CATEGORIES)
    if data:
        nice, real = (
            sum(counts[domain] for counts in data["counts"].values()) for domain in DOMAINS
        )
    training = cost.total(cost.estimate(config, nice, real, entries) for config in configs)
    drawing = 0.0 if data else cost.drawing_seconds(nice + real)
    also = "" if data else ", drawing the built-in pictures included"
    return (
        f"About {duration(training.seconds + drawing)} in total on this machine{also}. The runs "
        "train one after the other, and continue if you leave the page."
    )


def _is_coming(entry: Entry) -> bool:
    return entry.active and isinstance(entry.config, Mixed)


def _progress() -> None:
    entries = shared.index().entries()
    coming = sorted(filter(_is_coming, entries), key=lambda entry: entry.created)
    if sweeps(entries) or not coming:
        st.rerun()
    st.markdown(
        "**The first networks are training.** The slider appears when one of them has finished."
    )
    for entry in coming[: len(RATIOS)]:
        if isinstance(entry.config, Mixed):
            st.caption(setting_caption("ratio", entry.config.ratio))
        status.brief(entry)
    running = next((entry for entry in coming if entry.status == "running"), coming[0])
    navigation.link("train", "Watch it train", query={"run": running.id})


def _start(configs: list[Method]) -> None:
    try:
        for config in configs:
            launch.start(config)
    except RunError as error:
        st.error(str(error), icon=":material/error:")
        return
    shared.index().entries(fresh=True)
    st.rerun()
