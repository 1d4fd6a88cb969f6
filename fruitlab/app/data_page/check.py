"""The data check: similar pictures, what backgrounds tell, doubtful labels, and a map."""

from statistics import mean
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from fruitlab.app.components import pictures
from fruitlab.app.data_page import add, check_labels, check_map
from fruitlab.app.data_page.dataset import opened
from fruitlab.app.data_page.overview import spread
from fruitlab.config.errors import DataError
from fruitlab.config.text import percent
from fruitlab.data.domains import DOMAINS, DomainName, TwoDomains
from fruitlab.features.views import border
from fruitlab.plots import style
from fruitlab.runs import jobs
from fruitlab.studies import data_check

TITLE = "Checking {name}"
GROUPS, PICTURES, SIDE = 8, 8, 72  # groups on a page, pictures of each, pixels on the page
PARTS = ("Similar pictures", "Backgrounds", "Doubtful labels", "Map")


def show(entry: dict[str, Any]) -> None:
    """Draws the button, or the result once there is one.

    Args:
        entry: the dataset's entry in `store.available`.
    """
    st.subheader("Check the pictures", anchor="check")
    imported = entry["kind"] != "drawn"
    if imported:
        check_labels.excluded(entry["name"])
    result = data_check.read(entry["fingerprint"])
    title = TITLE.format(name=entry["name"])
    if any(job.title == title and job.status() == "working" for job in jobs.all_jobs(add.root())):
        st.caption("The pictures are being checked: see the progress at the top of the page.")
    elif result is None:
        st.markdown(
            "Finds pictures that are nearly the same on both sides of the split, categories that "
            "can be told by their backgrounds, and labels that may be wrong. Takes a minute for "
            "small datasets."
        )
        if st.button("Check the pictures", icon=":material/fact_check:", key="check"):
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
        _similar(data, result, imported)
    elif part == PARTS[1]:
        _backgrounds(data, result["background"])
    elif part == PARTS[3]:
        check_map.show(data, result["network"])
    else:
        name = domain_choice("doubtful domain", "real")
        check_labels.show(data, name, result["doubtful"][name], imported, start)


def start(name: str, *options: str) -> None:
    """Starts the check as a background job."""
    add.start(TITLE.format(name=name), ["data", "check", name, *options])


def domain_choice(key: str, default: DomainName) -> DomainName:
    """A choice of one domain."""
    return st.segmented_control(
        "Domain",
        DOMAINS,
        default=default,
        key=key,
        required=True,
        format_func=lambda name: f"{style.SHAPES[name]} {name}",
    )


def _similar(data: TwoDomains, result: dict[str, Any], imported: bool) -> None:
    splits = {
        label: {name: mean(result["splits"][kind][name]) for name in DOMAINS}
        for kind, label in (("alone", "each alone"), ("together", "similar ones together"))
    }
    found = {name: result["similar"][name] for name in DOMAINS}
    across = " and ".join(
        f"{found[name]['across']:,} of {found[name]['test']:,} {name}" for name in DOMAINS
    )
    alone, together = (percent(row["nice"]) for row in splits.values())
    st.markdown(
        f"{across} test pictures have a nearly identical training picture, such as a frame of the "
        f"same video. A network is right on **{alone}** of nice test pictures; on **{together}** "
        "if similar ones stay on one side of the split."
    )
    table = pd.DataFrame(splits).T.map(percent).reset_index(names="pictures split")
    st.dataframe(table, hide_index=True, width=420)
    st.caption(f"Means of {len(data_check.SEEDS)} splits; heads at 60 % real, in closed form.")
    if imported and st.button(
        "Keep similar pictures together",
        icon=":material/join:",
        key="keep together",
        help="Changes the split of this dataset. Runs on the earlier split stay as they are.",
    ):
        start(data.name, "--keep-together")
        st.rerun()
    name = domain_choice("similar domain", "nice")
    groups = found[name]["groups"]
    test = np.zeros(len(data.domain(name).labels), bool)
    test[data.split(0).indices(name, "test")] = True
    pages = -(-len(groups) // GROUPS)
    page = 1
    if pages > 1:
        label = f"Page (of {pages})"
        page = int(st.number_input(label, 1, pages, 1, key=f"groups of {name}", width=160))
    for rows in groups[(page - 1) * GROUPS : page * GROUPS]:
        domain, shown = data.domain(name), spread(np.array(rows), PICTURES)
        names = " and ".join(data.categories[k] for k in np.unique(domain.labels[rows]))
        tests = int(test[rows].sum())
        st.markdown(f"**{names}**: {len(rows) - tests} for training, {tests} for testing")
        images = [domain.images[row] for row in shown]
        pictures.row(images, width=SIDE, alt=[domain.paths[row] for row in shown])


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
