"""One finished run looked at closely: each category's accuracy, and its mistakes with their pictures. From summary.json and predictions.npz."""

import csv
import io
from typing import Any

import numpy as np
import streamlit as st

from fruitlab.app.components import chart, confusion, pictures
from fruitlab.config.errors import DataError, RunError
from fruitlab.config.text import percent
from fruitlab.data import store
from fruitlab.data.domains import DOMAINS
from fruitlab.metrics import accuracy
from fruitlab.plots import style
from fruitlab.plots.figures import Figure
from fruitlab.runs.index import Entry

SHOWN = 24  # pictures of a cell at a time


@st.cache_data(show_spinner=False, max_entries=16)
def _table(folder: str, changed: int, _entry: Entry) -> dict[str, np.ndarray]:
    """predictions.npz of a run as it was written at that time."""
    return _entry.run.predictions()


def predictions(entry: Entry) -> dict[str, np.ndarray] | None:
    """The run's predictions; None, and a sentence on the page, where there are none."""
    path = entry.run.folder / "predictions.npz"
    try:
        return _table(str(path), path.stat().st_mtime_ns if path.exists() else 0, entry)
    except RunError as error:
        if entry.run.shipped and not path.exists():
            st.info(str(error), icon=":material/info:")
        elif entry.status == "finished":
            st.error(str(error), icon=":material/error:")
        else:
            st.info(
                f"{entry.title} is {entry.status}. What it makes of every single test picture is written when it has finished.",
                icon=":material/info:",
            )
        return None


def categories(entry: Entry) -> None:
    """Accuracy by category on both test sets with 95 % intervals, as a plot and as a CSV."""
    scores = (
        entry.summary
    )  # of a finished run it has them, with or without the answers they come from
    try:
        if not all("per_category" in (scores.get(domain) or {}) for domain in ("nice", "real")):
            table = predictions(entry)
            if table is None:
                return
            scores = accuracy.table_scores(table)
        top = int(st.session_state.get("runs metric") == "top3") * 2 + 1
        chart.show(
            category_figure(scores, top=top),
            key=f"categories {entry.id} {top}",
            height=max(260, 60 + 26 * len(scores["nice"]["per_category"])),
        )
    except (KeyError, IndexError, ValueError, TypeError, AttributeError) as error:
        st.error(
            f"{entry.id}: its predictions are not as they were written ({error}). Train the run again.",
            icon=":material/error:",
        )
        return
    st.download_button(
        "Categories as CSV",
        categories_csv(scores),
        f"{entry.id}-categories.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        key="categories csv",
    )


def category_figure(scores: dict[str, Any], *, top: int) -> Figure:
    """A row a category, the hardest of the real ones at the top; intervals after Wilson."""
    name = f"top{top}"
    sides = {domain: scores[domain]["per_category"] for domain in DOMAINS}
    order = sorted(
        sides["real"].keys() | sides["nice"].keys(),
        key=lambda c: (sides["real"].get(c, {}).get(name, -1.0), c),
        reverse=True,
    )
    data = []
    for domain, aside in zip(
        DOMAINS, (0.17, -0.17), strict=True
    ):  # above and below the category's line, so that no interval hides another
        rows = [
            (place, sides[domain][category])
            for place, category in enumerate(order)
            if category in sides[domain]
        ]
        values = [row[name] for _, row in rows]
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": domain,
                "x": values,
                "y": [place + aside for place, _ in rows],
                "marker": {
                    "color": style.COLOURS[domain],
                    "symbol": style.SYMBOLS[domain],
                    "size": 9,
                },
                "error_x": {
                    "type": "data",
                    "symmetric": False,
                    "array": [row[f"{name}_interval"][1] - row[name] for _, row in rows],
                    "arrayminus": [row[name] - row[f"{name}_interval"][0] for _, row in rows],
                    "color": style.faded(style.COLOURS[domain], 0.45),
                    "thickness": 2,
                    "width": 0,
                },
                "customdata": [
                    [*row[f"{name}_interval"], row["pictures"], order[place]] for place, row in rows
                ],
                "hovertemplate": "%{customdata[3]}: %{x:.1%} (95 %: %{customdata[0]:.1%} to %{customdata[1]:.1%}, %{customdata[2]} pictures)"
                f"<extra>{domain}</extra>",
            }
        )
    hardest = [
        f"{category} {percent(sides['real'][category][name])}"
        for category in order[::-1]
        if category in sides["real"]
    ][:3]
    return {
        "title": f"Top-{top} accuracy of each category",
        "data": data,
        "reading": f"Hardest in real photos: {', '.join(hardest)}. Lines are 95 % intervals (Wilson): the fewer test pictures, the wider.",
        "layout": {
            "xaxis": style.axis(
                f"share of test pictures right (top-{top})", tickformat=".0%", range=[-0.01, 1.02]
            ),
            "yaxis": style.axis(
                "",
                tickvals=list(range(len(order))),
                ticktext=order,
                range=[-0.7, len(order) - 0.3],
                zeroline=False,
            ),
            "hovermode": "closest",
        },
    }


