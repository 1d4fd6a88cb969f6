"""What the server refuses before anything else sees a request."""

import pytest
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocket

from fruitlab.app import guard


def client(host: str = "127.0.0.1:8501") -> TestClient:
    async def page(request: Request) -> PlainTextResponse:
        await request.body()
        return PlainTextResponse("here")

    async def stream(socket: WebSocket) -> None:
        await socket.accept()
        await socket.close()

    routes = [
        Route("/{path:path}", page, methods=["GET", "POST", "PUT", "DELETE"]),
        WebSocketRoute("/stream", stream),
    ]
    app = Starlette(routes=routes, middleware=guard.middleware())
    return TestClient(app, base_url=f"http://{host}")


def connects(host: str, **headers: str) -> bool:
    try:
        with client(host).websocket_connect("/stream", headers={"host": host} | headers):
            return True
    except WebSocketDenialResponse:
        return False


@pytest.mark.parametrize("host", ["127.0.0.1:8501", "localhost:8501", "[::1]:8501", "localhost"])
def test_the_server_answers_to_its_own_names(host) -> None:
    assert client(host).get("/", headers={"host": host}).status_code == 200
    assert connects(host, origin=f"http://{host}")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil", ""])
def test_another_name_that_points_here_is_refused(host) -> None:
    for path in ("/", "/_stcore/health", "/demo/config"):
        assert client().get(path, headers={"host": host}).status_code == 400
    assert not connects(host, origin=f"http://{host}")


def test_further_names_can_be_allowed(monkeypatch) -> None:
    monkeypatch.setenv("FRUITLAB_HOSTS", "lab.example.org, *.example.net")
    for host in ("lab.example.org", "a.example.net:8501", "localhost"):
        assert client(host).get("/", headers={"host": host}).status_code == 200
    assert client().get("/", headers={"host": "example.org"}).status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "http://127.0.0.1"},
        {"origin": "null"},
        {"origin": "http://["},
        {"sec-fetch-site": "cross-site"},
    ],
    ids=str,
)
def test_what_another_site_sends_is_refused(headers) -> None:
    here = client()
    for path in ("/demo/gradio_api/upload", "/_stcore/upload_file/a/b", "/anything"):
        for method in ("POST", "PUT", "DELETE"):
            assert here.request(method, path, headers=headers, content=b"x").status_code == 403
    assert not connects("127.0.0.1:8501", **headers)
    assert here.get("/", headers=headers).status_code == 200, "links from elsewhere work"


def test_its_own_pages_and_programs_are_served() -> None:
    for headers in ({"origin": "http://127.0.0.1:8501", "sec-fetch-site": "same-origin"}, {}):
        answer = client().post("/demo/gradio_api/upload", headers=headers, content=b"x")
        assert answer.status_code == 200
        assert connects("127.0.0.1:8501", **headers)


def test_large_uploads_and_those_of_unknown_length_are_refused() -> None:
    here = client()
    length = {"content-length": str(guard.MAX_BODY + 1)}
    assert here.post("/demo/gradio_api/upload", headers=length, content=b"").status_code == 413
    chunks = (b"x" for _ in range(3))
    assert here.post("/demo/gradio_api/upload", content=chunks).status_code == 411


def test_names_longer_than_any_file_s_are_refused() -> None:
    """Where a server looks for such a file, the system's error is none that it expects."""
    here, name = client(), "é" * 127 + "a"  # 255 bytes
    for method in ("GET", "POST"):
        assert here.request(method, f"/demo/assets/{name}", content=b"").status_code == 200
        assert here.request(method, f"/demo/assets/{name}a", content=b"").status_code == 414


def test_uploads_are_limited_in_number_and_size() -> None:
    few = guard.UploadLimits(per_minute=3)
    assert [few.accept("a", 1) for _ in range(4)] == [True, True, True, False]
    assert few.accept("b", 1)
    small = guard.UploadLimits(address_megabytes=10, all_megabytes=15)
    assert small.accept("a", 9_500_000) and not small.accept("a", 1)
    assert small.accept("b", 5_000_000) and not small.accept("c", 1)


def test_too_many_uploads_are_asked_to_wait() -> None:
    with client() as here:  # one thread for all of them
        statuses = [here.post("/demo/gradio_api/upload", content=b"x") for _ in range(901)]
    assert [answer.status_code for answer in statuses] == [200] * 900 + [429]
    assert int(statuses[-1].headers["retry-after"]) > 0


def test_every_answer_has_security_headers() -> None:
    headers = client().get("/").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    policy = headers["content-security-policy"]
    assert "frame-ancestors 'self'" in policy and "object-src 'none'" in policy
    assert "http:" not in policy and "https:" not in policy and "*" not in policy


def test_the_origin_is_compared_with_its_port() -> None:
    same = Headers({"host": "a.example:8501", "origin": "https://a.example:8501"})
    assert not guard.is_cross_site(same)
    assert guard.is_cross_site(Headers({"host": "a.example", "origin": "https://a.example.org"}))


def test_an_overloaded_demo_answers_at_once_when_to_come_back(monkeypatch) -> None:
    monkeypatch.setattr(guard.client, "overloaded", lambda: 7)
    here = client()
    for path in ("queue/join", "run/classify", "api/classify", "call/classify"):
        answer = here.post(f"/demo/gradio_api/{path}", content=b"{}")
        assert answer.status_code == 503 and answer.headers["retry-after"] == "7"
        assert "busy. Try again in 7 s" in answer.text
    assert here.post("/demo/gradio_api/upload", content=b"x").status_code == 200
    assert here.get("/demo/gradio_api/queue/data").status_code == 200


@pytest.mark.parametrize(
    ("trusted", "each_counts"), [("", False), ("10.0.0.1", False), ("10.0.0.0/8, testclient", True)]
)
def test_addresses_are_believed_from_trusted_proxies_only(
    monkeypatch, trusted: str, each_counts: bool
) -> None:
    monkeypatch.setenv("FRUITLAB_TRUSTED_PROXIES", trusted)
    monkeypatch.setenv("FRUITLAB_MODE", "showcase")
    here, most = client(), guard.SHOWCASE_UPLOADS["per_minute"]
    for _ in range(most):
        here.post(guard.UPLOAD, content=b"x", headers={"x-forwarded-for": "192.0.2.1"})
    for address, status in (("192.0.2.1", 429), ("192.0.2.2", 200 if each_counts else 429)):
        answer = here.post(guard.UPLOAD, content=b"x", headers={"x-forwarded-for": address})
        assert answer.status_code == status


def test_pages_of_named_sites_may_show_the_server_in_a_frame(monkeypatch) -> None:
    monkeypatch.setenv("FRUITLAB_EMBEDDED_BY", "https://huggingface.co")
    policy = client().get("/").headers["content-security-policy"]
    assert policy.endswith("; frame-ancestors 'self' https://huggingface.co")
