"""The sections with the paper's figures: mixed training, iterative training, tuning."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from fruitlab.app import navigation
from fruitlab.app.components import chart
from fruitlab.app.paper_page import tables, verdicts
from fruitlab.app.paper_page.results import Results
from fruitlab.data import store
from fruitlab.runs.entry import Entry
from fruitlab.studies import figures, published, score_columns, tuning_runs
from fruitlab.studies.scores import best
from fruitlab.studies.tuning import tuning

WHICH = {"last": "Last iteration", "best": "Best of each column"}


def mixed(results: Results) -> None:
    """Figures 11 and 12, and Table 2."""
    runs, which = results.runs, "last"
    if runs is not None and not runs.mixed:
        st.info(
            "No finished mixed run with this preset yet. These are the paper's numbers.",
            icon=":material/info:",
        )
    if results.best:
        which = st.segmented_control(
            "Ours in the figures",
            list(WHICH),
            default="last",
            format_func=WHICH.__getitem__,
            required=True,
            key="ours",
            bind="query-params",
            help="The paper's values, hollow markers, are the best over training. The last "
            "iteration is what one gets without selecting on the test pictures.",
        )
    of = score_columns.best if which == "best" else score_columns.last
    top3 = of(runs.mixed, 3) if runs else {}
    left, right = st.columns(2, gap="large")
    with left:
        ours = results.best if which == "best" else results.last
        figure = figures.mixed(ours, top=1, categories=results.categories)
        chart.show(figure, key="figure 11", height=360)
    with right:
        figure = figures.mixed(top3, top=3, categories=results.categories)
        chart.show(figure, key="figure 12", height=360)
    st.markdown(
        "**Table 2: top-1 accuracies and combined performance**, over the share of the real "
        "training set"
    )
    tables.table2(results.last, results.best)
    several = any(len(scores.nice) > 1 for scores in results.last.values())
    st.caption(
        f"{'± is the standard deviation over seeds. ' if several else ''}Bold: the highest value of"
        " a column. Each column of the paper is the best over training, so its numbers compare with"
        " our best per column. Both are selected on the test pictures."
    )


def iterative(results: Results) -> None:
    """Figures 13 and 14."""
    left, right = st.columns(2, gap="large")
    last, categories = results.last, results.categories
    with left:
        top = last[best(last, "combined")].mean("combined") if last else None
        figure = figures.iterative(results.splits, categories=categories, best_mixed=top)
        chart.show(figure, key="figure 13", height=380)
    with right:
        curves = [
            replace(curve, name=f"{statistics} statistics")
            for statistics, curve in results.curves.items()
        ]
        figure = figures.restricted(curves, categories=categories)
        chart.show(figure, key="figure 14", height=380)
        if len(curves) == 1:
            st.caption(
                f"The convolutions' running statistics are *{next(iter(results.curves))}* in"
                " restricted training. The paper's text suggests *updated*; the presets quick and"
                " thorough have them *frozen*. Tick “Both kinds of statistics” in the study for"
                " both."
            )
    navigation.link("forgetting", "More about forgetting")


def tuning_figures(results: Results, entries: Sequence[Entry]) -> None:
    """Figures 8 to 10, and what the paper concludes from them."""
    runs = [*tuning_runs.of_entries(entries), *tuning_runs.shipped()]
    found = tuning(runs, results.runs)
    verdicts.tuning(found)
    for name, number in published.TUNING_FIGURES.items():
        if name in found:
            figure = figures.tuning(name, found[name])
            chart.show(figure, key=f"figure {number}", height=330)
        else:
            st.markdown(f"**Figure {number}.** {published.TUNING[name].outcome}")
    if len(found) < len(published.TUNING):
        st.caption(
            "The paper's text gives no numbers of these figures. Ours appear once tuning runs have"
            " finished: up to 165 runs of the paper preset, at one seed. With fewer iterations"
            " they take less time; `--dry-run` says how long on this machine."
        )
        one = results.runs
        here = store.local_name(one.config.data, one.fingerprint) if one else None
        data = here if here and store.is_available(here) else "NAME"
        command = f"python -m fruitlab study tuning --data {data} --iterations 300 --dry-run"
        st.code(command, language=None, wrap_lines=True)
