"""The Gradio demo: a photo or the webcam in front of a finished run's network. Mounted at /demo by `fruitlab.app.host`; no torch.

`/demo/?run=ID` chooses the network; `&embed=1` leaves the choice to the page around. From a program:
`gradio_client.Client("http://127.0.0.1:8501/demo/").predict(handle_file(photo), api_name="/classify")`, a run's id second if wanted.
"""

import base64
import html
import os
from pathlib import Path
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported
import gradio as gr  # noqa: E402
import numpy as np  # noqa: E402

from fruitlab.app import networks  # noqa: E402
from fruitlab.app.shared import index  # noqa: E402
from fruitlab.app.theme import HEAD, css, theme  # noqa: E402
from fruitlab.config.errors import RunError
from fruitlab.data.pictures import BadPicture  # noqa: E402
from fruitlab.inference import client, heatmap  # noqa: E402
from fruitlab.inference.client import PredictorError  # noqa: E402
from fruitlab.inference.confidence import judge  # noqa: E402
from fruitlab.inference.examples import Example, drawn, examples  # noqa: E402
from fruitlab.plots.style import SHAPES  # noqa: E402
from fruitlab.runs.catalog import find  # noqa: E402
from fruitlab.runs.index import Entry  # noqa: E402

NOTHING_YET = "No run has finished yet. Start one on the Train page; the *glance* recipe takes a few minutes on the built-in pictures."
INVITATION = (
    "<p>Drop a photo of a fruit here, paste one, use the camera, or choose a picture below.</p>"
)
EXAMPLES = 6
SIDE = 400  # of the pictures shown, in pixels: four to one of the network's

Shown = tuple[
    str, dict[str, float] | None, str
]  # verdict as HTML, probabilities, heat map and what the network saw as HTML


class Photo(gr.Image):
    """An Image that hands over the file as it came: our own reader judges it, and says what is wrong in a sentence."""

    is_template = True  # the same component in the browser

    def preprocess(self, payload: Any) -> Path | bytes | None:
        if payload is None or not (payload.path or payload.url):
            return None
        if payload.url and payload.url.startswith("data:"):  # a frame of the webcam
            return base64.b64decode(payload.url.partition(",")[2])
        return Path(payload.path)


def ready() -> list[Entry]:
    return networks.ready(index().entries())


def explained(photo: Path | bytes | None, run_id: str | None) -> Shown:
    """What is shown for a photo: never raises for anything a person may have given."""
    if photo is None:
        return INVITATION, None, ""
    try:
        run = find(run_id or _default())
        explanation = client.explain(run.id, photo)
    except BadPicture as error:
        return _sentence("This picture cannot be used", f"The reason: {error}."), None, ""
    except (RunError, PredictorError) as error:
        return _sentence("No answer", str(error)), None, ""
    # An example comes back from the browser as a file like any other; its pixels tell it.
    example = next(
        (one for one in _of(run.id) if np.array_equal(one.image, explanation.seen)), None
    )
    judgement = judge(
        run,
        explanation.top,
        example.domain if example else "real",
        drawn=example is not None and example.drawn,
    )
    label = {one["category"]: one["probability"] for one in explanation.top}
    return _truth(example) + judgement.markup, label, _pictures(explanation, judgement.category)


def classify(photo: Path | bytes | None, run: str | None = None) -> dict[str, Any]:
    """For programs: {run, top: [{category, probability}], sure, likely_right: {share, interval, pictures} or None}."""
    try:
        if photo is None:
            raise BadPicture("no picture was given")
        found = find(run or _default())
        top = client.top3(found.id, photo)
    except (BadPicture, RunError, PredictorError) as error:
        raise gr.Error(str(error), print_exception=False) from None
    judgement = judge(found, top)
    like = judgement.similar
    return {
        "run": found.id,
        "top": top,
        "sure": judgement.sure,
        "sentence": f"{judgement.answer}. {judgement.sentence}",
        "likely_right": like
        and {"share": like.accuracy, "interval": list(like.interval), "pictures": like.pictures},
    }


def _default() -> str:
    there = ready()
    if not there:
        raise RunError("No run has finished yet. Start one: python -m fruitlab train mixed")
    return there[0].id


def _sentence(head: str, text: str) -> str:
    return f"<h3>{html.escape(head)}</h3><p>{html.escape(text)}</p>"


def _pictures(explanation: heatmap.Explanation, category: str) -> str:
    looked = ""
    if explanation.relevance is not None:
        image = heatmap.overlay(explanation.seen, explanation.relevance, SIDE)
        looked = (
            f'<figure><img src="{heatmap.data_url(image, "JPEG")}" alt="heat map over the photo">'
            "<figcaption>Where it looked: brighter places spoke more for "
            f"{html.escape(category)}.</figcaption></figure>"
        )
    return (
        f'<div class="pictures">{looked}'
        f'<figure><img class="pixels" src="{heatmap.data_url(explanation.seen, "PNG")}" alt="the photo, 100 by 100 pixels"><figcaption>All that '
        "it saw: 100 x 100 pixels.</figcaption></figure></div>"
    )


