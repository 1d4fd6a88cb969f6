"""Who gets into a shared server, and under which name."""

import json
from collections.abc import Iterator

import pytest
from run_folders import run_folder
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocket
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value
from ui_pages import checked, opened, text

from fruitlab.app import guard, identity
from fruitlab.config import users
from fruitlab.config.errors import ConfigError

BEHIND = ("/demo", "/demo/", "/demo/config", "/assets/pictures/a/b/0", "/media/a.png")
PEER = "testclient"  # the address of Starlette's test client


@pytest.fixture(autouse=True)
def forgotten_finders(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("FRUITLAB_MODE", "shared")
    yield
    users._finders.clear()


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRUITLAB_USER_HEADER", "X-Forwarded-Email")
    monkeypatch.setenv("FRUITLAB_TRUSTED_PROXIES", f"10.0.0.0/8,{PEER}")


@pytest.fixture
def oidc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit's own sign-in is configured."""
    monkeypatch.setattr("streamlit.auth_util.get_secrets_auth_section", lambda: {"client_id": "a"})
    monkeypatch.setattr("streamlit.auth_util.is_authlib_installed", lambda: True)


def client() -> TestClient:
    """The server's middleware before a page that says who its visitor is."""

    async def who(request: Request) -> PlainTextResponse:
        assert len(request.headers.getlist(identity.NAME)) < 2
        return PlainTextResponse(request.headers.get(identity.NAME, "nobody"))

    async def stream(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(socket.headers.get(identity.NAME, "nobody"))
        await socket.close()

    routes = [
        WebSocketRoute("/{path:path}", stream),
        Route("/{path:path}", who, methods=["GET", "POST", "PUT"]),
    ]
    app = Starlette(routes=routes, middleware=guard.middleware())
    return TestClient(app, base_url="http://localhost")


def connected(path: str, **headers: str) -> str | None:
    """The name under which a WebSocket is open; None if it is refused."""
    try:
        with client().websocket_connect(path, headers={"host": "localhost"} | headers) as socket:
            return socket.receive_text()
    except WebSocketDenialResponse:
        return None


def cookie(secret: str | None = None, **found: object) -> dict[str, str]:
    signed = create_signed_value(
        secret or get_cookie_secret(), "_streamlit_user", json.dumps(found)
    )
    return {"_streamlit_user": signed.decode()}


def test_the_proxy_names_the_user(proxy) -> None:
    named = {"x-forwarded-email": "ann@example.org"}
    for path in ("/", "/explore", *BEHIND):
        assert client().get(path, headers=named).text == "ann@example.org"
        assert client().get(path).status_code == 401
    assert connected("/_stcore/stream", **named) == "ann@example.org"
    assert connected("/_stcore/stream") is None
    for path in ("/demo/gradio_api/upload", "/_stcore/upload_file/a/b"):
        assert client().post(path, content=b"x").status_code == 401
        assert client().post(path, content=b"x", headers=named).text == "ann@example.org"
    assert client().get("/healthz").status_code == 200


def test_the_visitors_address_may_be_another_than_the_proxys(proxy) -> None:
    named = {"x-forwarded-email": "ann", "x-forwarded-for": "192.0.2.1"}
    assert client().get("/", headers=named).text == "ann"


def test_a_name_from_elsewhere_is_not_believed(proxy, monkeypatch) -> None:
    monkeypatch.setenv("FRUITLAB_TRUSTED_PROXIES", "10.0.0.1")
    forged = {"x-forwarded-email": "ann", "x-forwarded-for": "10.0.0.1"}
    assert client().get("/", headers=forged).status_code == 401
    assert connected("/_stcore/stream", **forged) is None


@pytest.mark.parametrize("name", ["", " ", "a" * 201, "jos\u00e9", "a\tb"])
def test_odd_names_are_nobodys(proxy, name: str) -> None:
    answer = client().get("/", headers={"x-forwarded-email": name.encode("latin-1")})
    assert answer.status_code == 401


def test_our_own_header_cannot_be_sent(proxy, monkeypatch) -> None:
    assert client().get("/", headers={identity.NAME: "eve"}).status_code == 401
    both = {identity.NAME: "eve", "x-forwarded-email": "ann"}
    assert client().get("/", headers=both).text == "ann"
    monkeypatch.setenv("FRUITLAB_MODE", "showcase")  # where it means nothing


def test_with_streamlits_sign_in_only_its_page_opens_without_a_name(oidc) -> None:
    here = client()
    for path in ("/", "/explore", "/static/js/index.js", "/auth/login", "/oauth2callback"):
        assert here.get(path, headers={identity.NAME: "eve"}).text == "nobody"
    for path in BEHIND:
        assert here.get(path).status_code == 401
    assert here.put("/_stcore/upload_file/a/b", content=b"x").status_code == 401
    assert connected("/_stcore/stream") == "nobody", "to show the button for signing in"
    assert connected("/demo/stream") is None


def test_the_cookie_of_streamlits_sign_in_opens_the_rest(oidc) -> None:
    here = client()
    here.cookies.update(cookie(is_logged_in=True, email="ann@example.org", sub="1"))
    for path in ("/", *BEHIND):
        assert here.get(path).text == "ann@example.org"
    header = "; ".join(f"{name}={value}" for name, value in here.cookies.items())
    assert connected("/_stcore/stream", cookie=header) == "ann@example.org"


@pytest.mark.parametrize(
    "found",
    [
        {"is_logged_in": False, "email": "ann"},
        {"email": "ann"},
        {"is_logged_in": True},
        {"secret": "another", "is_logged_in": True, "email": "ann"},
    ],
    ids=str,
)
def test_other_cookies_open_nothing(oidc, found: dict) -> None:
    here = client()
    here.cookies.update(cookie(**found))
    assert here.get("/demo/").status_code == 401
    here.cookies.update({"_streamlit_user": '{"is_logged_in": true, "email": "ann"}'})
    assert here.get("/demo/").status_code == 401


def test_an_unverified_address_is_not_a_name() -> None:
    found = cookie(is_logged_in=True, email="ann@example.org", email_verified=False, sub="42")
    assert identity.signed_in(found) == "42"


def test_without_a_way_to_sign_in_the_server_does_not_start(monkeypatch) -> None:
    monkeypatch.setattr("streamlit.auth_util.get_secrets_auth_section", dict)
    with pytest.raises(ConfigError, match="needs a way to sign in"):
        client().get("/")
    monkeypatch.setattr("streamlit.auth_util.get_secrets_auth_section", lambda: {"client_id": "a"})
    monkeypatch.setattr("streamlit.auth_util.is_authlib_installed", lambda: False)
    with pytest.raises(ConfigError, match="pip install authlib"):
        client().get("/")
    monkeypatch.setenv("FRUITLAB_USER_HEADER", "X-Forwarded-Email")
    with pytest.raises(ConfigError, match="TRUSTED_PROXIES is not"):
        client().get("/")


def test_the_server_itself_is_nobody(monkeypatch) -> None:
    monkeypatch.setenv("FRUITLAB_USER", "ann")
    assert users.current() == "ann"
    users.find_with(identity.visitor)
    assert users.current() is None


def test_pages_ask_to_sign_in_and_then_offer_what_is_ones_own(monkeypatch) -> None:
    monkeypatch.setenv("FRUITLAB_USER", "ann")
    run_folder("stopped", status="stopped")
    for user, signed, resumes in (
        ("", False, False),
        ("bob", True, False),
        ("ann", True, True),
        ("eve", True, True),
    ):
        monkeypatch.setenv("FRUITLAB_USER", user)
        monkeypatch.setenv("FRUITLAB_ADMINS", "eve")
        app = checked(opened("train", run="stopped"))
        keys = {one.key for one in app.button}
        assert ("resume" in keys) == resumes and ("start" in keys) == signed
        assert ("Signed in as" in text(app)) == signed
        assert any(one.label == "Sign in" for one in app.button) != signed
