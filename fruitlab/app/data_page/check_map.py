"""The map of both domains: hover for a picture, click for its nearest neighbours."""

import streamlit as st

from fruitlab.app import assets
from fruitlab.app.components import pictures
from fruitlab.app.components.chart import PLOTLY_SCRIPT
from fruitlab.app.host import PICTURES
from fruitlab.data.domains import TwoDomains
from fruitlab.features import cache
from fruitlab.plots import style
from fruitlab.studies import picture_map

HEIGHT, SIDE, NEIGHBOURS = 620, 100, 11  # pixels, pixels, pictures

_component = st.components.v2.component(
    "fruitlab.map",
    html='<figure class="fruitlab-map" aria-label="Map of all pictures"><div class="plot"></div>'
    '<div class="tip" hidden><img alt=""><span></span></div></figure>',
    css=assets.read("map.css"),
    js=PLOTLY_SCRIPT + assets.read("map.js"),
    isolate_styles=False,
)


def show(data: TwoDomains, network: str) -> None:
    """Draws the map, and the picture that was clicked with those most like it."""
    places = picture_map.read(data.fingerprint)
    if places is None:
        st.caption("There is no map yet. Check the pictures again.")
        return
    colour = st.segmented_control(
        "Colour by", ("category", "domain"), default="category", required=True, key="map colour"
    )
    key = f"map {data.fingerprint}"
    state = st.session_state.get(key)
    row = int(state["row"]) if state and state.get("row") is not None else None
    _component(
        key=key,
        data={
            "x": places[:, 0].round(2).tolist(),
            "y": places[:, 1].round(2).tolist(),
            "labels": [*data.nice.labels.tolist(), *data.real.labels.tolist()],
            "categories": list(data.categories),
            "nice": len(data.nice.labels),
            "colour": colour,
            "colours": [style.COLOURS["nice"], style.COLOURS["real"]],
            "source": f"{PICTURES}{data.name}/{data.fingerprint}/",
            "chosen": row,
            "height": HEIGHT,
        },
        default={"row": None},
        on_row_change=lambda: None,
    )
    st.caption(
        "Pictures that look alike to the network lie close together (t-SNE). A loop is usually one "
        "thing, filmed as it turned. ● nice, ◆ real. Click a picture to see those most like it."
    )
    if row is not None:
        _neighbours(data, network, row)


def _neighbours(data: TwoDomains, network: str, row: int) -> None:
    if not cache.available(data, network):
        return
    found = [row, *picture_map.neighbours(cache.features(data, network), row, NEIGHBOURS).tolist()]
    shown = [data.place(one) for one in found]
    names = [data.categories[domain.labels[at]] for domain, at in shown]
    st.markdown(f"**{shown[0][0].paths[shown[0][1]]}** and the pictures most like it")
    pictures.row(
        [domain.images[at] for domain, at in shown],
        width=SIDE,
        alt=[domain.paths[at] for domain, at in shown],
        captions=[
            f"{style.SHAPES[domain.name]} {name}"
            for (domain, _), name in zip(shown, names, strict=True)
        ],
    )
