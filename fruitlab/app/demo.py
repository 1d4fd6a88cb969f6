"""The Gradio demo: a photo or the webcam in front of a finished run's network, mounted at /demo.

`/demo/?run=ID` selects the network; `&embed=1` hides the choice of network, for the Classify page.
From a program, where the run may be left out:

    client = gradio_client.Client("http://127.0.0.1:8501/demo/")
    client.predict(handle_file("photo.jpg"), "RUN", api_name="/classify")
"""

import base64
import os
from pathlib import Path
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported
import gradio as gr
import numpy as np
from gradio.utils import get_upload_folder

from fruitlab.app import demo_checkout, demo_corrections, demo_search, demo_stream, networks
from fruitlab.app.demo_answers import (
    EXAMPLES,
    INVITATION,
    classify,
    examples_of,
    explain,
    explain_frame,
    ready,
)
from fruitlab.app.theme import HEAD, css, theme
from fruitlab.config.errors import RunError
from fruitlab.config.modes import Mode, mode
from fruitlab.inference import client
from fruitlab.plots.style import SHAPES
from fruitlab.runs.catalog import find
from fruitlab.runs.entry import Entry

NO_RUN = (
    "No run has finished yet. Start one on the Train page: the preset *glance* takes a few "
    "minutes on the built-in pictures."
)
LIVE_HINT = (
    "Frames are sent to this FruitLab server only, and are not stored unless you correct one."
)
HEIGHT = 320  # of the picture, in pixels
# Arguments of every event of the page.
EVENT: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
AT_ONCE = 4  # answers of each kind; events that call the same function would share them
WEBCAMS, PROGRAMS = 30, 20  # the same for webcams and programs; programs' photos share a batch
LIVE_SECONDS = 120  # after which a webcam gives up its place
QUEUE = 100  # events that may wait; further ones are told that the queue is full
# Arguments of `gr.mount_gradio_app`.
MOUNT: dict[str, Any] = {
    "theme": theme(),
    "css": css(),
    "head": HEAD,
    "max_file_size": client.MAX_BYTES,
}


class Photo(gr.Image):
    """An image component that passes files on as they are, so that our own reader checks them."""

    is_template = True  # in the browser it is Gradio's own component

    # Gradio passes on whatever this returns; its annotation names only what its own Image returns.
    def preprocess(self, payload: Any) -> Path | bytes | None:  # type: ignore[override]
        """The path of an uploaded file, or the bytes of a webcam frame.

        Raises:
            gr.Error: the path is not that of an uploaded file. Gradio checks only payloads that
                say themselves that they are files.
        """
        if payload is None or not (payload.path or payload.url):
            return None
        if payload.url and payload.url.startswith("data:"):
            return base64.b64decode(payload.url.partition(",")[2])
        path = Path(payload.path or "").resolve()
        if not path.is_relative_to(Path(get_upload_folder()).resolve()):
            raise gr.Error("This is not an uploaded picture.", print_exception=False)
        return path


def on_load(request: gr.Request) -> tuple[Any, str, Any]:
    """The choice of networks, a note and the examples, for a visitor who opens the page."""
    client.start()  # PyTorch is imported while the visitor looks for a photo
    wanted, runs = request.query_params.get("run"), ready()
    ids = [entry.id for entry in runs]
    chosen = wanted if wanted in ids else default_network(runs)
    note = "" if runs else NO_RUN
    if runs and wanted and chosen != wanted:
        try:
            note = f"The run {find(wanted).id} has not finished; another network is shown."
        except RunError:
            note = "There is no run of that name; another network is shown."
    choices = [(networks.network_caption(entry), entry.id) for entry in runs]
    visible = "embed" not in request.query_params and bool(runs)
    dropdown = gr.Dropdown(choices=choices, value=chosen, visible=visible)
    return dropdown, note, _gallery(chosen)


def default_network(runs: list[Entry]) -> str | None:
    """The network that is shown to somebody who asked for none.

    None if there is none but those of pictures that a visitor added: its examples would be these
    pictures. A photo is then classified by the best one, and the examples are drawn.
    """
    return runs[0].id if runs and not networks.is_private(runs[0]) else None


def select_example(run_id: str | None, event: gr.SelectData) -> np.ndarray:
    """The example that was clicked, uint8 [100, 100, 3]."""
    return examples_of(run_id)[event.index].image


def _event(kind: str) -> dict[str, Any]:
    """Arguments of an event; those of one kind share `AT_ONCE` places."""
    return EVENT | {"concurrency_limit": AT_ONCE, "concurrency_id": kind}


def _gallery(run_id: str | None) -> list[tuple[Any, str]]:
    return [(example.image, example.caption) for example in examples_of(run_id)]


