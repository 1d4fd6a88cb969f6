"""The live part of the Forgetting page: curves and measures of the selected runs."""

import streamlit as st

from fruitlab.app import navigation, permalinks, shared
from fruitlab.app.components import chart, live, status
from fruitlab.app.forgetting_page import measures
from fruitlab.config.text import plain
from fruitlab.methods.mixed import Mixed
from fruitlab.methods.registry import as_method
from fruitlab.plots import figures
from fruitlab.runs import captions, forgetting, references
from fruitlab.runs.entry import Entry


def watch(chosen: list[str], active: bool) -> None:
    """Draws the curves and updates them until all runs have ended.

    Args:
        chosen: ids of the selected runs.
        active: whether one of them trains or waits.
    """
    st.fragment(_view, run_every=live.EVERY if active else None)(chosen, active)


def _view(chosen: list[str], was_active: bool) -> None:
    every = shared.index().entries()
    entries = [entry for entry in every if entry.id in chosen and entry.config is not None]
    if any(entry.active for entry in entries) != was_active:
        st.rerun()
    entries.sort(key=lambda entry: chosen.index(entry.id))
    for entry in entries:
        status.brief(entry)
    entries = [entry for entry in entries if entry.switch is not None]
    if not entries:
        st.caption("Restricted training has not begun yet. The curves start there.")
        return
    top = live.top_toggle()
    first, names = entries[0], captions.distinct_legends(entries)
    joint = references.joint(every, first, forgetting.budget(first))
    measures.show(forgetting.measures(first, top), names[0] if len(entries) > 1 else None)
    figure = figures.forgetting(
        [forgetting.curve(entry, top, name) for entry, name in zip(entries, names, strict=True)],
        top=top,
        categories=first.categories,
        joint=_reference(joint, top),
    )
    ids = " ".join(entry.id for entry in entries)
    chart.show(figure, key=f"forgetting {ids} {top}", height=420)
    if joint is None:
        _missing_joint(first)
    else:
        st.caption(
            "Upper bound, *trained jointly*: "
            f"{plain(captions.readable_name(joint))}, which saw as many pictures, of both domains "
            "at once."
        )
    if len(entries) > 1:
        measures.table(entries, names, top)
    with st.expander("Definitions"):
        st.markdown(measures.DEFINITIONS)


def _reference(joint: Entry | None, top: int) -> tuple[str, float, float] | None:
    """Name, nice and real accuracy of the jointly trained run."""
    if joint is None or not isinstance(joint.config, Mixed):
        return None
    nice, real = joint.final("nice", top), joint.final("real", top)
    if nice is None or real is None:
        return None
    return captions.setting_caption("ratio", joint.config.ratio), nice, real


def _missing_joint(entry: Entry) -> None:
    st.caption(
        "No mixed run has seen as many pictures of this data yet. It would be the upper bound: "
        "joint training, without forgetting."
    )
    mixed = as_method(
        Mixed.name,
        entry.known_config,
        ratio=references.JOINT,
        iterations=forgetting.joint_iterations(entry),
    )
    navigation.link("train", "Train it", query=permalinks.to_query(mixed))
