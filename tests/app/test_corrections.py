"""The demo's "That is wrong" and the Data page: what a click changes, also on the disk."""

import closed_form_runs as made
import gradio as gr
import numpy as np
import pytest
from ui_pages import checked, html, opened, text

from fruitlab.app import demo_corrections as corrections
from fruitlab.app.shared import index
from fruitlab.config.errors import RunError
from fruitlab.data import collection
from fruitlab.inference import client
from fruitlab.runs.catalog import find


@pytest.fixture(autouse=True)
def features(monkeypatch):
    index.clear()
    monkeypatch.setattr(client, "feature_map", made.feature_map)
    yield
    index.clear()


@pytest.fixture
def photo() -> np.ndarray:
    return made.wrong(made.run(), truth=1, count=1)[0]


def choices(dropdown: gr.Dropdown | gr.Radio) -> list[str]:
    return [value for _, value in dropdown.choices]


def test_a_click_leads_to_a_version_and_back(photo):
    corrections.prepare("solved")
    run, version, right, _, result, undo, kept = corrections.correct(photo, "solved", "Kiwi")
    assert run.value == version.value == "solved-v1" and undo.visible
    assert choices(version) == ["solved", "solved-v1"] and version.visible
    assert right.value is None and choices(right) == [*made.CATEGORIES, "no fruit"]
    assert "Kept as <b>Kiwi</b>" in result and "solved-v1" in result
    (picture,) = collection.pictures()
    assert picture.hash == kept and np.array_equal(picture.read(), photo)

    run, version, _, _, result, undo, kept = corrections.undo(kept, "solved-v1")
    assert run.value == "solved" and not version.visible and not undo.visible and kept is None
    assert "deleted" in result and collection.pictures() == []


def test_a_new_category_is_offered_from_then_on(photo):
    _, _, right, *_ = corrections.correct(photo, "solved", "Dragon Fruit <b>")
    assert choices(right) == [*made.CATEGORIES, "Dragon Fruit <b>", "no fruit"]
    result = corrections.correct(photo, "solved-v1", "a/b")[4]
    assert "leave out /" in result
    assert (
        "<b>"
        not in corrections.correct(photo, "solved-v1", "Kiwi <i>")[4].split("Kept as")[1][3:20]
    )


def test_nothing_is_kept_without_a_photo_or_a_category(photo):
    for seen, category in ((None, "Kiwi"), (photo, None), (photo, " ")):
        assert corrections.correct(seen, "solved", category) == [gr.skip()] * 7
    assert collection.pictures() == []


def test_the_panel_opens_below_an_answer_but_not_in_a_showcase(photo, monkeypatch):
    whole, right, *_ = corrections.opened(photo, "solved")
    assert whole.visible and choices(right) == [*made.CATEGORIES, "no fruit"]
    assert not corrections.opened(None, "solved")[0].visible
    monkeypatch.setenv("FRUITLAB_MODE", "showcase")
    assert not corrections.opened(photo, "solved")[0].visible
    assert not corrections.opened_page("solved")[1].visible
    assert "cannot" in corrections.correct(photo, "solved", "Kiwi")[4]


def test_the_data_page_shows_corrected_photos_and_deletes_them(photo):
    corrections.correct(photo, "solved", "Kiwi")
    corrections.correct(made.picture(0, 1), "solved-v1", "Dragon Fruit")
    app = checked(opened("data"))
    assert "2 in all" in text(app) and "1 Dragon Fruit" in html(app, "1 Dragon")
    app.multiselect(key="corrected 2").set_value([1]).run()
    app.button(key="forget").click().run()
    (left,) = collection.pictures()
    assert left.category == "Kiwi" and "1 in all" in text(checked(app))
    with pytest.raises(RunError):
        find("solved-v2")  # it knew nothing else that its parent did not


def test_the_data_page_of_a_showcase_shows_none(photo, monkeypatch):
    corrections.correct(photo, "solved", "Kiwi")
    monkeypatch.setenv("FRUITLAB_MODE", "showcase")
    assert "Corrected photos" not in text(checked(opened("data")))
