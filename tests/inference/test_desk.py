"""A desk of a few pictures: what is kept, what is learned from it, and how it is saved."""

import numpy as np
import pytest
from closed_form_runs import COLOURS, feature_map, picture
from sklearn.linear_model import Ridge

from fruitlab.config.paths import data_root
from fruitlab.data import store, uploads
from fruitlab.inference import client
from fruitlab.inference.desk import LEAST, MOST, RIDGE, Desk, look, sort_folders

THINGS = ("Bolt", "Nut", "Mug")


@pytest.fixture(autouse=True)
def features(monkeypatch) -> None:
    monkeypatch.setattr(client, "feature_map", feature_map)


def filled(count: int = 8) -> Desk:
    """Each thing has a colour; in the field there is much more noise."""
    made = Desk()
    for label, thing in enumerate(THINGS[: len(COLOURS)]):
        for i in range(count):
            assert made.add(thing, "nice", look(picture(label, i, noise=40)))
            assert made.add(thing, "real", look(picture(label, 500 + i, noise=200)))
    return made


def test_each_picture_is_scored_by_a_head_that_learned_the_others():
    made = filled()
    learned = made.learn()
    assert learned.things == ("Bolt", "Mug", "Nut") and learned.pictures == (24, 24)
    rows, truth, real = [], [], []
    for domain in ("nice", "real"):
        for label, thing in enumerate(learned.things):
            for shot in made.of(thing, domain):
                rows.append(shot.features)
                truth.append(label)
                real.append(domain == "real")
    x, y, real = np.array(rows, np.float64), np.eye(3)[truth], np.array(real)
    ratio, right = learned.best / 100, {False: 0, True: 0}
    # One standardization for all, in which both domains weigh the same.
    mean = (x[~real].mean(0) + x[real].mean(0)) / 2
    scale = np.sqrt(((x[~real] ** 2).mean(0) + (x[real] ** 2).mean(0)) / 2 - mean**2)
    z = (x - mean) / scale
    weights = np.where(real, ratio, 1 - ratio) / 24
    for i in range(len(z)):
        rest = np.arange(len(z)) != i
        model = Ridge(RIDGE).fit(z[rest], y[rest], sample_weight=weights[rest])
        right[bool(real[i])] += int(model.predict(z[i : i + 1]).argmax() == truth[i])
    place = learned.choice.ratios.index(learned.best)
    assert learned.choice.nice[place] == pytest.approx(right[False] / 24)
    assert learned.choice.real[place] == pytest.approx(right[True] / 24)
    first, last = learned.near_best
    assert first <= learned.best <= last
    assert learned.choice.combined[learned.best] == learned.choice.combined.max()


def test_a_new_picture_is_answered():
    learned = filled().learn()
    for label, thing in ((0, "Bolt"), (1, "Nut"), (2, "Mug")):
        found = learned.answer(look(picture(label, 900, noise=40)), learned.best)
        assert found.sum() == pytest.approx(1) and learned.things[found.argmax()] == thing


def test_a_thing_needs_pictures_in_both_domains():
    made = filled(LEAST)
    assert made.complete == sorted(THINGS)
    made.add("Cup", "nice", look(picture(0, 1)))
    assert made.complete == sorted(THINGS) and "Cup" in made.things


def test_there_are_limits():
    made, shot = Desk(), look(picture(0, 1))
    assert [made.add("Mug", "nice", shot) for _ in range(MOST + 1)] == [True] * MOST + [False]
    assert [made.add(str(i), "nice", shot) for i in range(5)] == [True] * 4 + [False]


def test_the_zip_can_be_imported():
    made = filled(6)
    source = data_root() / "desk.zip"
    source.parent.mkdir(parents=True)
    source.write_bytes(made.zipped())
    report = uploads.import_zip(name="desk", source=source, min_images=6)
    assert not report.left_out
    data = store.load("desk")
    assert sorted(data.categories) == sorted(THINGS)
    assert len(data.nice.labels) == len(data.real.labels) == 18


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("desk/studio/Mug/1.jpg", ("Mug", "nice")),
        ("Field/Mug/IMG 1.JPG", ("Mug", "real")),
        ("a/b/real/Nut/x.png", ("Nut", "real")),
        ("nice\\Nut\\x.png", ("Nut", "nice")),
        ("Mug/1.jpg", None),
        ("1.jpg", None),
        ("desk/other/Mug/1.jpg", None),
    ],
)
def test_the_last_two_folders_say_what_a_file_shows(name, expected):
    assert sort_folders([name]) == [expected]