def build() -> gr.Blocks:
    """The demo's page, to be mounted with the arguments `MOUNT`."""
    with gr.Blocks(
        title="FruitLab: classify a photo",
        analytics_enabled=False,
        fill_width=True,
        # Uploaded photos are deleted after an hour, in a showcase after five minutes.
        delete_cache=(60, 300) if mode() is Mode.SHOWCASE else (600, 3600),
    ) as blocks:
        # Custom values, so that a program may name a run that finished after the page was opened.
        run = gr.Dropdown(
            label="Network",
            choices=[],
            value=None,
            allow_custom_value=True,
            interactive=True,
            visible=False,  # until `on_load` knows whether the page around the demo has the choice
        )
        version = gr.Dropdown(label="Version", choices=[], visible=False, interactive=True)
        note = gr.Markdown()
        with gr.Tabs() as tabs:
            with gr.Tab("Photo"):
                photo, outputs, panel = _photo_tab()
                gallery = _examples()
            with gr.Tab("Live"):
                camera, live_outputs, live_panel = _live_tab()

        loaded = blocks.load(on_load, None, [run, note, gallery], **_event("page"))
        # `change`, because an Image's `input` event passes the previous photo.
        answered = gr.on(
            [photo.change, run.input], explain, [photo, run], outputs, **_event("photo")
        )
        answered.then(
            demo_corrections.opened, [outputs[-1], run], panel.all_outputs, **_event("page")
        )
        gallery.select(select_example, [run], [photo], **_event("page"))
        run.input(_gallery, [run], [gallery], **_event("page"))
        # A stream occupies a place until its time limit, but a thread only while it computes.
        stream = _event("live") | {
            "concurrency_limit": WEBCAMS,
            "stream_every": 0.5,
            "time_limit": LIVE_SECONDS,
        }
        camera.stream(explain_frame, [camera, run], live_outputs, **stream)
        for chosen in (loaded.then, run.input):
            chosen(
                demo_corrections.opened_page,
                [run],
                [version, *live_panel.all_outputs],
                **_event("page"),
            )
        changed = [version.input(lambda chosen: chosen, [version], [run], **_event("page"))]
        for part, shown in ((panel, outputs[-1]), (live_panel, live_outputs[-1])):
            changed += demo_corrections.connect(part, shown, run, version, _event("photo"))
        for event in changed:
            event.then(explain, [photo, run], outputs, **_event("photo"))
        gr.Button(visible=False).click(
            classify,
            [photo, run],
            gr.JSON(visible=False),
            api_name="classify",
            concurrency_limit=PROGRAMS,
            concurrency_id="program",
        )
        with tabs, gr.Tab("Search"):
            demo_search.tab(blocks, _photo, _event("photo"))
        with tabs, gr.Tab("Check-out"):
            demo_checkout.tab(run, version, _camera, _event("photo"), stream)
        demo_stream.add(photo, AT_ONCE)
    blocks.queue(max_size=QUEUE)
    # Gradio checks that the path of an input is that of an uploaded file, but only for a launched
    # app. Without this, a mounted app would read any picture on this machine by its path.
    blocks.has_launched = True
    return blocks


def _photo_tab() -> tuple[Photo, list[Any], demo_corrections.Panel]:
    """The photo, the components of its answer, and those of its correction."""
    with gr.Row(equal_height=False):
        with gr.Column(min_width=300):
            photo = _photo()
        with gr.Column(min_width=300):
            return photo, *_answer(INVITATION)


def _photo() -> Photo:
    return Photo(
        label="Photo",
        sources=["upload", "webcam", "clipboard"],
        elem_classes="photo",
        type="filepath",
        image_mode=None,
        format="png",
        height=HEIGHT,
        buttons=[],
        webcam_options=gr.WebcamOptions(mirror=False),
        placeholder="Choose or drop a photo",
    )


def _live_tab() -> tuple[Photo, list[Any], demo_corrections.Panel]:
    """The webcam, the components of its answer, and those of its correction."""
    with gr.Row(equal_height=False):
        with gr.Column(min_width=300):
            camera = _camera()
            gr.Markdown(LIVE_HINT)
        with gr.Column(min_width=300):
            return camera, *_answer("<p>Hold a fruit up to the camera.</p>")


def _camera() -> Photo:
    """A webcam that sends frames once it has been started."""
    return Photo(
        label="Webcam",
        sources=["webcam"],
        streaming=True,
        elem_classes="live",
        type="filepath",
        image_mode=None,
        format="jpeg",
        height=HEIGHT,
        buttons=[],
        webcam_options=gr.WebcamOptions(mirror=False),
    )


def _answer(text: str) -> tuple[list[Any], demo_corrections.Panel]:
    """The components that `explain` fills, and below the probabilities those of a correction."""
    answer = gr.HTML(text, elem_classes="verdict")
    label = gr.Label(label="Three most likely categories", num_top_classes=3, show_heading=False)
    panel = demo_corrections.panel()
    return [answer, label, gr.HTML(), gr.State(None)], panel


def _examples() -> gr.Gallery:
    return gr.Gallery(
        label=f"Example pictures: {SHAPES['nice']} nice, {SHAPES['real']} real",
        columns=EXAMPLES,
        height="auto",
        allow_preview=False,
        interactive=False,
        buttons=[],
        format="png",
        object_fit="cover",
        elem_classes="examples",
    )
