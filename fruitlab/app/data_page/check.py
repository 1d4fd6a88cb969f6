"""The data check: similar pictures, what backgrounds tell, doubtful labels, and a map."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from fruitlab.app.components import pictures
from fruitlab.app.data_page import check_labels, check_map, check_similar, work
from fruitlab.app.data_page.dataset import opened
from fruitlab.app.data_page.overview import spread
from fruitlab.config.errors import DataError
from fruitlab.config.modes import Action, allows
from fruitlab.config.text import percent
from fruitlab.data.domains import TwoDomains
from fruitlab.data.owned import Dataset
from fruitlab.features.views import border
from fruitlab.runs import jobs
from fruitlab.studies import data_check

TITLE = "Checking {name}"
PICTURES, SIDE = 8, 72  # pictures of a category, pixels on the page
PARTS = ("Similar pictures", "Backgrounds", "Doubtful labels", "Map")


def show(entry: dict[str, Any]) -> None:
    """Draws the button, or the result once there is one.

    Args:
        entry: the dataset's entry in `store.available`.
    """
    st.subheader("Check the pictures", anchor="check")
    imported = entry["kind"] != "drawn" and allows(Action.CHANGE_DATA, Dataset(entry["name"]))
    if imported:
        check_labels.made(entry["name"])
    result = data_check.read(entry["fingerprint"])
    title = TITLE.format(name=entry["name"])
    if any(job.title == title and job.status() == "working" for job in jobs.all_jobs(work.root())):
        st.caption("The pictures are being checked: see the progress at the top of the page.")
    elif result is None:
        st.markdown(
            "Finds pictures that are nearly the same on both sides of the split, categories that "
            "can be told by their backgrounds, and labels that may be wrong. Takes a minute for "
            "small datasets. After an answer, the network only looks at the borders of the real "
            "photos."
        )
        if allows(Action.JOB) and st.button(
            "Check the pictures", icon=":material/fact_check:", key="check"
        ):
            start(entry["name"])
            st.rerun()
    if result is None:
        return
    try:
        data = opened(entry["name"], entry["fingerprint"])
    except DataError:  # the page says so above
        return
    part = st.segmented_control(
        "What to look at", PARTS, default=PARTS[0], required=True, key="check part"
    )
    if part == PARTS[0]:
        check_similar.show(data, result, imported, start)
    elif part == PARTS[1]:
        _backgrounds(data, result["background"])
    elif part == PARTS[3]:
        check_map.show(data, result["network"])
    else:
        name = check_similar.domain_choice("doubtful domain", "real")
        check_labels.show(data, name, result["doubtful"][name], imported, start)


def start(name: str, *options: str) -> None:
    """Starts the check as a background job."""
    work.start(TITLE.format(name=name), ["data", "check", name, *options])


def _backgrounds(data: TwoDomains, found: list[dict[str, Any]]) -> None:
    suspects = [row["category"] for row in found if row["suspect"]]
    named = f"**{', '.join(suspects)}** can" if suspects else "No category can"
    st.markdown(
        f"{named} be told from the border of a real photo alone, nearly as well as from the whole "
        "photo. Where the border shows no fruit, a network has learned the place, and will call "
        "other fruit there the same. Photos from more places help."
    )
    columns = {"border": "border only", "whole": "whole photo", "share": "border's share"}
    columns["called"] = "others called this"
    table = pd.DataFrame(found)[["category", *columns]].rename(columns=columns)
    table[list(columns.values())] = table[list(columns.values())].map(percent)
    st.dataframe(table, hide_index=True, height=320)
    random = percent(1 / len(data.categories))
    st.caption(f"Real test photos; the same weight for every category. Random answers: {random}.")
    for category in suspects:
        rows = np.flatnonzero(data.real.labels == data.categories.index(category))
        seen = border(data.real.images[spread(rows, PICTURES)])
        st.markdown(f"**{category}**, as the border shows it")
        pictures.row(list(seen), width=SIDE, alt=[f"{category}, border"] * len(seen))
