"""The demo's Check-out tab: frames, clicks, and what is kept of them."""

from types import SimpleNamespace

import closed_form_runs as made
import gradio as gr
import numpy as np
import pytest

from fruitlab.app import demo_checkout as checkout
from fruitlab.app.shared import index
from fruitlab.data import collection
from fruitlab.inference import client
from fruitlab.inference.checkout import STEADY


@pytest.fixture(autouse=True)
def camera(monkeypatch):
    """A network that is given as "frames": the bytes name what it answers, with a probability."""

    def top3_many(run_ids, photo, *, frame):
        assert frame
        category, probability = photo.decode().split()
        others = [one for one in made.CATEGORIES if one != category]
        top = [{"category": category, "probability": float(probability)}]
        top += [{"category": one, "probability": 0.1} for one in others]
        seen = made.picture(made.CATEGORIES.index(category), seed=1)
        return client.Answers(seen, dict.fromkeys(run_ids, top), {})

    index.clear()
    monkeypatch.setattr(client, "top3_many", top3_many)
    monkeypatch.setattr(client, "feature_map", made.feature_map)
    run = made.run()
    table = dict(run.predictions())  # what it is sure of is right
    table["rank"][::2] = 1
    table["probability"][:, 0] = np.where(table["rank"] == 0, 0.9, 0.3)
    run.write_predictions(table)
    yield
    index.clear()


SURE, UNSURE = " 0.9", " 0.3"


def shown(session: checkout.Session, frame: str, times: int = STEADY) -> list:
    for _ in range(times):
        outputs = checkout.look(frame.encode(), "solved", session)
    return outputs


def click(value: str) -> SimpleNamespace:
    return SimpleNamespace(value=value)


def asking() -> checkout.Session:
    """A till with one apple in its basket, which asks about a kiwi."""
    session = checkout.Session()
    shown(session, "Apple" + SURE)
    status, question, _ = shown(session, "Kiwi" + UNSURE)
    assert "What is it?" in status and "Kiwi" in question
    return session


def test_a_steady_item_goes_into_the_basket_and_out_again():
    session = checkout.Session()
    status, question, basket = shown(session, "Apple" + SURE, STEADY - 1)
    assert "Apple ●●○" in status and question == basket == gr.skip()
    status, question, basket = shown(session, "Apple" + SURE, 1)
    assert "Apple: done" in status and question == gr.skip() and "Basket: 1" in basket
    assert shown(session, "Apple" + SURE)[2] == gr.skip()
    assert "Nothing yet" in checkout.remove(session, click("Apple"))[1]
    assert collection.pictures() == []


def test_an_answer_counts_is_kept_and_learned_and_can_be_taken_back():
    session = asking()
    question, basket, answered, result = checkout.answer(session, click("Lemon"))
    assert question == "" and "Lemon" in basket and "Keeping" in result
    assert collection.pictures() == []  # until the basket has been drawn
    run, version, result, back, kept = checkout.keep(answered, "solved")
    assert run.value == version.value == "solved-v1" and "Kept as <b>Lemon</b>" in result
    (picture,) = collection.pictures()
    assert picture.hash == kept and np.array_equal(picture.read(), made.picture(1, seed=1))
    assert back.visible and session.till.basket == {"Apple": 1, "Lemon": 1}
    taken = checkout.undo(kept, "solved-v1", session, answered)
    assert taken[0].value == "solved" and "Lemon" not in taken[-1]
    assert collection.pictures() == [] and session.till.basket == {"Apple": 1}


@pytest.mark.parametrize("chosen", ["", "Durian"])
def test_nothing_is_kept_of_another_answer(chosen):
    session = asking()
    *_, answered, result = checkout.answer(session, click(chosen))
    assert answered is None and result == "" and not checkout.keep(answered, "solved")[3].visible
    assert session.till.basket == {"Apple": 1} and collection.pictures() == []


def test_a_showcase_counts_but_keeps_nothing(monkeypatch):
    assert "One click keeps this photo" in checkout._question(asking().till)
    monkeypatch.setenv("FRUITLAB_MODE", "showcase")
    session = checkout.Session()
    shown(session, "Apple" + SURE)
    assert "The photo is not kept" in shown(session, "Kiwi" + UNSURE)[1]
    checkout.prepare(session, "solved")  # would be refused
    _, basket, answered, _ = checkout.answer(session, click("Kiwi"))
    assert "Kiwi" in basket and answered is None
    refused = checkout.keep((made.picture(0, 1), "Kiwi"), "solved")  # a program's own event
    assert "cannot" in refused[2] and collection.pictures() == []


def test_an_unfamiliar_item_asks_however_probable(monkeypatch):
    session = checkout.Session()
    shown(session, "Apple" + SURE)
    monkeypatch.setattr(checkout, "is_familiar", lambda *_: False)
    assert "None of these" in shown(session, "Kiwi" + SURE)[1]
    assert session.till.basket == {"Apple": 1}


def test_errors_become_messages():
    status = checkout.look(b"Apple 0.9", "nowhere", checkout.Session())[0]
    assert "nowhere" in status
    assert checkout.look(None, None, checkout.Session()) == [gr.skip()] * 3
