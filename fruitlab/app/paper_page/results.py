"""What the Paper page shows: the reproduction that was chosen, and its scores."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import streamlit as st

from fruitlab.app.paper_page import study
from fruitlab.config.text import percent
from fruitlab.metrics.series import Forgetting
from fruitlab.runs import forgetting
from fruitlab.studies import published, score_columns, scores
from fruitlab.studies.ablations import SPLIT
from fruitlab.studies.reproduction import Reproduction
from fruitlab.studies.scores import Column

LAST_HELP = (
    "Combined performance, the square root of nice times real accuracy, at the best ratio. Only "
    "the ratio was selected by it."
)
BEST_HELP = (
    "As in the paper's Table 2: the best iteration of every run, selected on the test pictures."
)


@dataclass(frozen=True)
class Results:
    """A reproduction's scores; all of them are empty without runs.

    Attributes:
        runs: the reproduction, if there is one.
        last: mixed runs after the last iteration.
        best: mixed runs, the best of each score over training.
        splits: iterative runs after the last iteration, for each behaviour of the running
            statistics: "updated", "frozen".
        curves: restricted training of the first run of the 50% split, likewise.
        categories: number of categories; the paper's without runs.
    """

    runs: Reproduction | None
    last: Column = field(default_factory=dict)
    best: Column = field(default_factory=dict)
    splits: dict[str, Column] = field(default_factory=dict)
    curves: dict[str, Forgetting] = field(default_factory=dict)
    categories: int = published.CATEGORIES

    @classmethod
    def of(cls, runs: Reproduction | None) -> "Results":
        """The scores of a reproduction."""
        if runs is None:
            return cls(None)
        iterative = runs.iterative.items()
        return cls(
            runs,
            last=score_columns.last(runs.mixed),
            best=score_columns.best(runs.mixed),
            splits={how: score_columns.last(group) for how, group in iterative},
            curves={
                how: forgetting.curve(group[SPLIT][0], 1)
                for how, group in iterative
                if SPLIT in group
            },
            categories=runs.first.categories or published.CATEGORIES,
        )

    def suffix(self, statistics: str) -> str:
        """Tells iterative runs apart where the page shows both kinds: " (frozen statistics)"."""
        return f" ({statistics} statistics)" if len(self.splits) > 1 else ""


def choose(found: Sequence[Reproduction]) -> Reproduction | None:
    """The data and preset on the page: those in the address, else the first."""
    if len(found) < 2:
        return found[0] if found else None
    by_key = {one.key: one for one in found}
    asked = st.query_params.get("set")
    if asked in by_key or st.session_state.get("paper set") not in by_key:
        st.session_state["paper set"] = asked if asked in by_key else found[0].key

    def moved() -> None:
        st.query_params["set"] = st.session_state["paper set"]
        study.forget()

    chosen = st.selectbox(
        "Dataset and preset",
        list(by_key),
        format_func=lambda key: by_key[key].name,
        key="paper set",
        on_change=moved,
    )
    return by_key[chosen]


def headline(results: Results) -> None:
    """The best combined scores in large type, beside the paper's."""
    runs = results.runs
    if runs is None:
        return
    seeds = "one seed" if runs.seeds == 1 else f"up to {runs.seeds} seeds"
    baseline = (
        f" The random baseline is {percent(1 / runs.first.categories)}, for"
        f" {runs.first.categories} categories."
        if runs.first.categories
        else ""
    )
    st.caption(f"Ours: {runs.name}, {seeds}. Accuracies are on all test pictures.{baseline}")
    if not runs.mixed:
        return
    last3, best3 = score_columns.last(runs.mixed, 3), score_columns.best(runs.mixed, 3)
    with st.container(horizontal=True, gap="medium"):
        _metric("Combined, last iteration", results.last, LAST_HELP)
        _metric("Combined, best over training", results.best, BEST_HELP, published.BEST_TOP1)
        _metric("Top-3, last iteration", last3, LAST_HELP)
        _metric("Top-3, best over training", best3, BEST_HELP, published.BEST_TOP3)


def _metric(title: str, column: Column, help: str, paper: tuple[int, float] | None = None) -> None:
    if not column:
        return
    ratio = scores.best(column, "combined")
    note = f"at {ratio}% real"
    if paper is not None:
        note += f" · paper {percent(paper[1])} at {paper[0]}%"
    st.metric(
        title,
        percent(column[ratio].mean("combined")),
        note,
        delta_color="off",
        delta_arrow="off",
        width="content",
        help=help,
    )
