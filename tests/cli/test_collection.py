"""`correct` and `collection`: from a photo to a version, and back, with the answers of --json."""

import closed_form_runs as made
import pretrained
import pytest
from PIL import Image

from fruitlab.inference import client


@pytest.fixture
def solved(monkeypatch):
    monkeypatch.setattr(client, "feature_map", made.feature_map)
    return made.run("solved")


@pytest.fixture
def photos(solved, tmp_path):
    paths = []
    for number, pixels in enumerate(made.wrong(solved, truth=1, count=2)):
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
        paths.append(str(tmp_path / f"{number}.png"))
    return paths


def test_a_photo_is_corrected_listed_and_taken_back(call, photos):
    status, done, _ = call("correct", "solved", photos[0], "Kiwi")
    assert status == 0 and done["run"] == "solved-v1"
    assert done["photo"]["after"][0]["category"] == "Kiwi" != done["photo"]["before"][0]["category"]
    assert set(done["scores"]["after"]["nice"]) >= {"top1", "top1_interval"}
    (row,) = call("collection")[1]
    assert row == done["picture"] | {"learned_by": ["solved-v1"]}
    assert call("collection", "undo", "solved-v1")[1] == {"run": "solved"}
    assert call("collection", "list")[1] == []
    status, error, _ = call("collection", "undo", "solved")
    assert status == 1 and "nothing to undo" in error["error"]


def test_pictures_are_added_learned_together_and_removed(call, photos, tmp_path):
    (tmp_path / "text.jpg").write_text("no picture")
    status, rows, said = call("collection", "add", "Kiwi", *photos, str(tmp_path / "text.jpg"))
    assert status == 1 and "not a picture" in rows[2]["error"] and "not a picture" in said
    status, done, _ = call("collection", "learn", "solved")
    assert status == 0 and len(done["learned"]) == 2 and done["parent"] == "solved"
    status, removed, _ = call("collection", "remove", rows[0]["hash"])
    assert status == 0 and removed == rows[:1]
    (left,) = call("collection")[1]
    assert left["learned_by"] == ["solved-v1"] and left["hash"] == rows[1]["hash"]
    status, error, _ = call("collection", "remove", rows[0]["hash"])
    assert status == 1 and rows[0]["hash"] in error["error"]


def test_wrong_use_says_what_to_do(call, photos):
    assert "no run named nothing" in call("correct", "nothing", photos[0], "Kiwi")[1]["error"]
    assert "does not exist" in call("correct", "solved", "/nowhere.png", "Kiwi")[1]["error"]
    assert "cannot be a category" in call("correct", "solved", photos[0], "../Kiwi")[1]["error"]
    assert call("collection")[1] == []


@pytest.mark.slow
def test_a_version_is_an_ordinary_run(call, pair):
    """Solved, corrected and evaluated with a network, through the prediction server."""
    network = pretrained.keep_random()
    folders = ("--nice", str(pair.nice), "--real", str(pair.real))
    call("data", "import", "--name", "small", *folders, "--min-images", "5")
    assert call("solve", "--data", "small", "--run", "real", "--network", network)[0] == 0
    photo = str(next((pair.real / "Red Disc").iterdir()))
    try:
        done = call("correct", "real", photo, "Traffic Light")[1]
    finally:
        client.stop()
    (answer,) = call("predict", "real-v1", photo)[1]
    assert answer["top"][0]["category"] == "Traffic Light"
    for found, expected in zip(answer["top"], done["photo"]["after"], strict=True):
        assert found["probability"] == pytest.approx(expected["probability"], rel=1e-3)
    evaluated = call("evaluate", "real-v1")[1]
    for domain in ("nice", "real"):
        assert evaluated[domain]["top1"] == done["scores"]["after"][domain]["top1"]
