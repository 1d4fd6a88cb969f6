"""Explore at every ratio: a closed-form head on a pretrained backbone, which needs no training."""

import hashlib
from typing import Any

import numpy as np
import streamlit as st

from fruitlab.app import assets
from fruitlab.app.components import photo
from fruitlab.app.components.chart import PLOTLY_SCRIPT
from fruitlab.app.explore_page import wrong
from fruitlab.closed_form.all_ratios import AllRatios
from fruitlab.data.categories import CATEGORIES
from fruitlab.data.pictures import BadPicture
from fruitlab.inference import client, heatmap
from fruitlab.inference.client import PredictorError
from fruitlab.inference.examples import Example, of_data
from fruitlab.plots import every_ratio, style
from fruitlab.runs.sweeps import Sweep
from fruitlab.studies import published

HEIGHT, PHOTO_HEIGHT = 380, 260  # of the plots, in pixels
_SCORES = "".join(
    f'<div class="{score}"><span style="color:{colour}" aria-hidden="true">'
    f"{style.SHAPES[score]}</span> {score.capitalize()}<b></b></div>"
    for score, colour in style.COLOURS.items()
)


def _component(name: str, page: str, script: str, height: int) -> Any:
    html = assets.read(page).replace("SCORES", _SCORES).replace("HEIGHT", str(height))
    js = PLOTLY_SCRIPT + assets.read("instant_shared.js") + assets.read(script)
    css = assets.read("instant.css")
    return st.components.v2.component(name, html=html, css=css, js=js, isolate_styles=False)


_curves = _component("fruitlab.instant", "instant.html", "instant.js", HEIGHT)
_photo = _component(
    "fruitlab.instant-photo", "instant_photo.html", "instant_photo.js", PHOTO_HEIGHT
)


def show(available: list[AllRatios], sweeps: list[Sweep]) -> None:
    """Draws slider, curves and the photo.

    Args:
        available: the heads at all ratios of each dataset, at least one.
        sweeps: networks that were trained from scratch, for comparison.
    """
    found = _of_data(available)
    fingerprint = found.facts["fingerprint"]
    trained = next((sweep for sweep in sweeps if sweep.fingerprint == fingerprint), None)
    ratio = _slider(found, trained)
    st.caption(_made_of(found))
    st.divider()
    st.subheader("One photo at every ratio")
    client.start()  # PyTorch is imported while the visitor looks at the curves
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
    wrong.show(seen, found.categories, wrong.taught(fingerprint, found.facts["network"]))


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


def _slider(found: AllRatios, trained: Sweep | None) -> int:
    """Draws scores and curves; returns the ratio in percent, at first the best one."""
    wanted = st.query_params.get("ratio", "")
    if wanted.isdecimal() and len(wanted) < 4:
        ratio = min(int(wanted), 100)
    else:
        ratio = found.best
    figure = every_ratio.curves(
        found.curves,
        best=found.best,
        near_best=found.near_best,
        paper=_paper(found),
        trained=_points(trained) if trained else None,
    )
    combined = found.curves["combined"]

    def moved() -> None:
        st.query_params["ratio"] = str(int(st.session_state["every ratio"]["ratio"]))

    _curves(
        key="every ratio",
        data={
            "ratio": ratio,
            "best": found.best,
            "scores": {name: _rounded(each["top1"]) for name, each in found.curves.items()},
            "lower": _rounded(combined["low"]),
            "upper": _rounded(combined["high"]),
            "title": figure["title"],
            "caption": figure["caption"],
            "traces": figure["data"],
            "layout": figure["layout"],
            "height": HEIGHT,
            "key": "every ratio",
        },
        on_ratio_change=moved,
    )
    return ratio


def _points(trained: Sweep) -> every_ratio.Points:
    values = [trained.scores(ratio) for ratio in trained.ratios]
    return {name: (trained.ratios, [scores[name] for scores in values]) for name in style.COLOURS}


def _paper(found: AllRatios) -> every_ratio.Points | None:
    """The paper's values, where the categories are among the paper's."""
    if not set(found.categories) <= set(CATEGORIES):
        return None
    return {
        name: (list(published.TABLE2), [row[name] for row in published.TABLE2.values()])
        for name in style.COLOURS
    }


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
        [(heatmap.data_url(example.image, "JPEG"), example.caption) for example in shown],
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
    curves = found.photo(feature_map.mean((1, 2)))
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
            "categories": found.categories,
            "probability": _rounded(curves.probability),
            "evidence": _strength(found.evidence(feature_map, curves.answer)) if spatial else None,
            "colours": heatmap.colours(),
            "caption": _flips(found, curves.answer, curves.flips),
            "traces": figure["data"],
            "layout": figure["layout"],
            "height": PHOTO_HEIGHT,
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


def _rounded(values: np.ndarray) -> list[Any]:
    return values.round(4).tolist()
