"""The Gradio demo: a photo or the webcam in front of a finished run's network, mounted at /demo.

`/demo/?run=ID` selects the network; `&embed=1` hides the choice of network, for the Classify page.
From a program, where the run may be left out:

    client = gradio_client.Client("http://127.0.0.1:8501/demo/")
    client.predict(handle_file("photo.jpg"), "RUN", api_name="/classify")
"""

import os
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported
import gradio as gr
import numpy as np

from fruitlab.app import demo_checkout, demo_corrections, demo_search, demo_stream, networks
from fruitlab.app.demo_answers import (
    INVITATION,
    classify,
    examples_of,
    explain,
    explain_frame,
    ready,
)
from fruitlab.app.demo_photo import answered_picture, camera_input, examples_gallery, photo_input
from fruitlab.app.theme import HEAD, css, theme
from fruitlab.config.errors import RunError
from fruitlab.config.modes import Mode, mode
from fruitlab.inference import client
from fruitlab.runs.catalog import find
from fruitlab.runs.entry import Entry

NO_RUN = (
    "No run has finished yet. Start one on the Train page: the preset *glance* takes a few "
    "minutes on the built-in pictures."
)
LIVE_HINT = (
    "Frames are sent to this FruitLab server only, and are not stored unless you correct one."
)
LIVE_INVITATION = "<p class=no-answer>Hold a fruit up to the camera.</p>"
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
                photo, outputs, panel = answered_picture(photo_input, INVITATION)
                gallery = examples_gallery()
            with gr.Tab("Live"):
                camera, live_outputs, live_panel = answered_picture(
                    camera_input, LIVE_INVITATION, LIVE_HINT
                )

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
            demo_search.tab(blocks, photo_input, _event("photo"))
        with tabs, gr.Tab("Check-out"):
            demo_checkout.tab(run, version, camera_input, _event("photo"), stream)
        demo_stream.add(photo, AT_ONCE)
    blocks.queue(max_size=QUEUE)
    # Gradio checks that the path of an input is that of an uploaded file, but only for a launched
    # app. Without this, a mounted app would read any picture on this machine by its path.
    blocks.has_launched = True
    return blocks
