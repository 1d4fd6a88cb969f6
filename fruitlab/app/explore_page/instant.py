"""Explore at every ratio: a closed-form head on a pretrained backbone, which needs no training."""

import hashlib
from functools import partial

import numpy as np
import streamlit as st

from fruitlab.app.components import advice, photo, share
from fruitlab.app.explore_page import human, story, wrong
from fruitlab.closed_form.all_ratios import AllRatios
from fruitlab.data import store
from fruitlab.data.pictures import BadPicture
from fruitlab.features import familiar
from fruitlab.inference import client, heatmap
from fruitlab.inference.client import PredictorError
from fruitlab.inference.examples import Example, of_data
from fruitlab.inference.familiarity import UNFAMILIAR
from fruitlab.plots import every_ratio, style
from fruitlab.reports import card
from fruitlab.runs.sweeps import Sweep
from fruitlab.studies.advice import of_ratios

HEIGHT = 260  # of the plot, in pixels
_photo = story.component("fruitlab.instant-photo", "instant_photo.html", HEIGHT, "instant_photo.js")


def show(available: list[AllRatios], sweeps: list[Sweep]) -> None:
    """Draws the story and the photo.

    Args:
        available: the heads at all ratios of each dataset, at least one.
        sweeps: networks that were trained from scratch, for comparison.
    """
    found = _of_data(available)
    fingerprint = found.facts["fingerprint"]
    trained = next((sweep for sweep in sweeps if sweep.fingerprint == fingerprint), None)
    ratio = story.show(found, trained)
    st.caption(_made_of(found))
    advice.show(
        of_ratios(found), name=found.facts["data"], fingerprint=fingerprint, ratio=found.best
    )
    share.card(partial(card.of_ratios, found), found.facts["data"])
    st.divider()
    st.subheader("One photo at every ratio", anchor=story.PHOTO)
    client.start()  # PyTorch is imported while the visitor looks at the curves
    _one_photo(found, ratio)
    human.show(found)


def _one_photo(found: AllRatios, ratio: int) -> None:
    """Draws the choice of a photo and its answers."""
    picture = _choose(found)
    with st.spinner("Computing features …"):
        try:
            seen, feature_map = _features(found, picture)
        except BadPicture as error:
            st.warning(f"This picture cannot be used: {error}.", icon=":material/broken_image:")
            return
        except PredictorError as error:
            st.warning(str(error), icon=":material/broken_image:")
            return
    _answers(found, picture, seen, feature_map, ratio)
    fingerprint = found.facts["fingerprint"]
    taught = wrong.taught(fingerprint, found.facts["network"])
    here = (data["name"] for data in store.available() if data["fingerprint"] == fingerprint)
    wrong.show(seen, found.categories, taught, next(here, None))


def _of_data(available: list[AllRatios]) -> AllRatios:
    """Draws the choice of a dataset, if there are several; returns the one that is shown."""
    by_name = {found.facts["data"]: found for found in reversed(available)}
    if len(by_name) == 1:
        return available[0]
    names, wanted = list(reversed(by_name)), st.query_params.get("data")
    # The address leads: it may have changed by a link or the Back button.
    if wanted in by_name:
        st.session_state["ratios of"] = wanted
    name = st.selectbox(
        "Dataset",
        names,
        key="ratios of",
        on_change=lambda: st.query_params.update(data=st.session_state["ratios of"]),
    )
    return by_name[name]


def _made_of(found: AllRatios) -> str:
    """What the answers come from."""
    facts = found.facts
    nice, real = facts["training_pictures"]
    tested = sum(facts["test_pictures"])
    return (
        f"No network is trained here: the pretrained backbone of {facts['network']} computes "
        f"features of {nice:,} nice and {real:,} real training pictures, and ridge regression "
        f"gives the last layer for every ratio (λ = {facts['ridge']:g}, chosen on the training "
        f"pictures). Accuracies are of all {tested:,} test pictures of *{facts['data']}*."
    )


