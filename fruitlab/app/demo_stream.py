"""The demo's API for streams: a program posts a picture with its label (docs/online.md).

client = gradio_client.Client("http://127.0.0.1:8501/demo/")
client.predict(handle_file("photo.jpg"), "real", "Apple", "stream", api_name="/observe")
"""

from pathlib import Path

import gradio as gr

from fruitlab.config.errors import DataError
from fruitlab.data import incoming


def observe(
    photo: Path | bytes | None, domain: str, category: str = "", stream: str = "stream"
) -> dict[str, str]:
    """Put a labelled picture into the folder of a stream, for `fruitlab online` to take.

    Args:
        photo: a picture file or its bytes.
        domain: "nice" or "real".
        category: what it shows; empty if it waits for a label.
        stream: name of the stream.

    Returns:
        ``{"stream": str, "picture": str}``: the stream and the hash of the picture's content.

    Raises:
        gr.Error: the picture or a name cannot be used, or this server takes no pictures.
    """
    try:
        if photo is None:
            raise DataError("No picture was given.")
        return {"stream": stream, "picture": incoming.post(stream, photo, domain, category).stem}
    except DataError as error:
        raise gr.Error(str(error), print_exception=False) from None


def add(photo: gr.Image, at_once: int) -> None:
    """Add the function to the demo, without anything to see.

    Args:
        photo: the component that takes pictures.
        at_once: calls of programs that are answered at the same time.
    """
    domain, category, stream = (gr.Textbox(visible=False) for _ in range(3))
    gr.Button(visible=False).click(
        observe,
        [photo, domain, category, stream],
        gr.JSON(visible=False),
        api_name="observe",
        concurrency_limit=at_once,
        concurrency_id="program",
    )
