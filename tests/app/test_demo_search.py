"""The demo's Search tab: what it says before there are features, and whose pictures it shows."""

from io import BytesIO

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from fruitlab.app import demo_search
from fruitlab.data import store
from fruitlab.data.importing import import_pictures
from fruitlab.inference import search


@pytest.fixture
def mine(pair):
    import_pictures(name="mine", nice=pair.nice, real=pair.real)
    return store.load("mine")


def png(image: np.ndarray) -> bytes:
    file = BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def test_without_features_it_says_what_to_do(mine):
    assert demo_search.show(None, None) == demo_search.INVITATION
    assert "search --data mine" in demo_search.show(b"x", "mine")
    assert "search --data synthetic" in demo_search.show(b"x", None)
    assert "There are: synthetic, mine." in demo_search.show(b"x", "../mine")
    with pytest.raises(gr.Error, match="search --data mine"):
        demo_search.search(b"x", "mine")


def test_a_showcase_shows_drawn_pictures_only(mine, monkeypatch):
    assert set(demo_search.searchable()) == {"synthetic", "mine"}
    monkeypatch.setenv("FRUITLAB_MODE", "showcase")
    assert set(demo_search.searchable()) == {"synthetic"}
    with pytest.raises(gr.Error, match="no dataset 'mine'"):
        demo_search.search(b"x", "mine")


def test_the_answer_for_the_page_and_for_programs(mine, monkeypatch):
    """The network is replaced by the mean colour, which needs no torch."""

    def colour(photo):
        return photo.reshape(-1, 100 * 100, 3).mean(1)

    rows = np.concatenate([colour(mine.nice.images), colour(mine.real.images)])
    picture = np.array(mine.real.images[30])
    monkeypatch.setattr(search, "rows_of", lambda data, by: rows)
    monkeypatch.setattr(
        search.client, "feature_map", lambda *_: (picture, colour(picture)[0][:, None, None])
    )
    found = demo_search.search(png(picture), "mine", 2)
    assert [one["domain"] for one in found].count("nice") == 2 and len(found) == 4
    assert found[0]["path"] == mine.real.paths[30] and found[0]["category"] == "Red Disc"
    assert found[0]["picture"].startswith("data:image/jpeg;base64,")
    page = demo_search.show(png(picture), "mine")
    assert page.count("<figure>") == 2 * demo_search.COUNT
    assert page.index("Nearest nice") < page.index("Nearest real")
