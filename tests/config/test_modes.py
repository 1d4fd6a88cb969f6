"""What a showcase and a shared server refuse, tried action by action, and what pages leave out."""

import io
import os
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from run_folders import run_folder
from slow import some
from starlette.testclient import TestClient
from ui_pages import checked, opened, text

from fruitlab.app import guard, launch, navigation
from fruitlab.cli.main import main
from fruitlab.config import modes
from fruitlab.config.errors import ConfigError, DataError, RunError
from fruitlab.config.modes import Action, Mode, NotAllowed, Who
from fruitlab.config.paths import PROJECT, data_root, runs_root
from fruitlab.corrections import learning
from fruitlab.corrections.correcting import correct, prepare
from fruitlab.data import collection, incoming, owned, sources, store, unlabelled, uploads
from fruitlab.data.changes import ungroup
from fruitlab.data.importing import import_pictures
from fruitlab.methods.registry import configure
from fruitlab.runs import catalog, jobs, labels
from fruitlab.runs.folder import Run
from fruitlab.runs.launch import start_python

NOWHERE = Path("/nowhere")
CONFIG = configure("mixed", preset="glance")
# What pages and jobs call for each action; PATHS is a matter of pages alone.
CALLS: list[tuple[Action, Callable[[], object]]] = [
    (Action.TRAIN, lambda: catalog.create({"device": "cpu"}, config=CONFIG, run_id="made")),
    (Action.TRAIN, lambda: launch.start(CONFIG, device="cpu")),
    (Action.TRAIN, lambda: launch.resume(Run(runs_root() / "stopped"))),
    (Action.STOP, lambda: launch.stop(Run(runs_root() / "good"))),
    (Action.LABEL, lambda: labels.write_label(Run(runs_root() / "good"), title="a", note="")),
    (Action.DELETE_RUN, lambda: labels.delete(Run(runs_root() / "good"))),
    (Action.FOLDERS, lambda: import_pictures(name="x", nice=NOWHERE, real=NOWHERE)),
    (Action.CHANGE_DATA, lambda: ungroup("nothing")),
    (Action.IMPORT, lambda: uploads.import_zip(name="x", source=NOWHERE)),
    (Action.DOWNLOAD, lambda: sources.download("nothing", say=print)),
    (Action.REMOVE_DATA, lambda: store.remove("nothing")),
    (Action.COLLECT, lambda: collection.add(np.zeros((100, 100, 3), np.uint8), "Apple")),
    (Action.COLLECT, lambda: collection.remove(["0" * 16])),
    (Action.COLLECT, lambda: correct("good", np.zeros((100, 100, 3), np.uint8), "Apple")),
    (Action.COLLECT, lambda: prepare("good")),
    (Action.COLLECT, lambda: learning.learn(Run(runs_root() / "good"), [])),
    (Action.COLLECT, lambda: learning.undo(Run(runs_root() / "good"))),
    (Action.COLLECT, lambda: learning.forget(["0" * 16])),
    (Action.OBSERVE, lambda: incoming.post("stream", b"x", "real", "Apple")),
    (Action.OBSERVE, lambda: unlabelled.label(NOWHERE, "Apple")),
    (Action.JOB, lambda: jobs.start(data_root(), "title", ["runs"], upload=io.BytesIO(b"x"))),
    (Action.JOB, lambda: jobs.Job(NOWHERE).cancel()),
    (Action.JOB, lambda: jobs.Job(NOWHERE).dismiss()),
]


@pytest.fixture
def showcase(monkeypatch: pytest.MonkeyPatch) -> None:
    run_folder("good")
    run_folder("stopped", status="stopped")
    monkeypatch.setenv("FRUITLAB_MODE", "showcase")


def files() -> dict[str, bytes]:
    roots = (runs_root(), data_root())
    return {str(p): p.read_bytes() for root in roots for p in root.rglob("*") if p.is_file()}


def test_every_action_is_tried() -> None:
    assert {action for action, _ in CALLS} == set(Action) - {Action.PATHS}


