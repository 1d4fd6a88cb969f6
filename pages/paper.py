"""Paper: its tables, figures, hypotheses and findings with ours beside them, and its study."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from fruitlab.app import shared
from fruitlab.app.paper_page import ablations, figures, notes, study, verdicts
from fruitlab.app.paper_page.results import Results, choose, headline
from fruitlab.studies import published
from fruitlab.studies.reproduction import reproductions


def main() -> None:
    st.title("Paper")
    st.caption(f"{published.AUTHOR}: [{published.TITLE}]({published.LINK}). {published.WHERE}.")
    entries = shared.index().entries()
    study.watch(entries)
    runs = choose(reproductions(entries))
    results = Results.of(runs)
    introduction(results)
    unfinished = runs is None or not runs.complete or study.at_work(entries)
    study.start_study(runs, opened=unfinished)
    verdicts.hypotheses(results)
    # Folded, because all of it is forty screens on a phone.
    with section("Mixed training: Figures 11 and 12, Table 2"):
        figures.mixed(results)
    with section("Iterative training: Figures 13 and 14"):
        figures.iterative(results)
    with section("Other findings of the paper"):
        verdicts.other_findings(results)
    with section("Tuning: Figures 8 to 10"):
        figures.tuning_figures(results, entries)
    with section("Ablations of what the paper leaves unclear"):
        ablations.show(entries)
    notes.show(results)


def section(title: str) -> DeltaGenerator:
    return st.expander(f"**{title}**")


def introduction(results: Results) -> None:
    if results.runs is not None:
        st.markdown(
            "The paper's results beside ours. Is it better to mix two kinds of pictures, or to"
            " train on one after the other?"
        )
        headline(results)
        return
    st.markdown(
        "The paper trains one network on two kinds of pictures: *nice* ones on a white background"
        " and *real* photos. It mixes them, or trains on one after the other (iterative)."
    )
    st.info(
        "No finished run yet, so these are the paper's numbers alone. Start the study below to get"
        " yours: twenty runs. The page fills in while they train.",
        icon=":material/article:",
    )


main()