def _truth(example: Example | None) -> str:
    """What is known of an example, said before the network's answer to it."""
    if example is None:
        return ""
    known = f"In truth: {example.category}{f', from the {example.domain} test pictures' if example.tested else ''}."
    return f"<p><em>{html.escape(known)}</em></p>"


# -- the page


def opened(request: gr.Request) -> tuple[Any, str, Any]:
    """The choice of networks, a note, and examples, when somebody opens the page."""
    client.start()  # torch is imported while a person looks for a photo
    wanted, there = request.query_params.get("run"), ready()
    choices = [(networks.network_caption(entry), entry.id) for entry in there]
    chosen = wanted if wanted in {entry.id for entry in there} else there[0].id if there else None
    note = NOTHING_YET if not there else ""
    if there and wanted and chosen != wanted:
        try:
            note = f"The run {find(wanted).id} has not finished, so this is another network."
        except RunError:
            note = "There is no run of that name here, so this is another network."
    embedded = "embed" in request.query_params
    return (
        gr.Dropdown(choices=choices, value=chosen, visible=not embedded and bool(there)),
        note,
        _gallery(chosen),
    )


def _of(run_id: str | None) -> list[Example]:
    try:
        return examples(find(run_id), EXAMPLES) if run_id else drawn(EXAMPLES)
    except RunError:
        return drawn(EXAMPLES)


def _gallery(run_id: str | None) -> list[tuple[Any, str]]:
    return [(example.image, example.caption) for example in _of(run_id)]


def chosen_example(run_id: str | None, event: gr.SelectData) -> np.ndarray:
    return _of(run_id)[event.index].image


def build() -> gr.Blocks:
    """The demo's Blocks; mounted with `MOUNT`."""
    with gr.Blocks(
        title="FruitLab: what a network makes of a photo",
        analytics_enabled=False,
        fill_width=True,
        delete_cache=(600, 3600),
    ) as blocks:  # photos are kept for an hour at most
        # Custom values: a run that finished after the page was opened may be asked for by a program.
        run = gr.Dropdown(
            label="Network", choices=[], value=None, allow_custom_value=True, interactive=True
        )
        note = gr.Markdown()
        with gr.Tabs():
            with gr.Tab("Photo"):
                with gr.Row(equal_height=False):
                    with gr.Column(min_width=300):
                        photo = Photo(
                            label="Photo",
                            sources=["upload", "webcam", "clipboard"],
                            type="filepath",
                            image_mode=None,
                            format="png",
                            height=320,
                            buttons=[],
                            webcam_options=gr.WebcamOptions(mirror=False),
                            placeholder="Drop a photo here, or press to choose one",
                        )
                    with gr.Column(min_width=300):
                        verdict = gr.HTML(INVITATION, elem_classes="verdict")
                        label = gr.Label(
                            label="The three likeliest", num_top_classes=3, show_heading=False
                        )
                        looked = gr.HTML()
                pictures = gr.Gallery(
                    label=f"Pictures to try: {SHAPES['nice']} nice, {SHAPES['real']} real",
                    columns=EXAMPLES,
                    height="auto",
                    allow_preview=False,
                    interactive=False,
                    buttons=[],
                    format="png",
                    object_fit="cover",
                    elem_classes="examples",
                )
            with gr.Tab("Live"):
                with gr.Row(equal_height=False):
                    with gr.Column(min_width=300):
                        camera = Photo(
                            label="Webcam",
                            sources=["webcam"],
                            streaming=True,
                            type="filepath",
                            image_mode=None,
                            format="jpeg",
                            height=320,
                            buttons=[],
                            webcam_options=gr.WebcamOptions(mirror=False),
                        )
                        gr.Markdown(
                            "Press the button in the picture to start. Frames go to this machine's FruitLab only, and are not kept."
                        )
                    with gr.Column(min_width=300):
                        live_verdict = gr.HTML(
                            "<p>Hold a fruit up to the camera.</p>", elem_classes="verdict"
                        )
                        live_label = gr.Label(
                            label="The three likeliest", num_top_classes=3, show_heading=False
                        )
                        live_looked = gr.HTML()

        shown = [verdict, label, looked]
        inside: dict[str, Any] = {
            "api_visibility": "private",
            "concurrency_limit": 4,
            "show_progress": "hidden",
        }
        blocks.load(opened, None, [run, note, pictures], **inside)
        # `change`, as an Image's `input` hands over the photo that was there before.
        gr.on([photo.change, run.input], explained, [photo, run], shown, **inside)
        pictures.select(chosen_example, [run], [photo], **inside)
        run.input(_gallery, [run], [pictures], **inside)
        # A stream owns a place in its queue until its time is over; so several places, and an end.
        camera.stream(
            explained,
            [camera, run],
            [live_verdict, live_label, live_looked],
            stream_every=0.5,
            time_limit=120,
            **inside,
        )
        gr.Button(visible=False).click(
            classify, [photo, run], gr.JSON(visible=False), api_name="classify", concurrency_limit=4
        )
    # Gradio checks that an input's path is of a file that was uploaded, but only of an app that was launched, and a mounted one
    # never is: any picture on this machine could be asked about by its path.
    blocks.has_launched = True
    return blocks


MOUNT: dict[str, Any] = {
    "theme": theme(),
    "css": css(),
    "head": HEAD,
    "max_file_size": client.MAX_BYTES,
}