@pytest.mark.parametrize("number", range(len(CALLS)))
def test_a_showcase_refuses_every_action(showcase, number: int) -> None:
    before = files()
    with pytest.raises(NotAllowed, match="showcase"):
        CALLS[number][1]()
    assert files() == before


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch, pair) -> pytest.MonkeyPatch:
    """A shared server with what is ann's: a job, two runs, a dataset; and a run of nobody's."""
    monkeypatch.setattr("fruitlab.runs.launch.start_python", lambda *a, **k: None)
    monkeypatch.setattr("fruitlab.runs.jobs.start_python", lambda *a, **k: None)
    run_folder("earlier")
    monkeypatch.setenv("FRUITLAB_USER", "ann")
    run_folder("good")
    run_folder("stopped", status="stopped")
    import_pictures(name="nothing", nice=pair.nice, real=pair.real)
    monkeypatch.setenv("FRUITLAB_MODE", "shared")
    monkeypatch.setenv("FRUITLAB_ADMINS", "eve, adam")
    jobs.start(data_root() / ".jobs", "of ann", ["runs"])
    return monkeypatch


def of_ann() -> jobs.Job:
    return jobs.all_jobs(data_root() / ".jobs")[0]


# The same calls, but those on jobs are about ann's.
SHARED_CALLS = [
    *CALLS[:-2],
    (Action.JOB, lambda: of_ann().cancel()),
    (Action.JOB, lambda: of_ann().dismiss()),
]
# Those that make something new, and those that change a collection, of which each user has one.
# `undo` is about a version, which belongs to somebody.
NEW = {0, 1, len(CALLS) - 3} | {
    number
    for number, (action, _) in enumerate(CALLS)
    if action is Action.COLLECT and "undo" not in CALLS[number][1].__code__.co_names
}


def refused(number: int) -> bool:
    try:
        SHARED_CALLS[number][1]()
    except NotAllowed:
        return True
    except (RunError, DataError):
        pass  # there is no such folder or dataset
    return False


@pytest.mark.parametrize("number", range(len(CALLS)))
def test_a_shared_server_lets_people_change_what_is_theirs(shared, number: int) -> None:
    action = SHARED_CALLS[number][0]
    assert SHARED_CALLS[number][0] == CALLS[number][0]
    who = modes.ALLOWED[Mode.SHARED][action]
    before = files()
    shared.delenv("FRUITLAB_USER")
    assert refused(number), "nobody has signed in"
    shared.setenv("FRUITLAB_USER", "bob")
    theirs = number in NEW or action is Action.IMPORT
    if not theirs:
        assert refused(number)
        assert files() == before
    shared.setenv("FRUITLAB_USER", "ann")
    assert refused(number) == (who is Who.ADMINS)
    shared.setenv("FRUITLAB_USER", "bob" if theirs else "eve")
    assert not refused(number)


def test_runs_that_nobody_owns_are_the_admins(shared) -> None:
    earlier = Run(runs_root() / "earlier")
    for user, allowed in (("ann", False), ("", False), ("adam", True)):
        shared.setenv("FRUITLAB_USER", user)
        assert modes.allows(Action.LABEL, earlier) == allowed
    labels.delete(earlier)
    assert not earlier.folder.exists()


def test_replacing_a_dataset_is_removing_one(shared) -> None:
    shared.setenv("FRUITLAB_USER", "bob")
    with pytest.raises(NotAllowed, match="not yours"):
        uploads.import_zip(name="nothing", source=NOWHERE, replace=True)
    for user, name in (("bob", "x"), ("ann", "nothing"), ("eve", "nothing")):
        shared.setenv("FRUITLAB_USER", user)
        with pytest.raises(DataError, match="No such file"):  # but it is allowed
            uploads.import_zip(name=name, source=NOWHERE, replace=True)


def test_a_dataset_stays_its_owners_when_somebody_else_reads_it_again(shared, pair) -> None:
    shared.setenv("FRUITLAB_USER", "bob")
    next(pair.real.rglob("*.png")).unlink()
    assert len(store.load("nothing").real.images) == 74, "its folders are read again"
    assert owned.Dataset("nothing").owner == "ann"
    for name in ("other", "synthetic", "../nothing"):
        assert owned.Dataset(name).owner is None
    shared.setenv("FRUITLAB_USER", "ann")
    store.remove(name="nothing")
    assert owned.owned_by("ann") == []


