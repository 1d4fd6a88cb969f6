"""Pictures within the page itself: `st.image` serves files that are gone once the next run of the script is quicker than the browser."""

from collections.abc import Sequence
from html import escape

import numpy as np
import streamlit as st

from fruitlab.inference.heatmap import data_url

CSS = """<style>
.fl-pictures { display: flex; flex-wrap: wrap; gap: .5rem; } .fl-pictures figure { margin: 0; }
.fl-pictures img { display: block; border-radius: 4px; } .fl-pictures figcaption { font-size: .8rem; text-align: center; opacity: .75; padding-top: .2rem; }
</style>"""


def row(
    images: Sequence[np.ndarray], *, width: int, alt: Sequence[str], captions: Sequence[str] = ()
) -> None:
    """Pictures beside one another, as many to a line as there is room for.

    Args:
        images: uint8 [height, width, 3] each. width: in pixels on the page. alt, captions: of each; captions may be left out.
    """
    figures = []
    for place, (image, text) in enumerate(zip(images, alt, strict=True)):
        below = f"<figcaption>{escape(captions[place])}</figcaption>" if captions else ""
        figures.append(
            f'<figure><img src="{data_url(np.asarray(image), "PNG")}" width="{width}" alt="{escape(text, quote=True)}">{below}</figure>'
        )
    st.html(f'{CSS}<div class="fl-pictures">{"".join(figures)}</div>')
