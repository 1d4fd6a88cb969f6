"""What a correction changes, and that what is forgotten was never there."""

import closed_form_runs as made
import numpy as np
import pytest

from fruitlab.config.errors import RunError
from fruitlab.corrections import learning
from fruitlab.corrections.correcting import correct
from fruitlab.data import collection
from fruitlab.inference import client
from fruitlab.runs import catalog, labels, versions
from fruitlab.runs.folder import Run
from fruitlab.runs.index import Index


@pytest.fixture(autouse=True)
def features(monkeypatch):
    monkeypatch.setattr(client, "feature_map", made.feature_map)


@pytest.fixture
def base() -> Run:
    return made.run()


def answer(run: Run, pixels: np.ndarray) -> str:
    """What the last layer in the run's files says."""
    tensors, notes = run.read_tensors("weights")
    scores = made.features_of(pixels) @ tensors["output.weight"].T + tensors["output.bias"]
    return notes["categories"][scores.argmax()]


def files(run: Run) -> dict[str, bytes]:
    names = ("weights.safetensors", "metrics.jsonl", "summary.json")
    return {name: (run.folder / name).read_bytes() for name in names}


def test_the_answer_changes_at_once_and_scores_are_those_of_the_new_weights(base):
    (photo,) = made.wrong(base, truth=1, count=1)
    done = correct(base.id, photo, "Kiwi")
    assert done.run is not None and done.run.id == "solved-v1"
    before, after = (each[0]["category"] for each in done.photo)
    assert before == answer(base, photo) != "Kiwi" == after == answer(done.run, photo)
    assert sum(one["probability"] for one in done.photo[1]) == pytest.approx(1)

    tensors, _ = done.run.read_tensors("weights")
    test = base.read_tensors("solution")[0]["test"]
    found = (test @ tensors["output.weight"].T + tensors["output.bias"]).argmax(1)
    table = done.run.predictions()
    np.testing.assert_array_equal(table["top3"][:, 0], found)
    for domain, real in (("nice", False), ("real", True)):
        right = (found == table["truth"])[table["real"] == real]
        assert done.scores[1][domain]["top1"] == pytest.approx(right.mean())
        assert done.run.metrics()[-1][domain][:2] == [len(right), right.sum()]
        assert done.scores[0][domain] == learning.summary_scores(base)[domain]
    entry = Index().get(done.run.id)
    assert entry is not None and entry.status == "finished" and entry.title == "solved, version 1"


def test_a_new_category_and_no_fruit_get_outputs_of_their_own(base):
    photos = made.wrong(base, truth=0, count=2)
    first = correct(base.id, photos[0], "Dragon Fruit")
    second = correct(first.run.id, photos[1], collection.NO_FRUIT)
    assert second.run.header()["data"]["categories"] == [
        *made.CATEGORIES,
        "Dragon Fruit",
        "no fruit",
    ]
    assert answer(second.run, photos[0]) == "Dragon Fruit"
    assert answer(second.run, photos[1]) == "no fruit"
    assert set(second.scores[1]) == {"nice", "real", "combined"}


def test_a_forgotten_picture_was_never_learned(base):
    """It is in no file of the collection, no features and no version's weights."""
    photos = made.wrong(base, truth=1, count=3)
    runs = [base]
    for photo in photos:
        runs.append(correct(runs[-1].id, photo, "Kiwi").run)
    first, *others = collection.pictures()
    assert len(list(collection.folder().rglob(f"{first.hash}*"))) == 2  # the file and its features
    (gone,) = learning.forget([first.hash])
    assert gone == first and not first.path.exists()
    assert not list(collection.folder().rglob(f"{first.hash}*"))
    with pytest.raises(RunError, match="no run named solved-v1"):
        catalog.find("solved-v1")  # it knew nothing else
    assert versions.read_version(runs[2]).parent == base.id

    fresh = made.run("fresh")
    for run, known in ((runs[2], others[:1]), (runs[3], others)):
        never = learning.learn(fresh, known)
        assert files(run) == files(never)
        assert not any(first.hash in text.read_text() for text in run.folder.glob("*.json*"))


def test_undo_goes_back_to_the_parent(base):
    photos = made.wrong(base, truth=1, count=2)
    first = correct(base.id, photos[0], "Kiwi").run
    before = files(first)
    second = correct(first.id, photos[1], "Lemon").run
    assert learning.undo(second).id == first.id
    assert files(first) == before and not second.folder.exists()
    assert len(collection.pictures()) == 1
    assert learning.undo(first).id == base.id and collection.pictures() == []
    with pytest.raises(RunError, match="nothing to undo"):
        learning.undo(base)


def test_files_moved_or_deleted_by_hand_are_followed(base):
    photos = made.wrong(base, truth=1, count=2)
    first = correct(base.id, photos[0], "Apple").run
    second = correct(first.id, photos[1], "Kiwi").run
    moved = collection.pictures()[0]
    (moved.path.parent.parent / "Kiwi" / moved.path.name).write_bytes(moved.path.read_bytes())
    moved.path.unlink()
    learning.refresh()
    assert not first.folder.exists()
    assert [one.hash for one in versions.read_version(second).learned] != [moved.hash]
    third = learning.learn(second, collection.pictures())
    assert {one.category for one in versions.read_version(third).learned} == {"Kiwi"}
    assert answer(third, photos[0]) == "Kiwi"


def test_a_correction_can_be_corrected(base):
    (photo,) = made.wrong(base, truth=1, count=1)
    first = correct(base.id, photo, "Dragon Fruit").run
    second = correct(first.id, photo, "Kiwi").run
    assert answer(second, photo) == "Kiwi"
    assert [one.category for one in versions.read_version(second).learned] == ["Kiwi"]
    with pytest.raises(RunError, match="learned these pictures already"):
        learning.learn(second, collection.pictures())


def test_a_base_stays_while_it_has_versions(base):
    (photo,) = made.wrong(base, truth=1, count=1)
    first = correct(base.id, photo, "Kiwi").run
    with pytest.raises(RunError, match="solved-v1"):
        labels.delete(base)
    labels.delete(first)
    labels.delete(base)


def test_a_network_that_cannot_learn_keeps_the_photo():
    import made_runs

    run = made_runs.run("trained")
    done = correct(run.id, made.picture(0, 0), "Apple")
    assert done.run is None and "solve" in done.why_not and done.kept.path.is_file()


def test_a_run_without_its_pictures_says_what_is_missing(base):
    (base.folder / "solution.safetensors").unlink()
    done = correct(base.id, made.picture(0, 0), "Apple")
    assert done.run is None and "'fruit'" in done.why_not and "not on this machine" in done.why_not
