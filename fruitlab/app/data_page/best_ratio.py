"""The search for the mixing ratio that suits a dataset best."""

from typing import Any

import streamlit as st

from fruitlab.app import navigation, shared
from fruitlab.app.components import chart, study
from fruitlab.config.text import percent
from fruitlab.methods.mixed import Mixed
from fruitlab.metrics.accuracy import SCORES
from fruitlab.plots import mixing
from fruitlab.runs.sweeps import sweep_of
from fruitlab.studies import plans, progress
from fruitlab.studies.progress import Best, Progress


def show(entry: dict[str, Any]) -> None:
    """Shows the study, its button and its result so far.

    Args:
        entry: The entry of the dataset in ``store.available``.
    """
    st.subheader("The best mix for a small network", anchor="ratio")
    st.markdown(
        "The paper's network takes 1.3 MB, a tenth of the pretrained one, and is trained from "
        "scratch. This study first trains it on five mixtures, from only nice to only real "
        "pictures, then on others around the best one. It compares the *combined performance*, the "
        "geometric mean of nice and real accuracy, on a fifth of the training pictures. Only the "
        "chosen ratio is then evaluated on the test pictures."
    )
    name = entry["name"]
    plan, arguments = plans.ratio(name), ["ratio", "--data", name]
    state = study.show(plan, arguments, entry, button="Look for the best ratio")
    complete, entries = not state.missing, shared.index().entries()
    state = progress.with_other_ratios(state, plan, entries, entry["fingerprint"])
    best = progress.best(state)
    if best is None or not isinstance(best.config, Mixed):
        return
    ratio = best.config.ratio
    _chart(state, ratio)
    st.markdown(_describe(best, ratio, complete=complete))
    if best.tested:
        run = best.tested[0]
        st.markdown(
            f"Trained with all training pictures, it has **{percent(run.final('combined'))}** "
            "combined on the test pictures, which had no part in the choice."
        )
        navigation.link("runs", "Look at this run", query={"runs": run.id})
    if sweep := sweep_of(entries, state.found[best.config].id):
        query = {"set": sweep.key, "ratio": str(ratio)}
        navigation.link("explore", "Try these networks on a photo", query=query)


def _chart(state: Progress, best_ratio: int) -> None:
    runs = sorted(
        (
            (config.ratio, state.found[config])
            for config in state.finished
            if isinstance(config, Mixed) and config.validation
        ),
        key=lambda pair: pair[0],
    )
    nice, real, combined = ([run.final(score) for _, run in runs] for score in SCORES)
    ratios = [ratio for ratio, _ in runs]
    figure = mixing.curve(ratios, nice, real, combined, chosen=best_ratio)
    chart.show(figure, key="best ratio", height=330)


def _describe(best: Best, ratio: int, *, complete: bool) -> str:
    low, high = map(percent, best.interval)
    text = (
        f"**{'Best' if complete else 'Best so far'}: {ratio}% real**, combined "
        f"{percent(best.combined)} on validation pictures (95% interval {low} to {high}, from "
        "their number)."
    )
    if best.within:
        ratios = sorted(config.ratio for config in best.within if isinstance(config, Mixed))
        similar = ", ".join(f"{other}%" for other in ratios)
        text += f" Not distinguishable from it: {similar}."
    return text
