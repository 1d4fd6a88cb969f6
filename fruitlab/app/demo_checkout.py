"""The demo's Check-out tab: hold up one item after the other, and each goes into a basket.

When something counts is decided in `fruitlab.inference.checkout`; see docs/checkout.md.
"""

import html
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

import gradio as gr

from fruitlab.app import demo_corrections
from fruitlab.app.components import correction
from fruitlab.app.demo_answers import default_run
from fruitlab.config.errors import RunError
from fruitlab.config.modes import Action, allows
from fruitlab.data.pictures import BadPicture
from fruitlab.inference import client
from fruitlab.inference.checkout import STEADY, Frame, Till
from fruitlab.inference.client import PredictorError
from fruitlab.inference.confidence import calibrated_answer
from fruitlab.inference.familiarity import is_familiar
from fruitlab.inference.heatmap import data_url
from fruitlab.runs.catalog import find

INVITATION = "Start with nothing in front of the camera. Then hold up one item after the other."
NONE = ""  # what the button "None of these" sends
# A click on a button within the HTML is an event with the button's value.
CLICKS = """element.addEventListener("click", event => {
  const button = event.target.closest("button")
  if (button) trigger("click", { value: button.value })
})"""


@dataclass
class Session:
    """One visitor's till. Frames and clicks change it where it is, as they arrive out of turn."""

    till: Till = field(default_factory=Till)

    def change(self, step: Callable[[Till], Till]) -> tuple[Till, list[Any]]:
        """Take a step; returns the till before it, and the question and basket if they changed."""
        with _lock:
            before, self.till = self.till, step(self.till)
            now = self.till
        asks = gr.skip() if now.question is before.question else _question(now)
        return before, [asks, gr.skip() if now.basket == before.basket else _basket(now)]


_lock = Lock()


def look(photo: Path | bytes | None, run_id: str | None, session: Session) -> list[Any]:
    """Take a frame. Returns what is seen, the question and the basket; errors become messages."""
    if photo is None:
        return [gr.skip()] * 3
    try:
        frame = _recognize(photo, run_id)
    except (BadPicture, RunError, PredictorError) as error:
        return [_status(str(error)), gr.skip(), gr.skip()]
    _, changed = session.change(lambda till: till.look(frame))
    return [_seen(session.till), *changed]


def prepare(session: Session, run_id: str | None) -> None:
    """Load what keeping a photo needs, while the visitor reads the question."""
    if session.till.question is not None:
        demo_corrections.prepare(run_id)


def answer(session: Session, event: gr.EventData) -> list[Any]:
    """Take a click on an answer. Returns the question, the basket, and what is to be kept."""
    chosen = str(event.value)
    before, changed = session.change(lambda till: till.answer(chosen or None))
    asked = before.question
    if asked is None or chosen not in asked.top or not allows(Action.COLLECT):
        return [*changed, None, ""]
    return [*changed, (asked.pixels, chosen), "<p>Keeping the photo …</p>"]


def keep(answered: tuple[Any, str] | None, run_id: str | None) -> list[Any]:
    """Keep the answered frame, and teach it to the network.

    Returns:
        The choice of networks, that of versions, what changed, the way back, and the photo's hash.
    """
    if answered is None:
        return [gr.skip(), gr.skip(), gr.skip(), gr.Button(visible=False), None]
    run, version, _, _, result, undo, kept = demo_corrections.correct(
        answered[0], run_id, answered[1]
    )
    return [run, version, result, undo, kept]


def undo(
    kept: str | None, run_id: str | None, session: Session, answered: tuple[Any, str] | None
) -> list[Any]:
    """Delete the photo that was kept last, and take its item out of the basket.

    Returns as `keep`, then the question and the basket.
    """
    run, version, _, _, result, button, left = demo_corrections.undo(kept, run_id)
    changed = [gr.skip(), gr.skip()]
    if left is None and answered is not None:
        changed = session.change(lambda till: till.without(answered[1]))[1]
    return [run, version, result, button, left, *changed]


