"""A dataset: its size and origin, what was left out, and pictures of every category."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from fruitlab.app.components import pictures
from fruitlab.app.data_page import overview
from fruitlab.config.errors import DataError
from fruitlab.config.modes import Action, allows
from fruitlab.config.text import plain
from fruitlab.data import store
from fruitlab.data.domains import DOMAINS, Counts, TwoDomains
from fruitlab.data.pictures import SIZE
from fruitlab.plots import style

PICTURES = 24  # pictures per domain in the closer look at a category
MOST_REFUSED = 200  # refused files that are listed


def show(entry: dict[str, Any], runs: Sequence[str]) -> bool:
    """Shows a dataset's size and origin; returns whether its pictures can be shown.

    Args:
        entry: Its entry in ``store.available``.
        runs: Ids of the runs that were trained on it.
    """
    name = entry["name"]
    if entry["problem"]:
        problem = entry["problem"] if allows(Action.PATHS) else "This dataset cannot be read."
        st.error(plain(problem), icon=":material/error:")
        return False
    if entry["fingerprint"] is None:
        _show_not_drawn(entry)
        return False
    try:
        counts, warnings, _ = _read(name, entry["fingerprint"])
        data = opened(name, entry["fingerprint"])
    except DataError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return False
    _show_size(counts)
    _show_origin(entry, runs)
    for warning in warnings:
        with st.expander(plain(warning.partition(":")[0]), icon=":material/info:"):
            st.write(plain(warning))
    _show_left_out(data)
    _show_refused(data)
    return True


def show_pictures(entry: dict[str, Any]) -> None:
    """Shows pictures of every category of a dataset that `show` could read."""
    name, fingerprint = entry["name"], entry["fingerprint"]
    st.subheader("The two domains, category by category")
    st.html(_read(name, fingerprint)[2])
    _show_category(opened(name, fingerprint))


@st.cache_resource(show_spinner="Opening the dataset …", max_entries=4)
def opened(name: str, fingerprint: str) -> TwoDomains:
    """A dataset as it is on this machine, opened once for all visitors. Raises DataError."""
    data = store.load_cached(name)
    if data is None:  # removed since its entry was read
        raise DataError(f"The dataset {name!r} no longer exists.")
    return data


@st.cache_data(show_spinner="Reading the pictures …", max_entries=4)
def _read(name: str, fingerprint: str) -> tuple[Counts, list[str], str]:
    """Returns counts and warnings for the split of seed 0, and the overview as HTML."""
    data = opened(name, fingerprint)
    split = data.split(0)
    counts = data.counts(split)
    return counts, data.small_test_warnings(split), overview.render(data, counts)


def _show_not_drawn(entry: dict[str, Any]) -> None:
    pictures_each = sum(count["nice"] for count in entry["counts"].values())
    st.info(
        f"The built-in pair has not been drawn on this machine yet: {pictures_each:,} pictures per "
        f"domain, in {len(entry['categories'])} categories. The first run that trains on it draws "
        "it once, which takes about a minute.",
        icon=":material/brush:",
    )


def _show_size(counts: Counts) -> None:
    columns = st.columns(3)
    columns[0].metric("Categories", len(counts))
    for column, domain in zip(columns[1:], DOMAINS, strict=True):
        train, test = (
            sum(sides[domain][side] for sides in counts.values()) for side in ("train", "test")
        )
        column.metric(
            f"{style.SHAPES[domain]} {domain} pictures",
            f"{train + test:,}",
            f"{train:,} training, {test:,} test",
            delta_color="off",
            delta_arrow="off",
        )


def _show_origin(entry: dict[str, Any], runs: Sequence[str]) -> None:
    kind = "Drawn by FruitLab" if entry["kind"] == "drawn" else "Photographs"
    used = f"used by {_plural(len(runs), 'run')}" if runs else "not used by any run yet"
    st.caption(
        f"{kind} · 40% of each category are set aside for testing · {used} · "
        f"fingerprint {entry['fingerprint']} (equal for equal data)"
    )
    if entry["nice"] and allows(Action.PATHS):
        imported = entry["imported"][:16].replace("T", " ")
        changes = "Every run checks them for changes."
        if not entry["folders_there"]:
            changes = "These folders no longer exist, so the pictures imported then are used."
        st.caption(
            f"Imported from {entry['nice']} and {entry['real']} on {imported} UTC. {changes}"
        )


def _show_left_out(data: TwoDomains) -> None:
    if not data.left_out:
        return
    title = f"{_plural(len(data.left_out), 'category', 'categories')} left out"
    with st.expander(title, icon=":material/filter_alt:"):
        st.dataframe(
            [{"category": name, "reason": reason} for name, reason in data.left_out.items()],
            hide_index=True,
        )


def _show_refused(data: TwoDomains) -> None:
    if not data.refused:
        return
    title = f"{_plural(len(data.refused), 'picture')} could not be used"
    with st.expander(title, icon=":material/broken_image:"):
        st.dataframe(data.refused[:MOST_REFUSED], hide_index=True)
        if len(data.refused) > MOST_REFUSED:
            st.caption(f"And {len(data.refused) - MOST_REFUSED:,} more.")


def _show_category(data: TwoDomains) -> None:
    """Shows more pictures of one category, both domains side by side."""
    category = st.selectbox(
        "Look closer at",
        data.categories,
        index=None,
        key=f"category of {data.name}",
        placeholder="a category",
        width=480,
    )
    if category is None:
        return
    label = data.categories.index(category)
    for column, name in zip(st.columns(2), DOMAINS, strict=True):
        domain = data.domain(name)
        rows = np.flatnonzero(domain.labels == label)
        shown = overview.spread(rows, PICTURES)
        with column:
            some = "" if len(shown) == len(rows) else f"{len(shown)} of "
            st.markdown(f"**{style.SHAPES[name]} {name}**: {some}{_plural(len(rows), 'picture')}")
            images = [domain.images[row] for row in shown]
            pictures.row(images, width=SIZE, alt=[f"{category}, {name}"] * len(shown))


def _plural(count: int, singular: str, plural: str | None = None) -> str:
    noun = singular if count == 1 else plural or f"{singular}s"
    return f"{count:,} {noun}"
