"""What to do next: up to three sentences, each with a link to act."""

from collections.abc import Sequence

import streamlit as st

from fruitlab.app import navigation
from fruitlab.data import store
from fruitlab.metrics.advice import Advice

LINKS = {  # kind of advice: page, label
    "mix": ("train", "Train a network with this mix"),
    "photos": ("data", "Add photos"),
    "confused": ("data", "Check these pictures"),
    "small": ("train", "Train the smaller network"),
    "large": ("data", "Take the pretrained network"),
}


def show(
    given: Sequence[Advice], *, name: str, fingerprint: str, ratio: int, run: str | None = None
) -> None:
    """Draws the sentences; nothing without any.

    Args:
        name, fingerprint: of the dataset, which the links open if it is on this machine.
        ratio: the recommended one, in percent.
        run: id of the run whose confusions are meant.
    """
    if not given:
        return
    here = store.local_name(name, fingerprint)
    st.markdown("**What to do next**")
    for one in given:
        page, label = LINKS[one.kind]
        if page == "train":
            query = {"method": "mixed", "ratio": str(ratio)} | ({"data": here} if here else {})
        else:
            query = {"name": here} if here else {}
        if one.kind == "confused" and run is not None:
            page, label, query = "runs", "See the mistakes", {"runs": run, "section": "mistakes"}
        left, right = st.columns([3, 1], vertical_alignment="center")
        left.markdown(one.text)
        with right:
            navigation.link(page, label, query=query)
