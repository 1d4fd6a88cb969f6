"""Input for a photo: a button, drag and drop, the clipboard, the camera, or one of a few examples.

Streamlit's own uploader does not accept pasted pictures.
"""

import base64
import binascii
from collections.abc import Sequence

import streamlit as st

from fruitlab.app import assets
from fruitlab.inference.client import MAX_BYTES

LARGEST = 8 * 2**20  # bytes; the browser makes larger photos smaller before it sends them

_component = st.components.v2.component(
    "fruitlab.photo",
    html=assets.read("photo.html"),
    css=assets.read("photo.css"),
    js=f"const LARGEST = {LARGEST}\n{assets.read('photo.js')}",
)


def photo(
    examples: Sequence[tuple[str, str]],
    chosen: int | None,
    *,
    hint: str,
    key: str,
    stay: bool = False,
) -> bytes | int | None:
    """Draws the input and returns what the visitor has just chosen.

    Args:
        examples: URL (`heatmap.data_url`) and caption of each example.
        chosen: index of the example that is selected, if any.
        hint: text above the examples.
        key: identifies the component on the page.
        stay: leave the camera open after a photo, for more of them.

    Returns:
        Once after each choice, the bytes of a file, which may be anything, or the index of an
        example; otherwise None.
    """
    data = {
        "examples": [{"image": image, "caption": caption} for image, caption in examples],
        "chosen": chosen,
        "hint": hint,
        "stay": stay,
    }
    result = _component(
        key=key, data=data, on_photo_change=lambda: None, on_example_change=lambda: None
    )
    if isinstance(result.example, dict):
        number = result.example.get("number")
        return number if isinstance(number, int) and 0 <= number < len(examples) else None
    if not isinstance(result.photo, dict):
        return None
    content = str(result.photo.get("content", ""))
    try:
        return base64.b64decode(content, validate=True)[: MAX_BYTES + 1]
    except (binascii.Error, ValueError):
        return None
