"""Runs that train in one step: no curves over iterations, but a place among all ratios."""

import streamlit as st

from fruitlab.app import all_ratios
from fruitlab.app.components import chart
from fruitlab.plots import every_ratio
from fruitlab.runs.entry import Entry


def show(entry: Entry) -> None:
    """Draws the accuracies at every ratio with a line at the run's, if they are known."""
    st.caption("Trained in one step, so there are no curves over iterations.")
    config = entry.known_config
    found = all_ratios.of(str(entry.data.get("fingerprint")))
    ratio = getattr(config, "ratio", None)
    if found is None or ratio is None or found.facts["network"] != config.network:
        return
    if config.split_seed or config.validation:  # scored on other pictures
        return
    figure = every_ratio.curves(
        found.curves, best=found.best, near_best=found.near_best, marked=ratio
    )
    figure["caption"] = f"Dashed: this run, {ratio}% real. {figure['caption']}"
    chart.show(figure, key=f"one step {entry.id}")
