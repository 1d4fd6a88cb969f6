"""The confusion matrix of a run, and the test pictures in the selected cell."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from fruitlab.app.components import confusion, pictures
from fruitlab.app.local_data import local_name
from fruitlab.app.runs_page.predictions import DAMAGED, choose_set, predictions, report_damage
from fruitlab.config.errors import DataError
from fruitlab.config.text import percent
from fruitlab.data import store
from fruitlab.runs.entry import Entry

ON_A_PAGE = 24  # pictures


def show(entry: Entry) -> None:
    """Draws the matrix of one test set and the pictures of the selected cell."""
    table = predictions(entry)
    if table is None:
        return
    domain = choose_set("confusion set")
    try:
        names = table["categories"].tolist()
        rows = np.flatnonzero(table["real"] == (domain == "real"))
        truth, answers = table["truth"][rows], table["top3"][rows, 0]
        matrix = confusion.counts(truth, answers, len(names))
    except DAMAGED as error:
        report_damage(entry, error)
        return
    correct = int(np.trace(matrix))
    share = percent(correct / max(1, len(rows)))
    st.caption(
        f"Rows are true categories, columns are the network's answers. {correct:,} of "
        f"{len(rows):,} {domain} test pictures ({share}) are on the diagonal. Click a cell to see "
        "its pictures."
    )
    cell = confusion.show(
        matrix,
        names,
        label=f"Confusion matrix, {domain} test set",
        key=f"confusion {entry.id} {domain}",
    )
    if cell is None:
        st.success(
            f"All {len(rows):,} {domain} test pictures are classified correctly. Click a cell of "
            "the diagonal to see some.",
            icon=":material/check:",
        )
        return
    inside = rows[(truth == cell[0]) & (answers == cell[1])]
    result = "correctly" if cell[0] == cell[1] else f"as {names[cell[1]]}"
    count = f"{len(inside):,} {domain} test picture{'s' if len(inside) != 1 else ''}"
    st.markdown(f"**{names[cell[0]]}, classified {result}: {count}**")
    if not len(inside):
        st.caption("No pictures. Select a cell with a number.")
        return
    inside = inside[np.argsort(-table["probability"][inside, 0], kind="stable")]
    show_pictures(
        entry,
        table,
        inside,
        caption=lambda row: percent(float(table["probability"][row, 0])),
        key=f"page {entry.id} {inside[0]}",
    )


def show_pictures(
    entry: Entry,
    table: dict[str, np.ndarray],
    rows: np.ndarray,
    *,
    caption: Callable[[int], str],
    key: str,
) -> None:
    """Draws the pictures of these rows of a table, page by page; their names without the data.

    Args:
        entry: the run that the table is of.
        caption: the text below the picture of a row.
        key: of the choice of pages.
    """
    rows = _page(rows, key=key)
    paths = [str(table["path"][row]) for row in rows]
    captions = [caption(int(row)) for row in rows]
    name = local_name(entry) or entry.known_config.data
    images, problem = images_of(name, tuple(table["hash"][rows].tolist()))
    if problem:
        st.info(problem, icon=":material/image_not_supported:")
        with st.expander(f"Names of {len(rows)} picture{'s' if len(rows) != 1 else ''}"):
            lines = zip(paths, captions, strict=True)
            st.code("\n".join(f"{path}  ({text})" for path, text in lines), language=None)
        return
    found = [i for i, image in enumerate(images) if image is not None]
    pictures.row(
        [image for image in images if image is not None],
        width=100,
        captions=[captions[i] for i in found],
        alt=[paths[i] for i in found],
    )
    for path, image in zip(paths, images, strict=True):
        if image is None:
            st.caption(f"{path}: no longer in the data")


def _page(rows: np.ndarray, *, key: str) -> np.ndarray:
    """The rows of one page, with a choice of pages if there are several."""
    pages = -(-len(rows) // ON_A_PAGE)
    page = (
        st.number_input(f"Page (of {pages})", 1, pages, 1, key=key, width=160) if pages > 1 else 1
    )
    return rows[(page - 1) * ON_A_PAGE : page * ON_A_PAGE]


def images_of(name: str, hashes: tuple[str, ...]) -> tuple[list[np.ndarray | None], str | None]:
    """The pictures of a dataset with these content hashes.

    Returns:
        The pictures, uint8 [100, 100, 3] each, None for one that is no longer in the data; and
        why there are none at all, or None.
    """
    try:
        data = store.load_cached(name)
    except DataError as error:
        return [], str(error)
    if data is None:
        if name.partition(":")[0] == store.BUILT_IN:
            return [], f"The data {name!r} is drawn when it is first trained on."
        return [], f"The data {name!r} is not on this machine."
    rows = _rows(name, data.fingerprint)
    if not any(content in rows for content in hashes):
        return [], f"The data {name!r} has changed: these pictures are no longer in it."
    domains = {"nice": data.nice, "real": data.real}
    images: list[np.ndarray | None] = []
    for content in hashes:
        domain, row = rows.get(content, (None, 0))
        images.append(np.array(domains[domain].images[row]) if domain else None)
    return images, None


@st.cache_data(show_spinner=False, max_entries=4)
def _rows(name: str, fingerprint: str) -> dict[str, tuple[str, int]]:
    """Domain and row of each content hash of a dataset."""
    data = store.load_cached(name)
    if data is None:
        return {}
    return {
        content: (domain.name, row)
        for domain in (data.real, data.nice)
        for row, content in enumerate(domain.hashes)
    }
