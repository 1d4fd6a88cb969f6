"""The demo's components for pictures: a photo or the webcam beside the answer, and examples."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from fruitlab.app import demo_corrections
from fruitlab.app.demo_answers import EXAMPLES
from fruitlab.plots.style import SHAPES

HEIGHT = 320  # of the picture, in pixels


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


def answered_picture(picture: Callable[[], Photo], invitation: str, note: str = "") -> Any:
    """A picture beside its answer.

    Args:
        picture: makes its component.
        invitation: stands in the place of the answer before there is one.
        note: stands below the picture.

    Returns:
        The picture, the components of its answer, and those of its correction.
    """
    with gr.Row(equal_height=False):
        with gr.Column(min_width=300):
            shown = picture()
            gr.Markdown(note, visible=bool(note))
        with gr.Column(min_width=300):
            return shown, *_answer(invitation)


def photo_input() -> Photo:
    """A photo that is chosen, taken, pasted or dropped."""
    return _picture(
        label="Photo",
        sources=["upload", "webcam", "clipboard"],
        elem_classes="photo",
        format="png",
        placeholder="Choose or drop a photo",
    )


def camera_input() -> Photo:
    """A webcam that sends frames once it has been started."""
    return _picture(
        label="Webcam", sources=["webcam"], elem_classes="live", format="jpeg", streaming=True
    )


def _picture(**options: Any) -> Photo:
    return Photo(
        type="filepath",
        image_mode=None,
        height=HEIGHT,
        buttons=[],
        webcam_options=gr.WebcamOptions(mirror=False),
        **options,
    )


def _answer(text: str) -> tuple[list[Any], demo_corrections.Panel]:
    """The components that `explain` fills, and below them those of a correction."""
    answer = gr.HTML(text, elem_classes="verdict")
    label = gr.Label(label="Three most likely categories", num_top_classes=3, show_heading=False)
    pictures = gr.HTML()
    return [answer, label, pictures, gr.State(None)], demo_corrections.panel()


def examples_gallery() -> gr.Gallery:
    """Pictures to choose from, which a network's choice fills."""
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
