"""The mixing slider of the Explore page: its runs, scores and curve."""

import streamlit as st

from fruitlab.app import navigation, permalinks
from fruitlab.app.components import chart, scores
from fruitlab.data.categories import CATEGORIES
from fruitlab.plots import figures
from fruitlab.runs.sweeps import SCORES, Family
from fruitlab.studies import published

DEFINITIONS = (
    "**Nice**: studio pictures, one fruit on white. **Real**: photos taken anywhere. "
    "**Combined**: the paper's combined performance, the root of nice times real accuracy: high "
    "only if both are."
)


def choose(found: list[Family]) -> Family:
    """Draws a choice between several sets of runs; returns the selected one.

    Args:
        found: at least one set of runs that differ only in ratio and seed.
    """
    if len(found) == 1:
        return found[0]
    by_key = {family.key: family for family in found}
    wanted = st.query_params.get("set")
    # The address leads: it may have changed by a link or the Back button.
    if wanted in by_key:
        st.session_state.set = wanted
    elif st.session_state.get("set") not in by_key:
        st.session_state.set = found[0].key
    key = st.selectbox(
        "Data and preset",
        list(by_key),
        format_func=lambda key: by_key[key].name,
        key="set",
        on_change=lambda: st.query_params.update(set=st.session_state.set),
    )
    return by_key[key]


def slider(family: Family) -> int:
    """Draws the slider; returns the selected ratio in percent, at first the best one."""
    stops = list(family.stops)
    if len(stops) == 1:
        st.markdown(f"So far there is one run, with **{stops[0]} %** of the real training set.")
        return stops[0]
    key = f"ratio {family.key}"
    wanted = st.query_params.get("ratio", "")
    if wanted.isdecimal() and len(wanted) < 4:
        st.session_state[key] = min(stops, key=lambda stop: abs(stop - int(wanted)))
    elif key not in st.session_state:
        st.session_state[key] = max(stops, key=lambda stop: family.scores(stop)["combined"])

    def moved() -> None:
        st.query_params["ratio"] = str(st.session_state[key])

    return st.select_slider(
        "Share of real pictures in training",
        stops,
        format_func=lambda stop: f"{stop} %",
        key=key,
        on_change=moved,
        help="In percent of the real training set; the rest of 100 % is taken from the nice one. "
        "The slider stops where there is a finished run.",
    )


def show_scores(family: Family, ratio: int) -> None:
    """Draws the scores at a ratio and their change from the neighbouring one."""
    neighbour, runs = family.neighbour(ratio), family.stops[ratio]
    before = None if neighbour is None else family.scores(neighbour)
    st.html(scores.large(family.scores(ratio), before))
    if len(runs) > 1:
        deviations = ", ".join(
            f"{name} {100 * value:.1f}"
            for name, value in family.deviations(ratio).items()
            if value is not None
        )
        source = (
            f"mean of {len(runs)} seeds (standard deviation in points: {deviations}). The photo "
            f"below is classified by {family.network(ratio).id}."
        )
    else:
        source = f"run {runs[0].id}."
    changes = "" if neighbour is None else f" Changes are from {neighbour} % real."
    st.caption(
        f"Top-1 accuracy on all test pictures after the last iteration: {source}{changes}",
        help=DEFINITIONS,
    )


def link_to_missing(family: Family) -> None:
    """Draws a link that trains the first ratio without a run, in steps of ten percent."""
    if missing := family.missing():
        config = family.config.model_copy(update={"ratio": missing[0]})
        query = permalinks.to_query(config, family.fingerprint or None)
        label = f"Add a position: train {missing[0]} % real"
        navigation.link("train", label, query=query, icon=":material/add:")


def show_curve(family: Family, ratio: int) -> None:
    """Draws the accuracies over the ratio, with the paper's values where they are comparable."""
    values = [family.scores(stop) for stop in family.stops]
    deviations = [family.deviations(stop) for stop in family.stops]
    paper = None
    if _has_papers_categories(family):
        paper = {
            name: (list(published.TABLE2), [row[name] for row in published.TABLE2.values()])
            for name in SCORES
        }
    figure = figures.mixing(
        list(family.stops),
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


def _has_papers_categories(family: Family) -> bool:
    """Whether the networks classify photographs of the paper's fruit, not other things."""
    runs = next(iter(family.stops.values()))
    categories = runs[0].data.get("categories")
    return (
        family.kind == "photographs"
        and isinstance(categories, list)
        and set(map(str, categories)) <= set(CATEGORIES)
    )
