"""The demo's answers to a photo: as HTML for its page, and as JSON for programs."""

import html
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from fruitlab.app import networks
from fruitlab.app.shared import index
from fruitlab.config.errors import RunError
from fruitlab.data.pictures import BadPicture
from fruitlab.inference import client, heatmap
from fruitlab.inference.client import PredictorError
from fruitlab.inference.confidence import calibrated_answer
from fruitlab.inference.examples import Example, drawn, examples
from fruitlab.inference.familiarity import is_familiar
from fruitlab.runs.catalog import find
from fruitlab.runs.entry import Entry

# The class hides the way to correct an answer (assets/demo.css).
INVITATION = "<p class=no-answer>Choose a photo, use the camera, or try an example below.</p>"
EXAMPLES = 6
SIDE = 400  # of the heat map, in pixels: four for each pixel of the network's input

# Answer as HTML, {category: probability}, the heat map with the network's input as HTML, and that
# input, uint8 [100, 100, 3].
Shown = tuple[str, dict[str, float] | None, str, np.ndarray | None]


def ready() -> list[Entry]:
    """The finished runs that have weights, best first."""
    return networks.ready(index().entries())


def explain_frame(photo: Path | bytes | None, run_id: str | None) -> Shown:
    """`explain` for a webcam's picture: when many ask at once, photos come first."""
    return explain(photo, run_id, frame=True)


def explain(photo: Path | bytes | None, run_id: str | None, *, frame: bool = False) -> Shown:
    """The answer to a photo as the page shows it. Errors become messages.

    Args:
        photo: a picture file or its bytes; None before one is chosen.
        run_id: the run whose network answers, by default the best one.
        frame: the photo is one of a webcam's.
    """
    if photo is None:
        return INVITATION, None, "", None
    try:
        run = find(run_id or default_run())
        explanation = client.explain(run.id, photo, frame=frame)
    except BadPicture as error:
        return _message("This picture cannot be used", f"Reason: {error}."), None, "", None
    except (RunError, PredictorError) as error:
        return _message("No answer", str(error)), None, "", None
    # The browser sends an example back as a file like any other. It is recognized by its pixels.
    example = next(
        (one for one in examples_of(run.id) if np.array_equal(one.image, explanation.seen)), None
    )
    answer = calibrated_answer(
        run,
        explanation.top,
        example.domain if example else "real",
        drawn=example is not None and example.drawn,
        tested=example is not None and example.tested,
        familiar=None if example else is_familiar(run, explanation.seen),
    )
    probabilities = {one["category"]: one["probability"] for one in explanation.top}
    shown = pictures(explanation, answer.category)
    return _truth(example) + answer.markup, probabilities, shown, explanation.seen


def classify(photo: Path | bytes | None, run: str | None = None) -> dict[str, Any]:
    """The answer to a photo for programs, as JSON.

    Args:
        photo: a picture file or its bytes.
        run: id of the run whose network answers, by default the best one.

    Returns:
        ``run``; ``top``: ``[{"category": str, "probability": float}]``, most likely first;
        ``sure``: whether answers with this probability are right at least as often as wrong, or
        None if not known; ``familiar``: whether the photo looks like the training pictures, or
        None if not known; ``sentence``: the same as text; and ``likely_right``: ``{"share": float,
        "interval": [low, high], "pictures": int}``, how often similar answers to test pictures are
        right, or None.

    Raises:
        gr.Error: there is no picture, or it cannot be used, or the run has no network.
    """
    try:
        if photo is None:
            raise BadPicture("no picture was given")
        found = find(run or default_run())
        answers = client.top3_many([found.id], photo)
        if found.id in answers.errors:
            raise RunError(answers.errors[found.id])
    except (BadPicture, RunError, PredictorError) as error:
        raise gr.Error(str(error), print_exception=False) from None
    top, familiar = answers.top[found.id], is_familiar(found, answers.seen)
    answer = calibrated_answer(found, top, familiar=familiar)
    likely_right = None
    if similar := answer.similar:
        likely_right = {
            "share": similar.accuracy,
            "interval": list(similar.interval),
            "pictures": similar.pictures,
        }
    return {
        "run": found.id,
        "top": top,
        "sure": answer.confident,
        "familiar": familiar,
        "sentence": f"{answer.heading}. {answer.explanation}",
        "likely_right": likely_right,
    }


def examples_of(run_id: str | None) -> list[Example]:
    """Example pictures for a run; drawn ones if there is no such run."""
    try:
        return examples(find(run_id), EXAMPLES) if run_id else drawn(EXAMPLES)
    except RunError:
        return drawn(EXAMPLES)


def default_run() -> str:
    """The best run that has weights. Raises RunError if there is none."""
    runs = ready()
    if not runs:
        raise RunError("No run has finished yet. Start one: python -m fruitlab train mixed")
    return runs[0].id


def _message(heading: str, text: str) -> str:
    return f"<h3 class=no-answer>{html.escape(heading)}</h3><p>{html.escape(text)}</p>"


def pictures(explanation: heatmap.Explanation, category: str) -> str:
    """HTML of the heat map, if the network has one, and of what the network saw."""
    heat_map = ""
    if explanation.relevance is not None:
        image = heatmap.overlay(explanation.seen, explanation.relevance, SIDE)
        heat_map = (
            f'<figure><img src="{heatmap.data_url(image, "JPEG")}" alt="heat map over the photo">'
            "<figcaption>Heat map: bright areas contributed most to "
            f"{html.escape(category)}.</figcaption></figure>"
        )
    seen = heatmap.data_url(explanation.seen, "PNG")
    return (
        f'<div class="pictures">{heat_map}'
        f'<figure><img class="pixels" src="{seen}" alt="the photo, 100 by 100 pixels">'
        "<figcaption>The network's input: 100 × 100 pixels.</figcaption></figure></div>"
    )


def _truth(example: Example | None) -> str:
    """The true category of an example, shown before the network's answer."""
    if example is None:
        return ""
    source = f", one of the {example.domain} test pictures" if example.tested else ""
    return f"<p><em>True category: {html.escape(example.category)}{source}.</em></p>"
