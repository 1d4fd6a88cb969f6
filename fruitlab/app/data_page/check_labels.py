"""Pictures whose label is doubtful: look at them, leave some out, take that back."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from fruitlab.app.components import pictures
from fruitlab.config.errors import DataError
from fruitlab.data import changes
from fruitlab.data.domains import DomainName, TwoDomains
from fruitlab.studies import data_check

SIDE = 120  # pixels of a picture on the page
PROBLEM = "check problem"  # session state: why the last change failed


def made(name: str) -> None:
    """Says how a dataset was changed, with buttons that take it back."""
    if problem := st.session_state.pop(PROBLEM, None):
        st.error(problem, icon=":material/error:")
    changed = changes.made(name)
    if count := len(changed.excluded):
        what = "1 picture is" if count == 1 else f"{count:,} pictures are"
        _undo(
            f"{what} left out of this dataset. The files are untouched.", changes.include_all, name
        )
    if changed.similar:
        _undo("Similar pictures stay on one side of the split.", changes.ungroup, name)


def _undo(text: str, change: Callable[[str], Any], name: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(text, width="content")
        if st.button("Undo", icon=":material/undo:", key=f"undo {change.__name__}"):
            _change(lambda: change(name))


def show(
    data: TwoDomains,
    name: DomainName,
    found: list[dict[str, Any]],
    imported: bool,
    check: Callable[[str], None],
) -> None:
    """Draws the pictures, with a form to leave some out.

    Args:
        data: the dataset.
        name: of the domain.
        found: its doubtful pictures (`data_check.doubtful`).
        imported: whether the dataset can be changed.
        check: starts the check of the changed dataset.
    """
    if not found:
        st.success(f"The labels of all {name} pictures are confirmed.", icon=":material/check:")
        return
    st.markdown(
        f"These {name} pictures look least like their label to a network that has learned from all "
        "the others. Some are wrong, some merely hard."
    )
    domain, ticked = data.domain(name), []
    with st.form(f"doubtful {name}", border=False):
        with st.container(horizontal=True):
            for one in found:
                row, label = one["row"], data.categories[domain.labels[one["row"]]]
                answer = data.categories[one["answer"]]
                with st.container(width=SIDE, gap="xsmall"):
                    pictures.row(
                        [domain.images[row]],
                        width=SIDE,
                        alt=[domain.paths[row]],
                        captions=[f"rather {answer}"],
                    )
                    if st.checkbox(label, key=f"doubt {name} {domain.hashes[row]}"):
                        ticked.append(domain.hashes[row])
        sent = st.form_submit_button(
            "Leave the ticked pictures out", icon=":material/hide_image:", disabled=not imported
        )
    if not imported:
        st.caption("The built-in pair is drawn, so its labels are right.")
    elif sent and ticked:
        _change(lambda: data_check.exclude(data, ticked), then=lambda: check(data.name))


def _change(change: Callable[[], Any], then: Callable[[], None] = lambda: None) -> None:
    """Changes the dataset, then draws the page again."""
    try:
        with st.spinner("Changing the dataset …"):
            change()
        then()
    except DataError as error:
        st.session_state[PROBLEM] = str(error)
    st.rerun()
