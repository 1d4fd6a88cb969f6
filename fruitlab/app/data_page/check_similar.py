"""Pictures that are nearly the same, and what they do to the accuracy on test pictures."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from fruitlab.app.components import pictures
from fruitlab.app.data_page.overview import spread
from fruitlab.data import changes
from fruitlab.data.domains import DOMAINS, DomainName, TwoDomains
from fruitlab.plots import style
from fruitlab.studies.similar_pictures import SEEDS, mean_accuracy

GROUPS, PICTURES, SIDE = 8, 8, 72  # groups on a page, pictures of each, pixels on the page


def show(
    data: TwoDomains, result: dict[str, Any], imported: bool, check: Callable[..., None]
) -> None:
    """Draws how many there are, what they do to the accuracy, and the largest groups.

    Args:
        data: the dataset.
        result: from `studies.data_check.check`.
        imported: whether the dataset can be changed.
        check: starts the check with options of `data check`.
    """
    splits = {
        label: {name: mean_accuracy(result["splits"][kind][name]) for name in DOMAINS}
        for kind, label in (("alone", "each alone"), ("together", "similar ones together"))
    }
    found = {name: result["similar"][name] for name in DOMAINS}
    across = " and ".join(
        f"{found[name]['across']:,} of {found[name]['test']:,} {name}" for name in DOMAINS
    )
    alone, together = (row["nice"] for row in splits.values())
    st.markdown(
        f"{across} test pictures have a nearly identical training picture, such as a frame of the "
        f"same video. A network is right on **{alone}** of nice test pictures; on **{together}** "
        "if similar ones stay on one side of the split."
    )
    table = pd.DataFrame(splits).T.reset_index(names="pictures split")
    st.dataframe(table, hide_index=True, width=420)
    st.caption(f"Means of {len(SEEDS)} splits; heads at 60% real, in closed form.")
    can_change = imported and not changes.made(data.name).similar
    if can_change and st.button(
        "Keep similar pictures together",
        icon=":material/join:",
        key="keep together",
        help="Changes the split of this dataset. Runs on the earlier split stay as they are.",
    ):
        check(data.name, "--keep-together")
        st.rerun()
    name = domain_choice("similar domain", "nice")
    _groups(data, name, found[name]["groups"])


def _groups(data: TwoDomains, name: DomainName, groups: list[list[int]]) -> None:
    """Draws a page of groups, a few pictures of each."""
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
