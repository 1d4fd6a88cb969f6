"""The first screen: one slider over the mixing ratio, and the categories that turn right or wrong.

Everything that the slider moves is sent once and drawn in the browser (`assets/instant.js`).
"""

from typing import Any

import numpy as np
import streamlit as st

from fruitlab.app import assets, navigation
from fruitlab.app.components.chart import PLOTLY_SCRIPT
from fruitlab.closed_form.all_ratios import AllRatios
from fruitlab.config.text import whole_number
from fruitlab.data.categories import CATEGORIES
from fruitlab.inference.examples import of_categories
from fruitlab.plots import every_ratio, style
from fruitlab.runs.sweeps import Sweep
from fruitlab.studies import published

HEIGHT = 380  # of the plot, in pixels
MOST = 24  # categories on the wall
PHOTO = "photo"  # anchor of the part for a photo
NEXT = {  # where the links below the wall lead: page and query; None is further down on the page
    "photo": None,
    "forget": ("forgetting", {"watch": "1"}),
    "folders": ("data", {"add": "1"}),
}
_SCORES = "".join(
    f'<div class="{score}"><span style="color:{colour}" aria-hidden="true">'
    f"{style.SHAPES[score]}</span> {score.capitalize()}<b></b></div>"
    for score, colour in style.COLOURS.items()
)


def component(name: str, page: str, height: int, *scripts: str) -> Any:
    """A component whose plot has that height; it follows the ratio of the others on the page."""
    html = assets.read(page).replace("SCORES", _SCORES).replace("HEIGHT", str(height))
    js = PLOTLY_SCRIPT + "".join(map(assets.read, ("instant_shared.js", *scripts)))
    css = assets.read("instant.css") + assets.read("story.css")
    return st.components.v2.component(name, html=html, css=css, js=js, isolate_styles=False)


_component = component(
    "fruitlab.instant", "instant.html", HEIGHT, "wall.js", "tour.js", "instant.js"
)


def show(found: AllRatios, trained: Sweep | None) -> int:
    """Draws slider, scores, wall and curves; returns the ratio in percent, at first the best one.

    Args:
        trained: networks that were trained from scratch on the same pictures, for comparison.
    """
    wanted = whole_number(st.query_params.get("ratio", ""), 999)
    ratio = found.best if wanted is None else min(wanted, 100)
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

    state = _component(
        key="every ratio",
        data={
            "ratio": ratio,
            "best": found.best,
            "scores": {name: rounded(each["top1"]) for name, each in found.curves.items()},
            "lower": rounded(combined["low"]),
            "upper": rounded(combined["high"]),
            "wall": _wall(found),
            "title": figure["title"],
            "caption": figure["caption"],
            "traces": figure["data"],
            "layout": figure["layout"],
            "height": HEIGHT,
            "key": "every ratio",
        },
        on_ratio_change=moved,
        on_go_change=lambda: None,
    )
    if target := NEXT.get(str(state.go)):
        page, query = target
        navigation.go(page, query=query)
    return ratio


def _wall(found: AllRatios) -> dict[str, Any]:
    """A tile for each category and domain, and the answers to its test pictures at every ratio."""
    count = len(found.categories)
    shown = np.linspace(0, count - 1, min(MOST, count)).round().astype(int)
    answer, right = found.by_category
    examples = of_categories(found.facts["data"], found.facts["fingerprint"], found.categories)
    drawn = any(one is not None and one.drawn for one in examples["nice"])
    urls = {
        domain: [one.url if (one := each[place]) else None for place in shown]
        for domain, each in examples.items()
    }
    return {
        "categories": found.categories,
        "shown": shown.tolist(),
        "pictures": urls,
        "answer": answer[:, :, shown].tolist(),
        "right": (100 * right[:, :, shown]).round().astype(int).tolist(),
        "about": "Each tile stands for all test photos of a category: the most frequent answer, "
        "and a bar for the share that is right."
        + (" The photos are not shipped, so the pictures are drawn." if drawn else ""),
    }


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


def rounded(values: np.ndarray) -> list[Any]:
    """For the browser: with four decimals."""
    return values.round(4).tolist()
