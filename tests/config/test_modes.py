"""What a showcase refuses, tried action by action, and what its pages leave out."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from run_folders import run_folder
from slow import some
from starlette.testclient import TestClient
from ui_pages import checked, opened, text

from fruitlab.app import guard, launch, navigation
from fruitlab.cli.main import main
from fruitlab.config import modes
from fruitlab.config.errors import ConfigError, DataError, RunError
from fruitlab.config.modes import Action, Mode, NotAllowed
from fruitlab.config.paths import PROJECT, data_root, runs_root
from fruitlab.data import incoming, sources, store, uploads
from fruitlab.data.importing import import_pictures
from fruitlab.methods.registry import configure
from fruitlab.runs import catalog, jobs, labels
from fruitlab.runs.folder import Run

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
    (Action.IMPORT, lambda: import_pictures(name="x", nice=NOWHERE, real=NOWHERE)),
    (Action.IMPORT, lambda: uploads.import_zip(name="x", source=NOWHERE)),
    (Action.DOWNLOAD, lambda: sources.download("nothing", say=print)),
    (Action.REMOVE_DATA, lambda: store.remove("nothing")),
    (Action.OBSERVE, lambda: incoming.post("stream", b"x", "real", "Apple")),
    (Action.OBSERVE, lambda: incoming.label(NOWHERE, "Apple")),
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


def test_the_document_has_the_table_of_the_code() -> None:
    text = (PROJECT / "docs" / "modes.md").read_text(encoding="utf-8")
    assert modes.table() in text
    for action in Action:
        assert f"| {action} | yes | no |" in text


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
    with pytest.raises(ConfigError, match="local, showcase"):
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
