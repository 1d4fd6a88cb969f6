"""The demo's Search tab: the pictures of a dataset that are most like a photo.

From a program: `client.predict(handle_file("photo.jpg"), "mine", 6, api_name="/search")`.
"""

import html
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr

from fruitlab.config.errors import ConfigError, DataError, RunError
from fruitlab.config.modes import Mode, mode
from fruitlab.data import store
from fruitlab.data.domains import DOMAINS
from fruitlab.features.cache import computed
from fruitlab.inference.client import PredictorError
from fruitlab.inference.heatmap import data_url
from fruitlab.inference.search import NETWORK, Found, Gallery
from fruitlab.plots.style import SHAPES

COUNT, MOST = 6, 50  # pictures of each domain
INVITATION = "<p>Drop a photo here to find the pictures of a dataset that are most like it.</p>"


def searchable() -> dict[str, str | None]:
    """The datasets that this server's visitors may see: fingerprints by name.

    Those that can be searched at once come first. In a showcase, only drawn pictures are shown.
    """
    known = {
        entry["name"]: entry["fingerprint"]
        for entry in store.available()
        if not entry["problem"] and (mode() is Mode.LOCAL or entry["kind"] == "drawn")
    }
    ready = {name for name, mark in known.items() if mark and computed(mark, NETWORK)}
    return {name: known[name] for name in sorted(known, key=lambda name: name not in ready)}


def search(
    photo: Path | bytes | None, data: str | None = None, count: int = COUNT
) -> list[dict[str, Any]]:
    """The pictures most like a photo, for programs.

    Args:
        photo: a picture file or its bytes.
        data: name of a dataset, by default the first one that can be searched.
        count: how many of each domain, at most 50.

    Returns:
        ``[{"category": str, "domain": "nice" or "real", "distance": float, "path": str,
        "picture": str}]``, nearest first; the picture is a data: URL.

    Raises:
        gr.Error: there is no photo, or it or the dataset cannot be used; the message says why.
    """
    try:
        return [
            {
                "category": one.category,
                "domain": one.domain,
                "distance": one.distance,
                "path": one.path,
                "picture": data_url(one.picture, "JPEG"),
            }
            for one in _search(photo, data, count)
        ]
    except (ConfigError, DataError, RunError, PredictorError) as error:
        raise gr.Error(str(error), print_exception=False) from None


def show(photo: Path | bytes | None, data: str | None) -> str:
    """The same as the page shows it, in HTML. Errors become messages."""
    if photo is None:
        return INVITATION
    try:
        found = _search(photo, data, COUNT)
    except (ConfigError, DataError, RunError, PredictorError) as error:
        return f"<h3>No pictures found</h3><p>{html.escape(str(error))}</p>"
    return "".join(
        f"<p><strong>{SHAPES[domain]} Nearest {domain} pictures</strong></p>"
        f'<div class="found">{"".join(map(_figure, of_domain))}</div>'
        for domain in DOMAINS
        if (of_domain := [one for one in found if one.domain == domain])
    )


def tab(page: gr.Blocks, photo_input: Callable[[], gr.Image], event: dict[str, Any]) -> None:
    """Draw the tab.

    Args:
        page: what it is part of.
        photo_input: makes the component that takes the photo.
        event: arguments of its events.
    """
    with gr.Row(equal_height=False):
        with gr.Column(min_width=300):
            photo = photo_input()
            data = gr.Dropdown(label="Dataset", choices=[], interactive=True)
        with gr.Column(min_width=300):
            result = gr.HTML(INVITATION, elem_classes="verdict")
    gr.on([photo.change, data.input], show, [photo, data], [result], **event)
    page.load(_choice, None, [data], **event)
    gr.Button(visible=False).click(
        search,
        [photo, data, gr.Number(COUNT, visible=False)],
        gr.JSON(visible=False),
        api_name="search",
        concurrency_limit=event["concurrency_limit"],
        concurrency_id="program",
    )


def _choice() -> Any:
    names = list(searchable())
    return gr.Dropdown(choices=names, value=names[0], visible=len(names) > 1)


def _search(photo: Path | bytes | None, data: str | None, count: float) -> list[Found]:
    if photo is None:
        raise DataError("No picture was given.")
    known = searchable()  # the built-in pair is always there
    name = data or next(iter(known))
    if name not in known:
        raise DataError(f"There is no dataset {name!r} to search. There are: {', '.join(known)}.")
    return _gallery(name, known[name]).search(photo, min(max(1, int(count)), MOST))[1]


@lru_cache(maxsize=2)
def _gallery(name: str, fingerprint: str | None) -> Gallery:
    """A dataset as it is now; its fingerprint changes with it."""
    data = store.load_cached(name)
    if data is None:
        raise DataError(
            f"The pictures of {name!r} have not been drawn yet. Prepare them once on the server: "
            f"python -m fruitlab search --data {name}"
        )
    return Gallery(data)


def _figure(one: Found) -> str:
    category = html.escape(one.category)
    return (
        f'<figure><img src="{data_url(one.picture, "JPEG")}" alt="{category}, {one.domain}">'
        f"<figcaption>{category}<br>distance {one.distance:.2f}</figcaption></figure>"
    )