def test_each_user_has_a_collection(shared) -> None:
    photo = np.zeros((100, 100, 3), np.uint8)
    kept = collection.add(photo, "Apple")
    theirs = collection.own()
    shared.setenv("FRUITLAB_USER", "bob")
    assert collection.pictures() == [] and collection.remove([kept.hash]) == []
    for change in (
        lambda: collection.add(photo, "Pear", theirs),
        lambda: collection.remove([kept.hash], name=theirs),
        lambda: learning.forget([kept.hash], theirs),
        lambda: learning.learn(Run(runs_root() / "good"), [kept], name=theirs),
        lambda: correct("good", photo, "Pear", name=collection.NAME),
    ):
        with pytest.raises(NotAllowed, match="not yours"):
            change()
    shared.setenv("FRUITLAB_USER", "ann")
    assert collection.pictures() == [kept]
    shared.setenv("FRUITLAB_USER", "eve")  # an admin
    assert collection.remove([kept.hash], theirs) == [kept]


def test_what_somebody_starts_is_theirs_also_in_other_processes(shared) -> None:
    environments = []

    def popen(*_, env: dict[str, str], **__) -> SimpleNamespace:
        environments.append(env)
        return SimpleNamespace(wait=lambda: 0)

    shared.setattr("fruitlab.runs.launch.start_python", start_python)
    shared.setattr("subprocess.Popen", popen)
    run = launch.start(CONFIG, device="cpu")
    assert run.owner == "ann" and of_ann().owner == "ann"
    assert [one["FRUITLAB_USER"] for one in environments] == ["ann"]
    shared.setenv("FRUITLAB_USER", "bob")
    assert launch.start(CONFIG, device="cpu").owner == "bob", "no double click of ann's"


def test_quotas(shared) -> None:
    def new() -> Run:
        return catalog.create({"device": "cpu"}, config=CONFIG)

    shared.setenv("FRUITLAB_QUOTA_RUNS", "3")
    new()  # ann's third
    with pytest.raises(RunError, match="You have 3 runs"):
        new()
    shared.setenv("FRUITLAB_QUOTA_RUNS", "9")
    shared.setenv("FRUITLAB_QUOTA_GB", "0")
    with pytest.raises(RunError, match="You may have 0 GB of runs and datasets"):
        new()
    with pytest.raises(RunError, match="You may have 0 GB of runs and datasets"):
        jobs.start(data_root() / ".jobs", "zip", ["runs"], upload=io.BytesIO(b"x"))
    shared.setenv("FRUITLAB_QUOTA_GB", "1")
    shared.setenv("FRUITLAB_QUOTA_QUEUE", "1")
    new().doing("starting")
    with pytest.raises(RunError, match="1 of your runs train or wait"):
        new()
    with pytest.raises(RunError, match="1 of your background jobs"):
        jobs.start(data_root() / ".jobs", "second", ["runs"])
    for user in ("bob", "eve"):
        shared.setenv("FRUITLAB_USER", user)
        new()
        jobs.start(data_root() / ".jobs", f"of {user}", ["runs"])
    shared.setenv("FRUITLAB_QUOTA_QUEUE", "many")
    shared.setenv("FRUITLAB_USER", "bob")
    with pytest.raises(RunError, match="FRUITLAB_QUOTA_QUEUE is 'many'"):
        new()


@pytest.mark.parametrize("number", range(len(CALLS)))
def test_a_local_server_allows_every_action(monkeypatch, number: int) -> None:
    run_folder("good")
    run_folder("stopped", status="stopped")
    started: list[object] = []
    monkeypatch.setattr("fruitlab.runs.launch.start_python", lambda *a, **k: started.append(a))
    monkeypatch.setattr("fruitlab.runs.jobs.start_python", lambda *a, **k: started.append(a))
    try:
        CALLS[number][1]()
    except NotAllowed:
        pytest.fail("refused")
    except (RunError, DataError):
        pass  # there is no such folder or dataset


def test_collections_can_be_switched_off(monkeypatch) -> None:
    monkeypatch.setenv("FRUITLAB_COLLECTIONS", "off")
    assert not modes.allows(Action.COLLECT) and modes.allows(Action.TRAIN)
    with pytest.raises(NotAllowed, match="FRUITLAB_COLLECTIONS"):
        collection.add(np.zeros((100, 100, 3), np.uint8), "Apple")


