"""A data set on the page: its two domains side by side by category, its counts, what was left out and refused."""

import base64
import io
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image

from fruitlab.app.components import pictures
from fruitlab.config.errors import DataError
from fruitlab.data import store
from fruitlab.data.domains import DOMAINS, Domain, TwoDomains
from fruitlab.data.pictures import SIZE
from fruitlab.plots import style

STRIP, SIDE = 5, 64  # pictures of a category and domain in the overview, and their side in pixels
CLOSE = 24  # pictures of a category and domain when looked at closely
REFUSED = 200  # refused files that are listed
CSS = """<style>
.fl-data { display: grid; grid-template-columns: minmax(7rem, auto) 1fr 1fr; gap: .35rem 1rem; align-items: center; font-variant-numeric: tabular-nums; }
.fl-data > :nth-child(-n+3) { font-weight: 600; font-size: .9rem; } .fl-data img { max-width: 100%; height: auto; border-radius: 4px; display: block; }
.fl-data small { opacity: .75; display: block; }
@media (max-width: 640px) { .fl-data { grid-template-columns: 1fr 1fr; } .fl-data > :nth-child(3n+1) { grid-column: 1 / -1; margin-top: .35rem; font-weight: 600; } }
</style>"""


@st.cache_resource(show_spinner="Opening the data …", max_entries=4)
def _opened(name: str, fingerprint: str) -> TwoDomains | None:
    return store.load_cached(name)


@st.cache_data(show_spinner="Looking through the pictures …", max_entries=4)
def _overview(name: str, fingerprint: str) -> tuple[dict[str, Any], list[str], str]:
    """Counts by category of the split of seed 0, warnings on small test sets, and the overview as HTML."""
    data = _opened(name, fingerprint)
    split = data.split(0)
    counts = data.counts(split)
    cells = ["<div></div>", *(f"<div>{style.SHAPES[domain]} {domain}</div>" for domain in DOMAINS)]
    for label, category in enumerate(data.categories):
        cells.append(f"<div>{escape(category)}</div>")
        for domain in (data.nice, data.real):
            sides = counts[category][domain.name]
            picture = _strip(domain, label)
            cells.append(
                f'<div><img src="{picture}" width="{STRIP * (SIDE + 4) - 4}" alt="{escape(f"{category}, {domain.name} pictures")}">'
                f"<small>{sides['train']:,} to train, {sides['test']:,} to test</small></div>"
            )
    return (
        counts,
        data.small_test_warnings(split),
        f'{CSS}<div class="fl-data">{"".join(cells)}</div>',
    )


def _strip(domain: Domain, label: int) -> str:
    """A few of a category's pictures in a row, spread over its files, as a data address."""
    rows = spread(np.flatnonzero(domain.labels == label), STRIP)
    canvas = Image.new("RGBA", (STRIP * (SIDE + 4) - 4, SIDE), (0, 0, 0, 0))
    for place, row in enumerate(rows):
        canvas.paste(
            Image.fromarray(np.asarray(domain.images[row])).resize(
                (SIDE, SIDE), Image.Resampling.LANCZOS
            ),
            (place * (SIDE + 4), 0),
        )
    file = io.BytesIO()
    canvas.save(file, "WEBP", quality=80)
    return f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"


def spread(rows: np.ndarray, count: int) -> np.ndarray:
    """`count` of these rows, evenly spread; all if there are fewer."""
    return (
        rows
        if len(rows) <= count
        else rows[np.linspace(0, len(rows) - 1, count).round().astype(int)]
    )


def show(found: dict[str, Any], runs: Sequence[str]) -> None:
    """Everything about one entry of `store.available`.

    Args:
        runs: ids of the runs that were trained on it.
    """
    name = found["name"]
    if found["problem"]:
        st.error(found["problem"], icon=":material/error:")
        return
    if found["fingerprint"] is None:
        st.info(
            f"The built-in pair has not been drawn on this machine yet: {sum(count['nice'] for count in found['counts'].values()):,} pictures a domain, in "
            f"{len(found['categories'])} categories. It is drawn when it is first trained on, which takes about a minute, once.",
            icon=":material/brush:",
        )
        return
    try:
        counts, warnings, overview = _overview(name, found["fingerprint"])
    except (DataError, AttributeError) as error:
        st.error(
            str(error)
            if isinstance(error, DataError)
            else f"The data {name!r} is no longer there.",
            icon=":material/error:",
        )
        return
    _figures(found, counts, runs)
    for warning in warnings:
        with st.expander(warning.partition(":")[0], icon=":material/info:"):
            st.write(warning)
    data = _opened(name, found["fingerprint"])
    _left_out(data)
    st.subheader("The two domains, category by category")
    st.html(overview)
    _close(data)


def _figures(found: dict[str, Any], counts: dict[str, Any], runs: Sequence[str]) -> None:
    columns = st.columns(3)
    columns[0].metric("Categories", len(counts))
    for column, domain in zip(columns[1:], DOMAINS, strict=True):
        train, test = (
            sum(sides[domain][side] for sides in counts.values()) for side in ("train", "test")
        )
        column.metric(
            f"{style.SHAPES[domain]} {domain} pictures",
            f"{train + test:,}",
            f"{train:,} to train, {test:,} to test",
            delta_color="off",
            delta_arrow="off",
        )
    drawn = "drawn by the program" if found["kind"] == "drawn" else "photographs"
    used = (
        f"{len(runs)} run{'s' if len(runs) != 1 else ''} here trained on it"
        if runs
        else "no run here has trained on it"
    )
    st.caption(
        f"{drawn} · 40 % of each category are set aside for testing · {used} · fingerprint {found['fingerprint']}: data with the same one is the same"
    )
    if found["nice"]:
        gone = (
            ""
            if found["folders_there"]
            else " These folders are not there now; the pictures that were read from them are used."
        )
        st.caption(
            f"From {found['nice']} and {found['real']}, read {found['imported'][:16].replace('T', ' ')} UTC; "
            f"looked through for changes whenever a run starts.{gone}"
        )


def _left_out(data: TwoDomains) -> None:
    if data.left_out:
        with st.expander(
            f"{len(data.left_out)} categor{'ies' if len(data.left_out) != 1 else 'y'} left out",
            icon=":material/filter_alt:",
        ):
            st.dataframe(
                [{"category": category, "why": why} for category, why in data.left_out.items()],
                hide_index=True,
            )
    if data.refused:
        with st.expander(
            f"{len(data.refused):,} picture{'s' if len(data.refused) != 1 else ''} refused",
            icon=":material/broken_image:",
        ):
            st.dataframe(
                [{"file": one["file"], "why": one["reason"]} for one in data.refused[:REFUSED]],
                hide_index=True,
            )
            if len(data.refused) > REFUSED:
                st.caption(f"And {len(data.refused) - REFUSED:,} more.")


def _close(data: TwoDomains) -> None:
    """More pictures of one category, both domains beside each other."""
    category = st.selectbox(
        "Look closer at",
        data.categories,
        index=None,
        key=f"category of {data.name}",
        placeholder="a category",
    )
    if category is None:
        return
    label = data.categories.index(category)
    for column, domain in zip(st.columns(2), (data.nice, data.real), strict=True):
        rows = np.flatnonzero(domain.labels == label)
        with column:
            st.markdown(
                f"**{style.SHAPES[domain.name]} {domain.name}**: {len(rows):,} pictures, {min(CLOSE, len(rows))} of them here"
            )
            pictures.row(
                [domain.images[row] for row in spread(rows, CLOSE)],
                width=SIZE,
                alt=[f"{category}, {domain.name}"] * min(CLOSE, len(rows)),
            )
