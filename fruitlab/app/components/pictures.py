"""Pictures in a row, as part of the page's HTML.

`st.image` serves pictures as files, which are deleted when the script runs again, sometimes before
the browser has fetched them.
"""

from collections.abc import Sequence
from html import escape

import numpy as np
import streamlit as st

from fruitlab.app import assets
from fruitlab.inference.heatmap import data_url


def row(
    images: Sequence[np.ndarray], *, width: int, alt: Sequence[str], captions: Sequence[str] = ()
) -> None:
    """Draws pictures side by side, wrapping where the line ends.

    Args:
        images: uint8 [height, width, 3] each.
        width: of each picture on the page, in pixels.
        alt: alternative text of each picture.
        captions: text below each picture; may be left out.
    """
    figures = []
    for index, (image, text) in enumerate(zip(images, alt, strict=True)):
        url = data_url(np.asarray(image), "PNG")
        caption = f"<figcaption>{escape(captions[index])}</figcaption>" if captions else ""
        figures.append(
            f'<figure style="width:{width}px"><img src="{url}" width="{width}" '
            f'alt="{escape(text)}">{caption}</figure>'
        )
    st.html(f'{assets.style("pictures.css")}<div class="fl-pictures">{"".join(figures)}</div>')