def test_the_document_has_the_table_of_the_code() -> None:
    text = (PROJECT / "docs" / "modes.md").read_text(encoding="utf-8")
    assert modes.table() in text
    assert "| visitors can | local | shared | showcase |" in text
    for action in Action:
        assert re.search(
            rf"^\| {re.escape(action)} \| yes \| (yes|own|admins) \| no \|$", text, re.MULTILINE
        )


@pytest.mark.parametrize("page", some(navigation.pages(), fast=("train", "data")))
def test_pages_of_a_showcase_offer_nothing_that_it_refuses(showcase, page: str) -> None:
    app = checked(opened(page, run="stopped", runs="good"))
    forbidden = ("start", "stop", "resume", "delete", "remove", "add ", "study", "first three")
    keys = [str(one.key) for kind in ("button", "file_uploader") for one in app.get(kind)]
    assert not [key for key in keys if key.startswith(forbidden) or "start" in key]
    assert not app.get("file_uploader")
    shown = text(app) + "".join(str(one.value) for one in app.get("code"))
    assert str(runs_root()) not in shown and str(data_root()) not in shown


def test_local_pages_do_offer_it() -> None:
    run_folder("stopped", status="stopped")
    app = checked(opened("train", run="stopped"))
    assert {"resume", "start"} <= {one.key for one in app.button}
    assert str(runs_root()) in "".join(str(one.value) for one in app.get("code"))


def test_a_showcase_takes_few_requests_from_an_address(showcase) -> None:
    async def here(scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    client = TestClient(guard.Guard(here))
    for path, most in (
        (guard.UPLOAD, guard.SHOWCASE_UPLOADS["per_minute"]),
        ("/demo/gradio_api/queue/join", guard.SHOWCASE_CALLS),
    ):
        statuses = [client.post(path, content=b"x").status_code for _ in range(most + 1)]
        assert statuses == [200] * most + [429]
    assert client.put("/_stcore/upload_file/a/b", content=b"x").status_code == 403
    assert client.get("/").status_code == 200


def test_an_unknown_mode_is_an_error(monkeypatch, capsys) -> None:
    monkeypatch.setenv("FRUITLAB_MODE", "party")
    with pytest.raises(ConfigError, match="local, shared, showcase"):
        modes.mode()
    assert main([]) == 2
    assert "FRUITLAB_MODE is 'party'" in capsys.readouterr().err


def test_the_option_starts_the_explorer_in_a_mode(monkeypatch) -> None:
    environments = []

    def execve(path, command, environment):
        environments.append(environment["FRUITLAB_MODE"])
        raise OSError(12, "Out of memory")

    monkeypatch.setattr("os.execve", execve)
    for arguments in ([], ["--mode", "showcase"], ["open", "--mode", "showcase"]):
        main(arguments)
    assert environments == [Mode.LOCAL, Mode.SHOWCASE, Mode.SHOWCASE]


def test_the_disk_that_datasets_take_counts(shared, tmp_path: Path) -> None:
    shared.setenv("FRUITLAB_QUOTA_GB", "1")
    catalog.create({"device": "cpu"}, config=CONFIG)
    unpacked = data_root() / uploads.FOLDER / "nothing" / "token" / "large.png"
    unpacked.parent.mkdir(parents=True)
    for path in (unpacked, tmp_path / "x.zip"):
        path.touch()
        os.truncate(path, 10**9)  # takes no room in fact
    with pytest.raises(RunError, match="1 GB of runs and datasets"):
        catalog.create({"device": "cpu"}, config=CONFIG)
    shared.setenv("FRUITLAB_USER", "bob")
    catalog.create({"device": "cpu"}, config=CONFIG)
    with (tmp_path / "x.zip").open("rb") as upload, pytest.raises(RunError, match="1 GB of runs"):
        jobs.start(data_root() / ".jobs", "zip", ["runs"], upload=upload)
    jobs.start(data_root() / ".jobs", "zip", ["runs"], upload=io.BytesIO(b"x"))
