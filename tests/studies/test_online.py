"""Sessions: new pictures in watched folders become runs that start from one another."""

import shutil
from threading import Timer

import made_runs
import numpy as np
import pytest

from fruitlab.config.errors import RunError
from fruitlab.data.importing import import_pictures
from fruitlab.data.stream import Stream, folder_of
from fruitlab.inference.predict import Predictor
from fruitlab.runs.catalog import find
from fruitlab.studies import online
from fruitlab.studies.online import Sessions


@pytest.fixture
def roots(pair, tmp_path, monkeypatch):
    """An imported dataset, a run on it, and two folders with three of its pictures per category."""
    monkeypatch.setattr(online, "LEAST", 6)
    import_pictures(name="mine", nice=pair.nice, real=pair.real)
    made_runs.run("first", data="mine", categories=pair.categories)
    for domain in ("nice", "real"):
        for category in pair.categories:
            for number in range(3):
                add(pair, tmp_path, domain, category, number)
    return {domain: tmp_path / "watched" / domain for domain in ("nice", "real")}


def add(pair, tmp_path, domain, category, number):
    folder = tmp_path / "watched" / domain / category
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(getattr(pair, domain) / category / f"{number:02d}.png", folder)


def sessions(stream, roots, start="first", **settings):
    run = find(start) if start else None
    return Sessions(stream, roots, run, {"kept": 2} | settings, device="cpu", say=print)


def test_sessions_follow_one_another(roots, pair, tmp_path):
    stream = Stream(folder_of("stream"))
    with stream.opened(kept=2):
        with pytest.raises(RunError, match="--from RUN"):
            sessions(stream, roots, start=None)
        summary = sessions(stream, roots).next()
        assert (summary["run"], summary["arrived"], summary["held"]) == ("stream-000018", 18, 0)
        assert sessions(stream, roots).next() is None
        add(pair, tmp_path, "real", "Red Disc", 7)
        second = sessions(stream, roots, start=None).next()
        assert (second["arrived"], second["held"]) == (1, 12)
    first_run, second_run = find(summary["run"]), find(second["run"])
    assert first_run.config().start == "first" and second_run.config().start == first_run.id
    assert first_run.header()["data"]["training_pictures"] == {"online": {"nice": 9, "real": 9}}
    # Test, then train: every picture was counted once, in its domain.
    arrived = [point["stream"] for point in first_run.metrics()]
    assert sum(one["nice"][0] for one in arrived) == sum(one["real"][0] for one in arrived) == 9
    assert arrived[-1]["kept"] == {"nice": 6, "real": 6}
    again = [point["stream"] for point in second_run.metrics()]
    assert [sum(one[domain][0] for one in again) for domain in ("nice", "real")] == [0, 1]
    weights = [find(name).read_tensors("weights")[0] for name in ("first", first_run.id)]
    assert weights[0].keys() == weights[1].keys()
    assert not np.array_equal(*(one["stem.weight"] for one in weights))


def test_a_killed_session_goes_on(roots, monkeypatch):
    """Killed before its run exists, and again in the middle of the training."""
    stream = Stream(folder_of("stream"))

    def killed(*arguments, **named):
        raise KeyboardInterrupt

    for place, name in ((online.catalog, "create"), (online, "work")):
        with monkeypatch.context() as patched, stream.opened(kept=2):
            patched.setattr(place, name, killed)
            pending = sessions(stream, roots)
            with pytest.raises(KeyboardInterrupt):
                pending.next()
    with stream.opened(kept=2):
        summary = sessions(stream, roots).next()
        assert (summary["run"], summary["arrived"]) == ("stream-000018", 18)
        assert sessions(stream, roots).next() is None
    assert [one.ended for one in stream.sessions()] == [True]


def test_a_new_category_gets_an_output(pair, tmp_path):
    """The network that it starts from knows two of three. Killed in the middle, it goes on."""
    new, stream = "Yellow Bar", Stream(folder_of("stream"))
    for domain in ("nice", "real"):
        for category in pair.categories:
            for number in range(12):
                add(pair, tmp_path, domain, category, number)
        shutil.move(getattr(pair, domain) / new, tmp_path / f"all {domain}")
    import_pictures(name="two", nice=pair.nice, real=pair.real)
    made_runs.run("first", data="two", categories=("Green Ring", "Red Disc"))
    roots = {domain: tmp_path / "watched" / domain for domain in ("nice", "real")}

    def killed(line):
        if "iteration 15/" in line:
            raise KeyboardInterrupt

    with stream.opened(kept=2):
        pending = sessions(stream, roots, iterations=30, full_evaluations=2, live_pictures=16)
        pending.say = killed
        with pytest.raises(KeyboardInterrupt):
            pending.next()
        summary = sessions(stream, roots).next()
    run = find(summary["run"])
    arrived = [point["stream"] for point in run.metrics()]
    assert [sum(one[domain][0] for one in arrived) for domain in roots] == [36, 36]
    network = Predictor(run)
    assert network.categories == ("Green Ring", "Red Disc", new)

    def called_new(*folders):
        pictures = [picture for folder in folders for picture in folder.glob("*.png")]
        return np.mean([network.top3(picture)[0]["category"] == new for picture in pictures])

    others = [folder for domain in roots for folder in getattr(pair, domain).iterdir()]
    # With seeds 0 to 5: 40 to 71% of the new category, and 8 to 24% of the others.
    assert called_new(*(tmp_path / f"all {d}" for d in roots)) > called_new(*others) + 0.1
    assert list(run.predictions()["categories"]) == list(network.categories)


@pytest.mark.slow
def test_watching_waits_for_new_files(roots, pair, tmp_path):
    stream = Stream(folder_of("stream"))
    with stream.opened(kept=2):
        watching = sessions(stream, roots).watch()
        assert next(watching)["arrived"] == 18
        later = Timer(3, add, (pair, tmp_path, "real", "Red Disc", 7))
        later.start()
        assert next(watching)["arrived"] == 1
