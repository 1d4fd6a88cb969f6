"""Explore at every ratio: a closed-form head on a pretrained backbone, which needs no training."""

import hashlib
from collections.abc import Iterable
from functools import partial

import numpy as np
import streamlit as st

from fruitlab.app.components import advice, share
from fruitlab.app.explore_page import human, picture, story, wrong
from fruitlab.closed_form.all_ratios import AllRatios
from fruitlab.data import store
from fruitlab.features import familiar
from fruitlab.inference import client, heatmap
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
    shown = of_data(found.facts["data"], found.facts["fingerprint"], found.categories)
    kind = "drawn by code" if shown[0].drawn else "test pictures"
    marks = f"{style.SHAPES['nice']}\u00a0nice, {style.SHAPES['real']}\u00a0real"
    chosen = picture.choose(shown, f"Or one of these, {kind}: {marks}.")
    with st.spinner("Computing features …"):
        features = picture.attempt(lambda: _features(found, chosen))
    if features is None:
        return
    seen, feature_map = features
    _answers(found, chosen, seen, feature_map, ratio)
    fingerprint = found.facts["fingerprint"]
    taught = wrong.taught(fingerprint, found.facts["network"])
    here = (data["name"] for data in store.available() if data["fingerprint"] == fingerprint)
    wrong.show(seen, found.categories, taught, next(here, None))


def _of_data(available: list[AllRatios]) -> AllRatios:
    """Draws the choice of a dataset, if there are several; returns the one that is shown."""
    # Of several about the same pictures, the first counts.
    found = {str(one.facts["fingerprint"]): one for one in reversed(available)}
    if len(found) == 1:
        return available[0]
    prints, wanted = list(reversed(found)), st.query_params.get("data")
    # The address leads: it may have changed by a link or the Back button. Links name the data.
    named = (key for key in prints if wanted in (key, found[key].facts["data"]))
    if (asked := next(named, None)) is not None:
        st.session_state["ratios of"] = asked
    chosen = st.selectbox(
        "Dataset",
        prints,
        format_func=lambda key: _name(found[key], found.values()),
        key="ratios of",
        on_change=lambda: st.query_params.update(data=st.session_state["ratios of"]),
    )
    return found[chosen]


def _name(one: AllRatios, among: Iterable[AllRatios]) -> str:
    """The data's name, with the fingerprint's first digits if others have that name."""
    name = str(one.facts["data"])
    alone = sum(other.facts["data"] == name for other in among) == 1
    return name if alone else f"{name} ({one.facts['fingerprint'][:4]})"


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


def _features(found: AllRatios, chosen: bytes | Example) -> tuple[np.ndarray, np.ndarray]:
    """The photo's pixels and feature map, kept until another photo is chosen.

    Raises:
        BadPicture, PredictorError: as `client.feature_map` does.
    """
    content = chosen.image if isinstance(chosen, Example) else chosen
    network, size = found.facts["network"], found.facts["input_size"]
    digest = hashlib.blake2b(content.tobytes() if isinstance(content, np.ndarray) else content)
    key = digest.hexdigest(), network, size
    if st.session_state.get("features", (None,))[0] != key:
        st.session_state.features = key, client.feature_map(network, size, content)
    return st.session_state.features[1]


def _answers(
    found: AllRatios,
    chosen: bytes | Example,
    seen: np.ndarray,
    feature_map: np.ndarray,
    ratio: int,
) -> None:
    """Draws the answers at every ratio."""
    features = feature_map.mean((1, 2))
    known = None if isinstance(chosen, Example) else familiar.find(found.facts["fingerprint"])
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
    example = chosen if isinstance(chosen, Example) else None
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
        f"at {flip}% from {found.categories[answer[flip - 1]]} to {found.categories[answer[flip]]}"
        for flip in flips
    )
    return f"The answer changes {', '.join(changes)} (dotted lines)."


def _strength(evidence: np.ndarray) -> list[list[list[int]]]:
    """Evidence for the answer at each ratio, from 0 (none or against it) to 255 (the strongest)."""
    positive = evidence.clip(0)
    most = positive.max((1, 2), keepdims=True)
    return (255 * positive / np.where(most > 0, most, 1)).round().astype(int).tolist()
