"""The answer for a dataset in one click: the best ratio, a model to take, and what it confuses."""

from typing import Any

import pandas as pd
import streamlit as st

from fruitlab.app import all_ratios, navigation, shared
from fruitlab.app.components import advice, pictures, scores
from fruitlab.app.data_page import work
from fruitlab.app.runs_page.mistakes import images_of
from fruitlab.config.errors import RunError
from fruitlab.config.modes import Action, allows
from fruitlab.config.text import percent
from fruitlab.methods.closed_form import ClosedForm
from fruitlab.methods.mixed import Mixed
from fruitlab.metrics.accuracy import SCORES
from fruitlab.plots import style
from fruitlab.runs import jobs
from fruitlab.runs.entry import Entry
from fruitlab.studies.advice import of_ratios
from fruitlab.studies.answer import USE, confusions, model_file

TITLE = "The best mix for {name}"
EXAMPLES = 6  # pictures of a confusion


def show(entry: dict[str, Any]) -> None:
    """Draws the button, or the answer once there is one.

    Args:
        entry: the dataset's entry in `store.available`.
    """
    st.subheader("The best mix for these pictures", anchor="answer")
    run = _newest(entry["fingerprint"])
    working = any(
        job.title == TITLE.format(name=entry["name"]) and job.status() == "working"
        for job in jobs.all_jobs(work.root())
    )
    if run is None:
        st.markdown(
            "A pretrained network looks at every picture once. Then the last layer is computed for "
            "every mixing ratio at once, the best ratio is chosen on the training pictures, and "
            "the test pictures tell how good it is. Small datasets take a minute."
        )
    if working:
        st.caption("The answer is being computed: see the progress at the top of the page.")
    elif (
        run is None
        and allows(Action.JOB)
        and st.button("Get the answer", type="primary", icon=":material/bolt:", key="get answer")
    ):
        _start(entry["name"])
    if run is not None:
        _answer(run)


def _newest(fingerprint: str) -> Entry | None:
    """The newest closed-form run on these pictures; no corrected version, which has no file."""
    found = (
        entry
        for entry in shared.index().entries()
        if isinstance(entry.config, ClosedForm)
        and entry.status == "finished"
        and entry.data.get("fingerprint") == fingerprint
        and not entry.header.get("base")
    )
    return max(found, key=lambda entry: entry.created, default=None)


def _start(name: str) -> None:
    work.start(TITLE.format(name=name), ["answer", "--data", name, "--onnx"])
    st.rerun()


def _answer(entry: Entry) -> None:
    config = entry.config
    assert isinstance(config, ClosedForm)
    summary = entry.run.summary() or {}  # finished, so there is one
    left, right = st.columns([5, 6], gap="large")
    with left:
        st.markdown(
            f"Train on **{config.ratio}%** of the real and {100 - config.ratio}% of the "
            "nice pictures."
        )
        st.html(scores.large({name: summary[name]["top1"] for name in SCORES}, None))
        low, high = map(percent, summary["combined"]["top1_interval"])
        st.caption(f"Accuracy on the test pictures. 95% interval of combined: {low} to {high}.")
        _take(entry)
    with right:
        st.dataframe(_categories(summary), hide_index=True, height=280)
    fingerprint = entry.data["fingerprint"]
    if ratios := all_ratios.of(fingerprint):
        advice.show(
            of_ratios(ratios, _best_small(entry)),
            name=config.data,
            fingerprint=fingerprint,
            ratio=config.ratio,
            run=entry.id,
        )
    try:
        found = confusions(entry.run.predictions(), 4)
    except RunError as error:
        st.warning(str(error), icon=":material/broken_image:")
        return
    if found:
        st.markdown("**Most frequent confusions**")
    table = entry.run.predictions()
    for one in found:
        st.markdown(
            f"{style.SHAPES[one.domain]} **{one.category}** answered as **{one.answer}**: "
            f"{percent(one.share)} of its {one.domain} test pictures ({len(one.rows)})."
        )
        shown = list(one.rows[:EXAMPLES])
        images, problem = images_of(config.data, tuple(table["hash"][shown].tolist()))
        if problem:
            st.caption(problem)
        else:
            there = [image for image in images if image is not None]
            alt = [f"{one.category}, answered as {one.answer}"] * len(there)
            pictures.row(there, width=100, alt=alt)


def _best_small(entry: Entry) -> Entry | None:
    """The best run of the paper's network on the same pictures."""
    found = (
        other
        for other in shared.index().entries()
        if isinstance(other.config, Mixed)
        and other.config.network == "paper"
        and not other.config.validation
        and other.data.get("fingerprint") == entry.data.get("fingerprint")
        and other.final("combined") is not None
    )
    return max(found, key=lambda other: other.final("combined") or 0.0, default=None)


def _take(entry: Entry) -> None:
    """Draws what can be done with the network."""
    file = model_file(entry.run)
    if file.is_file():
        size = file.stat().st_size / 1e6
        st.download_button(
            f"Take the model ({size:.0f} MB)",
            lambda: file.read_bytes(),
            file_name=f"{entry.id}.onnx",
            mime="application/octet-stream",
            icon=":material/download:",
            type="primary",
            on_click="ignore",
            help="One ONNX file: RGB pictures in, probabilities out.",
        )
        with st.expander("Use it in Python", icon=":material/code:"):
            st.code(USE.format(file=f"{entry.id}.onnx"), language="python")
    with st.container(horizontal=True):
        navigation.link(
            "explore", "Try every ratio on a photo", query={"data": entry.data["fingerprint"]}
        )
        navigation.link("classify", "Classify photos", query={"run": entry.id})


def _categories(summary: dict[str, Any]) -> pd.DataFrame:
    """Accuracy of each category, the lowest on real pictures first."""
    found = {
        domain: {name: one["top1"] for name, one in summary[domain]["per_category"].items()}
        for domain in ("nice", "real")
    }
    table = pd.DataFrame(found).sort_values("real").reset_index(names="category")
    return table.assign(**{domain: table[domain].map(percent) for domain in found})
