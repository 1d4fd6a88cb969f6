"""The photos that were corrected on this machine, and a way to delete some for good."""

import streamlit as st

from fruitlab.app.components import pictures
from fruitlab.config.errors import DataError
from fruitlab.config.modes import Action, allows
from fruitlab.config.text import plain
from fruitlab.data import collection

ON_A_PAGE = 24  # pictures


def show() -> None:
    """Draws the collection of the pages; nothing without corrected photos."""
    found = collection.pictures() if allows(Action.COLLECT) else []
    if not found:
        return
    st.subheader("Corrected photos")
    st.caption(
        f"{len(found):,} in all, each with the category that somebody chose. Deleting one "
        "deletes its file, and what closed-form networks have learned from it."
    )
    pages = -(-len(found) // ON_A_PAGE)
    page = 1
    if pages > 1:
        page = st.number_input(f"Page (of {pages})", 1, pages, key="corrected page", width=160)
    start = (page - 1) * ON_A_PAGE
    shown = dict(enumerate(found[start : start + ON_A_PAGE], start=start + 1))
    images, unreadable = {}, []
    for number, one in shown.items():
        try:
            images[number] = one.read()
        except DataError as error:
            unreadable.append(str(error))
    pictures.row(
        list(images.values()),
        width=100,
        captions=[f"{number} {shown[number].category}" for number in images],
        alt=[shown[number].category for number in images],
    )
    for message in unreadable:
        st.warning(plain(message), icon=":material/broken_image:")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.multiselect(
            "Photos to delete",
            list(shown),
            key=f"corrected {len(found)}",
            format_func=lambda number: f"{number} {shown[number].category}",
            width=400,
        )
        if st.button("Delete", icon=":material/delete:", key="forget", disabled=not chosen):
            from fruitlab.corrections.learning import forget  # SciPy takes a while

            forget([shown[number].hash for number in chosen])
            st.rerun()
