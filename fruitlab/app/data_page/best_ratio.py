"""The search for the mixing ratio that suits a dataset best."""

from typing import Any

import streamlit as st

from fruitlab.app import navigation
from fruitlab.app.components import chart, study
from fruitlab.config.text import percent
from fruitlab.metrics.accuracy import SCORES
from fruitlab.plots import figures
from fruitlab.studies import plans, progress
from fruitlab.studies.progress import Best, Progress


def show(entry: dict[str, Any]) -> None:
    """Shows the study, its button and its result so far.

    Args:
        entry: The entry of the dataset in ``store.available``.
    """
    st.subheader("Which mixture is best for these pictures?", anchor="ratio")
    st.markdown(
        "This study first trains on five mixtures, from only nice to only real pictures, then on "
        "others around the best one. It compares the *combined performance*: the geometric mean of "
        "nice and real accuracy, which is high only if both are."
    )
    name = entry["name"]
    plan, arguments = plans.ratio(name), ["ratio", "--data", name]
    state = study.show(plan, arguments, entry, button="Look for the best ratio")
    best = progress.best(state)
    if best is None:
        return
    _chart(state, best)
    st.markdown(_describe(best, complete=not state.missing))
    ratio = str(best.config.ratio)
    navigation.link("explore", "Try these networks on a photo", query={"ratio": ratio})


def _chart(state: Progress, best: Best) -> None:
    runs = sorted(
        ((config.ratio, state.found[config]) for config in state.finished),
        key=lambda pair: pair[0],
    )
    nice, real, combined = ([run.final(score) for _, run in runs] for score in SCORES)
    figure = figures.mixing(
        [ratio for ratio, _ in runs], nice, real, combined, chosen=best.config.ratio
    )
    chart.show(figure, key="best ratio", height=330)


def _describe(best: Best, *, complete: bool) -> str:
    low, high = map(percent, best.interval)
    text = (
        f"**{'Best' if complete else 'Best so far'}: {best.config.ratio} % real**, combined "
        f"{percent(best.combined)} (95 % interval {low} to {high}, from the number of test "
        "pictures)."
    )
    if best.within:
        ratios = sorted(config.ratio for config in best.within)
        similar = ", ".join(f"{ratio} %" for ratio in ratios)
        text += f" Not distinguishable from it: {similar}."
    return text
