"""One photo, and the answers of all networks of the mixing slider to it."""

import hashlib
from collections.abc import Mapping

import streamlit as st

from fruitlab.app.components import answers, pictures
from fruitlab.app.explore_page import mixing, picture, wrong
from fruitlab.app.networks import is_private
from fruitlab.inference import client, heatmap
from fruitlab.inference.client import Answers
from fruitlab.inference.confidence import CalibratedAnswer, calibrated_answer
from fruitlab.inference.examples import SELECTED, Example, drawn, examples
from fruitlab.inference.familiarity import is_familiar
from fruitlab.plots import style
from fruitlab.runs.entry import Entry
from fruitlab.runs.sweeps import Sweep

ACCENT = "#7b3f7d"  # if the theme has no primary colour


def show(sweep: Sweep, ratio: int) -> None:
    """Draws the input and the answers.

    Args:
        sweep: the runs of the slider.
        ratio: the selected one, in percent.
    """
    networks = {each: sweep.network(each) for each in sweep.ratios}
    client.start()  # PyTorch is imported while the visitor looks at the scores
    left, right = st.columns([5, 6], gap="large")
    with left:
        chosen = _choose(networks[ratio], asked=mixing.is_asked_for(sweep))
    with right, st.spinner("Loading networks …"):
        ids = [entry.id for entry in networks.values()]
        found = picture.attempt(lambda: _answers(chosen, ids))
    if found is None:
        return
    with left, st.container(horizontal=True, vertical_alignment="center"):
        with st.container(width=130):
            seen = heatmap.enlarged(found.seen, 300)
            pictures.row([seen], width=130, alt=["The photo, 100 by 100 pixels"])
        st.caption(f"The networks' input: 100 × 100 pixels. {_about(chosen, sweep)}", width=230)
    with right:
        theme = st.context.theme.type or "light"
        accent = st.get_option(f"theme.{theme}.primaryColor") or ACCENT
        st.html(answers.table(_rows(networks, found, chosen), chosen=ratio, accent=accent))
        entry = networks[ratio]
        wrong.show(found.seen, entry.data.get("categories", ()), entry.id)


def _choose(entry: Entry, *, asked: bool) -> bytes | Example:
    """Draws the input; returns the visitor's photo or the selected example.

    Args:
        asked: whether the visitor selected these networks. Without that, the examples are not the
            pictures that another visitor added.
    """
    shown = drawn() if is_private(entry) and not asked else examples(entry.run)
    return picture.choose(shown, _hint(entry, shown))


def _hint(entry: Entry, shown: list[Example]) -> str:
    """What the examples are."""
    kind = "drawn by code" if shown[0].drawn else "photographs"
    source = " from the test pictures" if shown[0].tested else ""
    markers = f"{style.SHAPES['nice']}\u00a0nice, {style.SHAPES['real']}\u00a0real"
    hint = f"Or one of these, {kind}{source}: {markers}."
    selected = {example.category for example in shown} == set(SELECTED)
    if entry.run.shipped and selected and shown[0].drawn:
        hint += (
            " These networks were trained on photographs and classify most drawings wrong; these "
            "six were chosen because the answers to them differ."
        )
    return hint


def _answers(chosen: bytes | Example, run_ids: list[str]) -> Answers:
    """The networks' answers, kept for each picture so that moving the slider is immediate.

    Raises:
        BadPicture: the picture cannot be used.
        PredictorError: the prediction server did not answer.
    """
    content = chosen.image if isinstance(chosen, Example) else chosen
    data = chosen.image.tobytes() if isinstance(chosen, Example) else chosen
    key = hashlib.blake2b(data).hexdigest(), tuple(run_ids)
    if st.session_state.get("asked", (None,))[0] != key:
        st.session_state.asked = key, client.top3_many(run_ids, content)
    return st.session_state.asked[1]


def _rows(
    networks: Mapping[int, Entry], found: Answers, chosen: bytes | Example
) -> list[answers.Row]:
    example = chosen if isinstance(chosen, Example) else None
    truth = example.category if example else None
    familiar = None if example else _familiar(next(iter(networks.values())), found)
    return [
        answers.Row(
            ratio,
            found.top.get(entry.id, []),
            _calibrated(entry, found, example, familiar),
            found.errors.get(entry.id, ""),
            truth,
        )
        for ratio, entry in networks.items()
    ]


def _familiar(entry: Entry, found: Answers) -> bool | None:
    """Whether the photo looks like the networks' training pictures, kept as the answers are."""
    key = st.session_state.asked[0]
    if st.session_state.get("familiar", (None,))[0] != key:
        st.session_state.familiar = key, is_familiar(entry.run, found.seen)
    return st.session_state.familiar[1]


def _calibrated(
    entry: Entry, found: Answers, example: Example | None, familiar: bool | None
) -> CalibratedAnswer | None:
    top = found.top.get(entry.id)
    if not top:
        return None
    if example is None:
        return calibrated_answer(entry.run, top, familiar=familiar)
    return calibrated_answer(
        entry.run, top, example.domain, drawn=example.drawn, tested=example.tested
    )


def _about(chosen: bytes | Example, sweep: Sweep) -> str:
    """What is known about the picture."""
    if not isinstance(chosen, Example):
        return "The photo stays on this machine."
    source = f", one of the {chosen.domain} test pictures" if chosen.tested else ""
    text = f"True category: {chosen.category}{source}."
    if chosen.drawn and sweep.kind == "photographs":
        text += " This picture is drawn: a photo of your own tells more."
    return text
