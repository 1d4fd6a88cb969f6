"""Explore before its first network: three short trainings at a click, and how far they are."""

import streamlit as st

from fruitlab.app import launch, navigation, shared
from fruitlab.app.components import live
from fruitlab.config.errors import RunError
from fruitlab.config.presets import configure
from fruitlab.config.run_config import RunConfig
from fruitlab.config.text import duration
from fruitlab.data import store
from fruitlab.data.categories import CATEGORIES
from fruitlab.data.domains import DOMAINS
from fruitlab.runs import cost
from fruitlab.runs.index import Entry
from fruitlab.runs.sweeps import families

RATIOS = (0, 50, 100)  # both ends of the slider and its middle
PICTURES = 60  # a category and domain, of the built-in pair: drawn in a minute, where all of it takes several
FEW = f"{store.BUILT_IN}:{PICTURES}"


def show(entries: list[Entry]) -> None:
    """What to do where no mixed run has finished; while some train, how far they are."""
    st.markdown(
        "Hold one photo up to several networks that differ in one thing: how much of what they learned from was *nice*, studio pictures "
        "on white, and how much *real*, photos from everywhere. A slider moves from one network to the next."
    )
    if any(_coming(entry) for entry in entries):
        st.fragment(_progress, run_every=live.EVERY)()
        return
    if failed := next(
        (entry for entry in entries if entry.status == "failed" and entry.config is not None), None
    ):
        st.warning(f"{failed.title} failed: {failed.error}", icon=":material/warning:")
    configs = first_three()
    data = next((one for one in store.available() if one["name"] == configs[0].data), None)
    nice, real = (
        (sum(counts[domain] for counts in data["counts"].values()) for domain in DOMAINS)
        if data
        else [PICTURES * len(CATEGORIES)] * 2
    )
    speed = cost.measured(entries, configs[0].width) or cost.unmeasured(configs[0].width)
    took = duration(sum(cost.cost(config, nice, real).work for config in configs) / speed)
    st.info(
        "No such network yet. Three short trainings make a slider with three stops: "
        f"{RATIOS[0]}, {RATIOS[1]} and {RATIOS[2]} % real pictures.",
        icon=":material/tune:",
    )
    if st.button(
        "Train the first three", type="primary", icon=":material/play_arrow:", key="first three"
    ):
        _start(configs)
    drawn = "" if data else ", once the built-in pictures are drawn"
    st.caption(
        f"About {took} in all here{drawn}. They train one after the other, and go on if you leave."
    )
    navigation.link(
        "train", "Or choose the numbers yourself", query={"method": "mixed", "preset": "glance"}
    )


def first_three() -> list[RunConfig]:
    """Three mixed runs of the shortest recipe: on one's own pictures where there are any, else on built-in ones, few where none are drawn yet."""
    found = {data["name"]: data for data in store.available()}
    own = next((name for name, data in found.items() if data["kind"] == "photographs"), None)
    there = found[store.BUILT_IN]["fingerprint"] is not None
    return [
        configure(
            "mixed", preset="glance", ratio=ratio, data=own or (store.BUILT_IN if there else FEW)
        )
        for ratio in RATIOS
    ]


def _coming(entry: Entry) -> bool:
    return entry.active and entry.config is not None and entry.config.method == "mixed"


def _progress() -> None:
    entries = shared.index().entries()
    coming = sorted((entry for entry in entries if _coming(entry)), key=lambda entry: entry.created)
    if families(entries) or not coming:
        st.rerun()
    st.markdown(
        "**The first networks are on their way.** The slider appears here when one has finished."
    )
    for entry in coming[: len(RATIOS)]:
        st.caption(f"{entry.config.ratio} % real")
        live.brief(entry)
    navigation.link(
        "train",
        "Watch it learn",
        query={
            "run": next((entry.id for entry in coming if entry.status == "running"), coming[0].id)
        },
    )


def _start(configs: list[RunConfig]) -> None:
    try:
        for config in configs:
            launch.start(config)
    except RunError as error:
        st.error(str(error), icon=":material/error:")
        return
    shared.index().entries(fresh=True)
    st.rerun()
