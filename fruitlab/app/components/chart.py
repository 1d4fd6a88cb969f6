"""The chart component: a Plotly figure that is updated in place.

`st.plotly_chart` builds a new chart whenever its data changes, which loses zoom, hover and legend
choices. This component calls `Plotly.react` on one DOM node instead. Title and caption are HTML
around the plot, where they wrap on a narrow screen and a screen reader finds them. plotly.js comes
from this server (`host.plotly`).
"""

import json
from typing import Any

import streamlit as st

from fruitlab.app import assets
from fruitlab.app.host import PLOTLY
from fruitlab.plots.figures import Figure

# JavaScript for every component that draws plots: loadPlotly, themed and CONFIG.
PLOTLY_SCRIPT = f"const PLOTLY_URL = {json.dumps(PLOTLY)}\n{assets.read('plotly.js')}"

_HTML = """<figure class="fruitlab" role="group">
  <figcaption></figcaption>
  <div class="plot"></div>
  <p></p>
</figure>"""

_component = st.components.v2.component(
    "fruitlab.chart",
    css=assets.read("chart.css"),
    js=PLOTLY_SCRIPT + assets.read("chart.js"),
    html=_HTML,
    isolate_styles=False,
)


def show(
    figure: Figure, *, key: str, height: int = 360, together: str = "", clicks: bool = False
) -> str | None:
    """Draws a figure, or updates the one with the same key.

    Args:
        figure: ``data`` and ``layout``, and optionally ``title`` and ``caption``
            (`fruitlab.plots.figures`). A change of ``layout.uirevision`` resets zoom and legend
            choices; by default it is the key.
        key: identifies the chart on the page.
        height: of the plot without title and caption, in pixels.
        together: charts of this name zoom together, and pointing at a line highlights those with
            its ``legendgroup`` in all of them.
        clicks: whether points with ``customdata``, a text, can be clicked.

    Returns:
        The ``customdata`` of the point that was just clicked, else None.
    """
    layout = dict(figure.get("layout", {}))
    title = figure.get("title") or _text(layout.pop("title", ""))
    state = _component(
        key=key,
        data={
            "data": figure["data"],
            "layout": layout,
            "title": title,
            "caption": figure.get("caption", ""),
            "height": height,
            "key": key,
            "together": together,
            "clicks": clicks,
        },
        on_clicked_change=lambda: None,
    )
    return state.clicked


def _text(title: Any) -> str:
    return title.get("text", "") if isinstance(title, dict) else str(title)
