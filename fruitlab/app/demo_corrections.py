"""The demo's "That is wrong": one click on the right category, and a way back."""

import html
from dataclasses import dataclass
from typing import Any

import gradio as gr
import numpy as np

from fruitlab.app import networks
from fruitlab.app.components import correction
from fruitlab.app.shared import index
from fruitlab.config.errors import DataError, RunError
from fruitlab.config.modes import Action, allows
from fruitlab.config.text import percent
from fruitlab.runs import versions
from fruitlab.runs.catalog import find
from fruitlab.runs.entry import Entry


@dataclass(frozen=True)
class Panel:
    """The components below an answer.

    Attributes:
        whole: opens and closes.
        right: the categories. other: a new one.
        result: what a correction changed. undo: takes it back.
        kept: hash of the photo that was kept last, or None.
    """

    whole: gr.Accordion
    right: gr.Radio
    other: gr.Textbox
    result: gr.HTML
    undo: gr.Button
    kept: gr.State

    @property
    def all_outputs(self) -> list[Any]:
        """What `opened` changes."""
        return [self.whole, *self.outputs]

    @property
    def outputs(self) -> list[Any]:
        """What `correct` and `undo` change, after the network's choice and version."""
        return [self.right, self.other, self.result, self.undo, self.kept]


def panel() -> Panel:
    """Make the components; `opened` fills them."""
    with gr.Accordion(
        "That is wrong", open=False, visible=False, elem_classes="that-is-wrong"
    ) as whole:
        gr.Markdown(correction.consent())
        right = gr.Radio(choices=[], show_label=False, container=False, elem_classes="categories")
        other = gr.Textbox(
            placeholder="Another category", show_label=False, submit_btn=True, max_length=64
        )
    result = gr.HTML()
    undo = gr.Button("Take it back", visible=False, size="sm", variant="secondary")
    return Panel(whole, right, other, result, undo, gr.State(None))


def connect(
    panel: Panel, seen: gr.State, run: gr.Dropdown, version: gr.Dropdown, event: dict[str, Any]
) -> list[Any]:
    """Connect a panel's events; returns them, so that the answer can follow.

    Args:
        seen: what the answer is about. run, version: the choices that change.
        event: arguments of the events.
    """
    outputs = [run, version, *panel.outputs]
    panel.whole.expand(prepare, run, None, **event)
    return [
        panel.right.input(correct, [seen, run, panel.right], outputs, **event),
        panel.other.submit(correct, [seen, run, panel.other], outputs, **event),
        panel.undo.click(undo, [panel.kept, run], outputs, **event),
    ]


def opened_page(run_id: str | None) -> list[Any]:
    """The choice of versions and the webcam's panel, for a network that was chosen."""
    entries = networks.ready(index().entries())
    prepare(run_id)
    return [version_choice(run_id, entries), *_panel(run_id)]


def opened(seen: np.ndarray | None, run_id: str | None) -> list[Any]:
    """The panel below a new answer: all outputs of a panel."""
    return _panel(run_id if seen is not None else None)


def _panel(run_id: str | None) -> list[Any]:
    visible = run_id is not None and allows(Action.COLLECT)
    return [
        gr.Accordion(visible=visible, open=False),
        *_cleared(run_id),
        "",
        gr.Button(visible=False),
        None,
    ]


def correct(seen: np.ndarray | None, run_id: str | None, category: str | None) -> list[Any]:
    """Keep what was seen under its right category, and teach it to the network.

    Returns:
        The choice of networks, that of versions, and the outputs of a panel.
    """
    from fruitlab.corrections.correcting import correct as correct_photo

    if seen is None or not run_id or not (category or "").strip():
        return [gr.skip()] * 7
    try:
        done = correct_photo(run_id, seen, str(category))
    except (DataError, RunError) as error:
        result = f"<p>{html.escape(str(error))}</p>"
        return [gr.skip(), gr.skip(), *_cleared(run_id), result, gr.skip(), gr.skip()]
    shown = done.run.id if done.run else run_id
    return [
        *choose(shown),
        *_cleared(shown),
        correction.markup(done),
        gr.Button(visible=True),
        done.kept.hash,
    ]


def undo(kept: str | None, run_id: str | None) -> list[Any]:
    """Delete the photo that was kept last, from the weights too. Returns as `correct`."""
    from fruitlab.corrections import learning

    if not kept or not run_id:
        return [gr.skip()] * 7
    try:
        version = versions.read_version(find(run_id))
        learning.forget([kept])
        shown = run_id if _exists(run_id) or version is None else version.parent
    except (DataError, RunError) as error:
        result = f"<p>{html.escape(str(error))}</p>"
        return [gr.skip(), gr.skip(), *_cleared(run_id), result, gr.skip(), gr.skip()]
    text = "<p>The photo is deleted, and no network knows it any more.</p>"
    return [*choose(shown), *_cleared(shown), text, gr.Button(visible=False), None]


def prepare(run_id: str | None) -> None:
    """Load what a correction needs, before the visitor wants one."""
    from fruitlab.corrections.correcting import prepare as prepare_correction

    if run_id and allows(Action.COLLECT):
        prepare_correction(run_id)


def choose(run_id: str | None) -> list[Any]:
    """The choice of networks with a run selected, and the choice between its versions."""
    entries = networks.ready(index().entries(fresh=True))
    choices = [(networks.network_caption(entry), entry.id) for entry in entries]
    return [gr.Dropdown(choices=choices, value=run_id), version_choice(run_id, entries)]


def version_choice(run_id: str | None, entries: list[Entry]) -> Any:
    """The versions of a run's base; hidden if there is none."""
    known = {entry.id: entry for entry in entries}
    if run_id not in known:
        return gr.Dropdown(choices=[], value=None, visible=False)
    base = known[run_id].header.get("base") or str(run_id)
    ids = [base, *(run.id for run in versions.versions_of(base))]
    choices = [
        (f"{_version_name(one, base)} · combined {percent(known[one].final('combined'))}", one)
        for one in ids
        if one in known
    ]
    return gr.Dropdown(choices=choices, value=run_id, visible=len(choices) > 1)


def _version_name(run_id: str, base: str) -> str:
    return "As trained" if run_id == base else f"Version {run_id.rpartition('-v')[2]}"


def _cleared(run_id: str | None) -> list[Any]:
    """The categories of a run, none chosen, and no text."""
    try:
        names = find(run_id).header()["data"]["categories"] if run_id else []
    except (RunError, KeyError, TypeError):
        names = []
    return [gr.Radio(choices=correction.choices(names), value=None), ""]


def _exists(run_id: str) -> bool:
    try:
        find(run_id)
    except RunError:
        return False
    return True