def _choose(found: AllRatios) -> bytes | Example:
    """Draws the input; returns the visitor's photo or the selected example."""
    shown = of_data(found.facts["data"], found.facts["fingerprint"], found.categories)
    chosen = st.session_state.setdefault("photo", 0)
    kind = "drawn by code" if shown[0].drawn else "test pictures"
    given = photo.photo(
        [(example.url, example.caption) for example in shown],
        chosen if isinstance(chosen, int) else None,
        hint=f"Or one of these, {kind}: {style.SHAPES['nice']} nice, {style.SHAPES['real']} real.",
        key="photo in",
    )
    if given is not None and given != chosen:
        st.session_state.photo = given
        st.rerun()
    return shown[min(chosen, len(shown) - 1)] if isinstance(chosen, int) else chosen


def _features(found: AllRatios, picture: bytes | Example) -> tuple[np.ndarray, np.ndarray]:
    """The photo's pixels and feature map, kept until another photo is chosen.

    Raises:
        BadPicture, PredictorError: as `client.feature_map` does.
    """
    content = picture.image if isinstance(picture, Example) else picture
    network, size = found.facts["network"], found.facts["input_size"]
    digest = hashlib.blake2b(content.tobytes() if isinstance(content, np.ndarray) else content)
    key = digest.hexdigest(), network, size
    if st.session_state.get("features", (None,))[0] != key:
        st.session_state.features = key, client.feature_map(network, size, content)
    return st.session_state.features[1]


def _answers(
    found: AllRatios,
    picture: bytes | Example,
    seen: np.ndarray,
    feature_map: np.ndarray,
    ratio: int,
) -> None:
    """Draws the answers at every ratio."""
    features = feature_map.mean((1, 2))
    known = None if isinstance(picture, Example) else familiar.find(found.facts["fingerprint"])
    unfamiliar = bool(
        known and known.network == found.facts["network"] and not known.includes(features)
    )
    if unfamiliar:
        st.warning(f"{UNFAMILIAR} Its answers mean little.", icon=":material/help:")
    curves = found.photo(features)
    places = curves.likeliest(len(every_ratio.CATEGORY_COLOURS))
    names = [found.categories[place] for place in places]
    figure = every_ratio.photo(curves.probability[:, places], names, curves.flips)
    spatial = feature_map.shape[1] > 1
    example = picture if isinstance(picture, Example) else None
    about = (
        "The photo stays on this machine."
        if example is None
        else f"True category: {example.category}."
    )
    _photo(
        key="every answer",
        data={
            "ratio": ratio,
            "image": heatmap.data_url(seen, "PNG"),
            "about": f"The network's input: 100 × 100 pixels. {about}",
            "truth": example.category if example else None,
            "unfamiliar": unfamiliar,
            "categories": found.categories,
            "probability": story.rounded(curves.probability),
            "evidence": _strength(found.evidence(feature_map, curves.answer)) if spatial else None,
            "colours": heatmap.colours(),
            "caption": _flips(found, curves.answer, curves.flips),
            "traces": figure["data"],
            "layout": figure["layout"],
            "height": HEIGHT,
            "key": "every answer",
        },
    )


def _flips(found: AllRatios, answer: np.ndarray, flips: tuple[int, ...]) -> str:
    """At which ratios the answer changes, as a sentence."""
    if not flips:
        return f"The answer is {found.categories[answer[0]]} at every ratio."
    changes = (
        f"at {flip} % from {found.categories[answer[flip - 1]]} to {found.categories[answer[flip]]}"
        for flip in flips
    )
    return f"The answer changes {', '.join(changes)} (dotted lines)."


def _strength(evidence: np.ndarray) -> list[list[list[int]]]:
    """Evidence for the answer at each ratio, from 0 (none or against it) to 255 (the strongest)."""
    positive = evidence.clip(0)
    most = positive.max((1, 2), keepdims=True)
    return (255 * positive / np.where(most > 0, most, 1)).round().astype(int).tolist()
