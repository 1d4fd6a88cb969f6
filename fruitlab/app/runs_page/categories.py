"""The accuracy of each category on both test sets, as a plot and as CSV."""

import csv
import io
from collections.abc import Mapping
from typing import Any

import streamlit as st

from fruitlab.app.components import chart
from fruitlab.app.runs_page.predictions import DAMAGED, predictions, report_damage
from fruitlab.data.domains import DOMAINS
from fruitlab.metrics import accuracy
from fruitlab.plots.categories import per_category
from fruitlab.runs.entry import Entry

COLUMNS = ("pictures", "top1", "top1_low", "top1_high", "top3", "top3_low", "top3_high")


def show(entry: Entry) -> None:
    """Draws the plot and the download button."""
    scores = entry.summary  # complete for a finished run, even if its predictions are not shipped
    top = 3 if st.session_state.get("runs metric") == "top3" else 1
    try:
        if not all("per_category" in (scores.get(domain) or {}) for domain in DOMAINS):
            table = predictions(entry)
            if table is None:
                return
            scores = accuracy.table_scores(table)
        height = max(260, 60 + 26 * len(scores["nice"]["per_category"]))
        figure = per_category(scores, top=top)
        chart.show(figure, key=f"categories {entry.id} {top}", height=height)
    except DAMAGED as error:
        report_damage(entry, error)
        return
    st.download_button(
        "Categories as CSV",
        as_csv(scores),
        f"{entry.id}-categories.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        key="categories csv",
    )


def as_csv(scores: Mapping[str, Any]) -> str:
    """One line for each category and test set: accuracies as fractions with 95% intervals.

    Args:
        scores: as for `plots.categories.per_category`.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["category", "test set", *COLUMNS])
    for domain in DOMAINS:
        for category, row in scores[domain]["per_category"].items():
            numbers = [row["pictures"]]
            for name in ("top1", "top3"):
                numbers += [row[name], *row[f"{name}_interval"]]
            writer.writerow([category, domain, *numbers])
    return text.getvalue()