def remove(session: Session, event: gr.EventData) -> list[Any]:
    """Take one item out of the basket, or all of them. Returns the question and the basket."""
    category = str(event.value)
    return session.change(lambda till: till.without(category) if category else till.cleared())[1]


def tab(
    run: gr.Dropdown,
    version: gr.Dropdown,
    camera_input: Callable[[], gr.Image],
    event: dict[str, Any],
    stream: dict[str, Any],
) -> None:
    """Draw the tab.

    Args:
        run, version: the choices of a network, which change when it learns.
        camera_input: makes the component that sends frames.
        event, stream: arguments of its events, and of the camera's.
    """
    session, answered, kept = gr.State(Session()), gr.State(None), gr.State(None)
    with gr.Row(equal_height=False):
        with gr.Column(min_width=300):
            camera = camera_input()
            seen = gr.HTML(_status(INVITATION))
        with gr.Column(min_width=300):
            question = gr.HTML("", js_on_load=CLICKS)
            basket = gr.HTML(_basket(Till()), js_on_load=CLICKS)
            result = gr.HTML()
            back = gr.Button("Take it back", visible=False, size="sm", variant="secondary")
    outputs = [run, version, result, back, kept]
    camera.stream(look, [camera, run, session], [seen, question, basket], **stream)
    question.change(prepare, [session, run], None, **event)
    question.click(answer, [session], [question, basket, answered, result], **event).then(
        keep, [answered, run], outputs, **event
    )
    basket.click(remove, [session], [question, basket], **event)
    back.click(undo, [kept, run, session, answered], [*outputs, question, basket], **event)


def _recognize(photo: Path | bytes, run_id: str | None) -> Frame:
    """Raises BadPicture, RunError or PredictorError."""
    run = find(run_id or default_run())
    answers = client.top3_many([run.id], photo, frame=True)
    if run.id in answers.errors:
        raise RunError(answers.errors[run.id])
    top = answers.top[run.id]
    confident = calibrated_answer(run, top, familiar=is_familiar(run, answers.seen)).confident
    return Frame(tuple(one["category"] for one in top), confident is True, answers.seen)


def _seen(till: Till) -> str:
    if till.held is None:
        asked = till.question is not None
        return _status("Answer, or hold up the next item." if asked else "Nothing to count.")
    if till.question is not None and till.held == till.question.top[0]:
        return _status("Not confident. What is it?")
    if till.held in till.done:
        return _status(f"{till.held}: done. Put it away, and hold up the next item.")
    if not till.confident and till.question is not None:
        return _status("Answer the question first.")
    dots = "●" * min(till.frames, STEADY) + "○" * max(STEADY - till.frames, 0)
    return _status(f"{till.held if till.confident else 'Not confident'} {dots}")


def _status(text: str) -> str:
    return f'<p class="till-status" role="status">{html.escape(text)}</p>'


def _question(till: Till) -> str:
    if till.question is None:
        return ""
    buttons = "".join(
        f'<button value="{html.escape(one)}">{html.escape(one)}</button>'
        for one in till.question.top
    )
    consent = "Your answer goes into the basket. The photo is not kept."
    if allows(Action.COLLECT):
        consent = correction.consent().replace("`", "")
    return (
        f'<div class="till-question"><img src="{data_url(till.question.pixels, "PNG")}" '
        f'alt="the item"><div>{buttons}<button value="{NONE}" class="none">None of these</button>'
        f"</div><p>{html.escape(consent)}</p></div>"
    )


def _basket(till: Till) -> str:
    if not till.basket:
        return '<div class="till-basket"><h3>Basket</h3><p>Nothing yet.</p></div>'
    rows = "".join(
        f"<li><span>{html.escape(name)}</span><b>{count}</b>"
        f'<button value="{html.escape(name)}" aria-label="Remove one {html.escape(name)}">'
        "−</button></li>"
        for name, count in till.basket.items()
    )
    return (
        f'<div class="till-basket"><h3>Basket: {sum(till.basket.values())}</h3><ul>{rows}</ul>'
        f'<button value="{NONE}" class="none">Clear</button></div>'
    )