def categories_csv(scores: dict[str, Any]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        [
            "category",
            "test set",
            "pictures",
            "top1",
            "top1_low",
            "top1_high",
            "top3",
            "top3_low",
            "top3_high",
        ]
    )
    for domain in DOMAINS:
        for category, row in scores[domain]["per_category"].items():
            writer.writerow(
                [
                    category,
                    domain,
                    row["pictures"],
                    row["top1"],
                    *row["top1_interval"],
                    row["top3"],
                    *row["top3_interval"],
                ]
            )
    return text.getvalue()


def mistakes(entry: Entry) -> None:
    """The confusion matrix of one test set; a cell opens its pictures."""
    table = predictions(entry)
    if table is None:
        return
    domain = (
        st.segmented_control(
            "Test set",
            DOMAINS,
            default="real",
            key="confusion set",
            required=True,
            format_func=lambda name: f"{style.SHAPES[name]} {name}",
        )
        or "real"
    )
    try:
        names = table["categories"].tolist()
        rows = np.flatnonzero(table["real"] == (domain == "real"))
        truth, said = table["truth"][rows], table["top3"][rows, 0]
        matrix = confusion.counts(truth, said, len(names))
    except (KeyError, IndexError, ValueError, TypeError, AttributeError) as error:
        st.error(
            f"{entry.id}: its predictions are not as they were written ({error}). Train the run again.",
            icon=":material/error:",
        )
        return
    right = int(np.trace(matrix))
    st.caption(
        f"Rows: what is on the picture. Columns: what the network says. {right:,} of {len(rows):,} {domain} test pictures are on the diagonal "
        f"({percent(right / max(1, len(rows)))}). Click a cell to see its pictures, or their names where they are not on this machine."
    )
    cell = confusion.show(
        matrix,
        names,
        label=f"Confusion matrix, {domain} test set",
        key=f"confusion {entry.id} {domain}",
    )
    if cell is None:
        st.success(
            f"Every one of the {len(rows):,} {domain} test pictures is recognised. Click a cell of the diagonal to see some.",
            icon=":material/check:",
        )
        return
    inside = rows[(truth == cell[0]) & (said == cell[1])]
    what = (
        f"{names[cell[0]]}, recognised"
        if cell[0] == cell[1]
        else f"{names[cell[0]]}, taken for {names[cell[1]]}"
    )
    st.markdown(
        f"**{what}: {len(inside):,} {domain} test picture{'s' if len(inside) != 1 else ''}**"
    )
    _pictures(entry, table, inside)


def _pictures(entry: Entry, table: dict[str, np.ndarray], rows: np.ndarray) -> None:
    """The pictures of these predictions, the surest first; their names where the data is not here."""
    if not len(rows):
        st.caption("None. Choose a cell with a number in it.")
        return
    rows = rows[np.argsort(-table["probability"][rows, 0], kind="stable")]
    pages = -(-len(rows) // SHOWN)
    page = (
        st.number_input(
            f"Page (of {pages})", 1, pages, 1, key=f"page {entry.id} {rows[0]}", width=160
        )
        if pages > 1
        else 1
    )
    rows = rows[(page - 1) * SHOWN : page * SHOWN]
    sure = [percent(float(table["probability"][row, 0])) for row in rows]
    images, why = images_of(entry.config.data, tuple(table["hash"][rows].tolist()))
    if why:
        st.info(why, icon=":material/image_not_supported:")
        with st.expander(f"The names of {len(rows)} picture{'s' if len(rows) != 1 else ''}"):
            st.code(
                "\n".join(
                    f"{table['path'][row]}  ({text} sure)"
                    for row, text in zip(rows, sure, strict=True)
                ),
                language=None,
            )
        return
    there = [
        (image, text, str(table["path"][row]))
        for row, image, text in zip(rows, images, sure, strict=True)
        if image is not None
    ]
    pictures.row(
        [image for image, *_ in there],
        width=100,
        captions=[f"{text} sure" for _, text, _ in there],
        alt=[path for *_, path in there],
    )
    for row, image in zip(rows, images, strict=True):
        if image is None:
            st.caption(f"{table['path'][row]}: not in the data any more")


def images_of(name: str, hashes: tuple[str, ...]) -> tuple[list[np.ndarray | None], str | None]:
    """The pictures of these content hashes, None for each that is gone; or why there are none to show."""
    try:
        data = store.load_cached(name)
    except DataError as error:
        return [], str(error)
    if data is None:
        drawn = name.partition(":")[0] == store.BUILT_IN
        return [], f"The data {name!r} is not on this machine" + (
            " yet: it is drawn when it is first trained on." if drawn else "."
        )
    known = _places(name, data.fingerprint)
    domains = {"nice": data.nice, "real": data.real}
    if not any(content in known for content in hashes):
        return (
            [],
            f"The pictures of {name!r} have changed since, and these are not among them any more.",
        )
    return [
        None
        if content not in known
        else np.array(domains[known[content][0]].images[known[content][1]])
        for content in hashes
    ], None


@st.cache_data(show_spinner=False, max_entries=4)
def _places(name: str, fingerprint: str) -> dict[str, tuple[str, int]]:
    """{content hash: (domain, row)} of a data set."""
    data = store.load_cached(name)
    return (
        {
            content: (domain.name, row)
            for domain in (data.real, data.nice)
            for row, content in enumerate(domain.hashes)
        }
        if data
        else {}
    )
