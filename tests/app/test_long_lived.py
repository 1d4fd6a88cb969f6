"""What a server that runs for months tells: its log file, /healthz and /metrics."""

import json
import logging
from collections import namedtuple
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from run_folders import run_folder
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket

from fruitlab.app import guard, health, host, logs, metrics
from fruitlab.app.shared import index
from fruitlab.config.paths import data_root, runs_root
from fruitlab.inference import client as predictor


@pytest.fixture(autouse=True)
def an_index_of_its_own():
    index.clear()
    yield
    index.clear()


def client() -> TestClient:
    """The server's middleware and routes, without Streamlit."""

    async def page(request: Request) -> PlainTextResponse:
        return PlainTextResponse("here", status_code=404 if "missing" in request.url.path else 200)

    async def stream(socket: WebSocket) -> None:
        await socket.accept()
        await socket.receive_text()
        await socket.close()

    routes = [
        Route("/healthz", health.healthz),
        *metrics.routes(),
        WebSocketRoute("/_stcore/stream", stream),
        Route("/{path:path}", page, methods=["GET", "POST"]),
    ]
    return TestClient(
        Starlette(routes=routes, middleware=guard.middleware()), base_url="http://localhost"
    )


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_log_has_one_json_object_a_line_with_tracebacks_and_fields(monkeypatch) -> None:
    log = logging.getLogger("fruitlab.app.test")
    closed = logging.getLogger("closed")  # as Streamlit's loggers are
    closed.propagate = False
    server = logging.getLogger("uvicorn.error")
    monkeypatch.setattr(server, "propagate", False)
    monkeypatch.setattr(server, "level", logging.INFO)
    with logs.to_file():
        log.info("One\nmessage of %d", 2, extra={"address": "::1"})
        closed.warning("from elsewhere")
        server.info("an access")
        try:
            raise ValueError("the “reason”")
        except ValueError as error:
            log.error("failed", exc_info=error)
    log.error("after the end")
    first, second, third = lines(data_root() / ".logs" / "server.jsonl")
    assert (first["message"], first["level"], first["address"]) == (
        "One\nmessage of 2",
        "info",
        "::1",
    )
    assert first["time"].endswith("+00:00") and first["logger"] == "fruitlab.app.test"
    assert second["message"] == "from elsewhere"
    assert "ValueError: the “reason”" in third["error"] and "Traceback" in third["error"]


def test_a_full_log_file_makes_room_for_the_next(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("FRUITLAB_LOG", str(tmp_path / "logs" / "own.jsonl"))
    with logs.to_file(max_bytes=1000):
        for number in range(100):
            logging.getLogger("fruitlab").info("x" * 100, extra={"number": number})
    files = sorted((tmp_path / "logs").iterdir())
    assert [file.name for file in files] == ["own.jsonl", *(f"own.jsonl.{n}" for n in range(1, 6))]
    assert all(file.stat().st_size <= 1000 for file in files)
    assert lines(files[0])[-1]["number"] == 99, "the newest is in the file without a number"


@pytest.mark.parametrize("named", ["off", "/dev/null/no/folder"])
def test_without_a_log_file_the_server_works_and_warnings_reach_the_terminal(
    monkeypatch, capfd, named: str
) -> None:
    monkeypatch.setenv("FRUITLAB_LOG", named)
    with logs.to_file():
        logging.getLogger("fruitlab").warning("for the terminal")
    assert "for the terminal" in capfd.readouterr().err
    assert not (data_root() / ".logs").exists()


def test_healthz_says_what_matters_and_no_path() -> None:
    run_folder("secret-name", status="stopped")
    answer = client().get("/healthz")
    assert answer.status_code == 200
    found = answer.json()
    assert found["status"] == "ok" and found["problems"] == []
    assert found["free_bytes"].keys() == {"runs", "data", "uploads"}
    assert found["runs"] == {"training": 0, "waiting": 0}
    for hidden in (str(runs_root()), str(data_root()), "secret-name"):
        assert hidden not in answer.text


def test_healthz_is_503_while_something_fails(monkeypatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage(10**9, 10**9 - 10**6, 10**6))
    monkeypatch.setattr(host.demo, "problem", "ImportError: /a/path")
    monkeypatch.setattr(
        predictor, "state", lambda: predictor.State(1, True, 3, {"answered": 0}, 0.0)
    )
    answer = client().get("/healthz")
    assert answer.status_code == 503 and answer.json()["status"] == "failing"
    problems = " ".join(answer.json()["problems"])
    assert "500 MB are free on the disk for runs" in problems
    assert "prediction server does not answer" in problems and "demo could not" in problems
    assert "/a/path" not in answer.text


def test_metrics_are_off_unless_asked_for() -> None:
    assert client().get("/metrics").text == "here", "the pages' own route, as for any other path"


def test_metrics_count_requests_pages_and_runs(monkeypatch) -> None:
    monkeypatch.setenv("FRUITLAB_METRICS", "1")
    here = client()

    def read() -> dict[tuple[str, ...], float]:
        answer = here.get("/metrics")
        assert answer.status_code == 200
        return {
            (sample.name, *sorted(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
        }

    before = read()
    here.get("/missing/secret-name")
    for _ in range(3):
        here.post("/demo/gradio_api/queue/join", content=b"{}")
    here.post("/demo/x", content=b"", headers={"origin": "http://evil.example"})
    with here.websocket_connect("/_stcore/stream", headers={"host": "localhost"}) as socket:
        open_pages = read()[("fruitlab_open_pages",)]
        socket.send_text("end")
    after = read()

    def grown(*key: str) -> float:
        return after[key] - before.get(key, 0)

    assert open_pages == 1 and after[("fruitlab_open_pages",)] == 0
    assert grown("fruitlab_requests_total", "200", "POST", "demo") == 3
    assert grown("fruitlab_requests_total", "403", "POST", "demo") == 1
    assert grown("fruitlab_requests_total", "404", "GET", "other") == 1
    assert grown("fruitlab_request_seconds_count", "demo") == 4
    for key in (
        ("fruitlab_predictions_total", "answered"),
        ("fruitlab_predictions_waiting",),
        ("fruitlab_runs", "training"),
        ("fruitlab_free_bytes", "data"),
        ("process_resident_memory_bytes",),
        ("process_open_fds",),
    ):
        assert key in after
    assert not any("secret" in part for key in after for part in key)
