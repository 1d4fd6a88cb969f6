"""The mixing slider of the Explore page: its runs, scores and curve."""

import streamlit as st

from fruitlab.app import navigation, permalinks, recent
from fruitlab.app.components import chart, scores
from fruitlab.data.categories import CATEGORIES
from fruitlab.metrics.accuracy import SCORES
from fruitlab.plots import mixing
from fruitlab.runs.sweeps import Sweep
from fruitlab.studies import published

DEFINITIONS = (
    "**Nice**: studio pictures, one fruit on white. **Real**: photos taken anywhere. "
    "**Combined**: the paper's combined performance, the root of nice times real accuracy: high "
    "only if both are."
)


def choose(found: list[Sweep]) -> Sweep:
    """Draws a choice between several sweeps; returns the selected one.

    Args:
        found: at least one sweep.
    """
    if len(found) == 1:
        return found[0]
    by_key = {sweep.key: sweep for sweep in found}
    wanted = st.query_params.get("set")
    # The address leads: it may have changed by a link or the Back button.
    if wanted in by_key:
        st.session_state.set = wanted
    elif st.session_state.get("set") not in by_key:
        st.session_state.set = (_worked_on(found) or found[0]).key
    key = st.selectbox(
        "Dataset and preset",
        list(by_key),
        format_func=lambda key: by_key[key].name,
        key="set",
        on_change=lambda: st.query_params.update(set=st.session_state.set),
    )
    return by_key[key]


def is_asked_for(sweep: Sweep) -> bool:
    """Whether the visitor selected this sweep, or worked on one of its runs."""
    return st.query_params.get("set") == sweep.key or _worked_on([sweep]) is not None


def _worked_on(found: list[Sweep]) -> Sweep | None:
    """The sweep with the run that the visitor worked on."""
    for sweep in found:
        if recent.run(entry for runs in sweep.runs.values() for entry in runs):
            return sweep
    return None


def slider(sweep: Sweep) -> int:
    """Draws the slider; returns the selected ratio in percent, at first the best one."""
    ratios = sweep.ratios
    if len(ratios) == 1:
        st.markdown(f"So far there is one run, with **{ratios[0]}%** of the real training set.")
        return ratios[0]
    key = f"ratio {sweep.key}"
    wanted = st.query_params.get("ratio", "")
    if wanted.isdecimal() and len(wanted) < 4:
        st.session_state[key] = min(ratios, key=lambda ratio: abs(ratio - int(wanted)))
    elif key not in st.session_state:
        combined = {ratio: sweep.scores(ratio)["combined"] or 0.0 for ratio in ratios}
        st.session_state[key] = max(ratios, key=combined.__getitem__)

    def moved() -> None:
        st.query_params["ratio"] = str(st.session_state[key])

    return st.select_slider(
        "Share of real pictures in training",
        ratios,
        format_func=lambda ratio: f"{ratio}%",
        key=key,
        on_change=moved,
        help="In percent of the real training set; the rest of 100% is taken from the nice one. "
        "Only ratios with a finished run can be selected.",
    )


def show_scores(sweep: Sweep, ratio: int) -> None:
    """Draws the scores at a ratio and their change from the neighbouring one."""
    neighbour, runs = sweep.neighbour(ratio), sweep.runs[ratio]
    before = None if neighbour is None else sweep.scores(neighbour)
    st.html(scores.large(sweep.scores(ratio), before))
    pictures = f"all {sweep.config.scored_on} pictures"
    if len(runs) > 1:
        deviations = ", ".join(
            f"{name} {100 * value:.1f}"
            for name, value in sweep.deviations(ratio).items()
            if value is not None
        )
        source = (
            f"mean of {len(runs)} seeds (standard deviation in points: {deviations}). The photo "
            f"below is classified by {sweep.network(ratio).id}."
        )
    else:
        source = f"run {runs[0].id}."
    changes = "" if neighbour is None else f" Changes are from {neighbour}% real."
    st.caption(
        f"Top-1 accuracy on {pictures} after the last iteration: {source}{changes} The slider "
        "opens at the ratio with the best combined score on these pictures"
        + (", as in the paper." if not sweep.config.validation else "."),
        help=DEFINITIONS,
    )


def link_to_missing(sweep: Sweep) -> None:
    """Draws a link that trains the first ratio without a run, in steps of ten percent."""
    if missing := sweep.missing():
        config = sweep.config.model_copy(update={"ratio": missing[0]})
        query = permalinks.to_query(config, sweep.fingerprint or None)
        label = f"Add a ratio: train {missing[0]}% real"
        navigation.link("train", label, query=query, icon=":material/add:")


def show_curve(sweep: Sweep, ratio: int) -> None:
    """Draws the accuracies over the ratio, with the paper's values where they are comparable."""
    values = [sweep.scores(each) for each in sweep.ratios]
    deviations = [sweep.deviations(each) for each in sweep.ratios]
    paper = None
    if _has_papers_categories(sweep):
        paper = {
            name: (list(published.TABLE2), [row[name] for row in published.TABLE2.values()])
            for name in SCORES
        }
    figure = mixing.curve(
        sweep.ratios,
        *([scores[name] for scores in values] for name in SCORES),
        chosen=ratio,
        paper=paper,
        deviations={name: [spread[name] for spread in deviations] for name in SCORES},
    )
    chart.show(figure, key="mixing", height=360)
    if paper:
        st.caption(
            "Hollow markers: the paper's Table 2, on other photos, each value the best over its "
            "training."
        )


def _has_papers_categories(sweep: Sweep) -> bool:
    """Whether the networks classify photographs of the paper's fruit, not other things."""
    runs = sweep.runs[sweep.ratios[0]]
    categories = runs[0].data.get("categories")
    return (
        sweep.kind == "photographs"
        and isinstance(categories, list)
        and set(map(str, categories)) <= set(CATEGORIES)
    )
