"""Who a visitor of a shared server is, and the sign-in.

Either a reverse proxy signs people in and names them in the header FRUITLAB_USER_HEADER, which is
believed from FRUITLAB_TRUSTED_PROXIES only; or Streamlit does, by OpenID Connect (`st.login`), and
keeps the name in a signed cookie. What lies behind gets the name in a header of our own, which
nobody else can set.
"""

import ipaddress
import json
import os
import sys
from collections.abc import Iterable

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit.runtime.scriptrunner import get_script_run_ctx

from fruitlab.config import users
from fruitlab.config.errors import ConfigError
from fruitlab.config.modes import Mode, mode
from fruitlab.config.text import plain

NAME = "x-fruitlab-user"  # our own header
LONGEST = 200  # characters of a user's name
OPEN = ("/healthz", "/metrics")  # without anybody's name; a proxy keeps the latter from visitors
# Without a name, Streamlit's page for signing in can be opened, but nothing of these.
CLOSED = ("demo", "assets", "media", "component")


def proxies() -> list[str]:
    """The addresses and networks of reverse proxies that are believed."""
    named = os.environ.get("FRUITLAB_TRUSTED_PROXIES", "").split(",")
    return [name.strip() for name in named if name.strip()]


def user_header() -> str | None:
    """The header in which a reverse proxy names the user, if one does."""
    return os.environ.get("FRUITLAB_USER_HEADER") or None


def check() -> None:
    """Raises ConfigError if nobody could sign in to this shared server."""
    if user_header():
        if not proxies():
            raise ConfigError(
                "FRUITLAB_USER_HEADER is set, but FRUITLAB_TRUSTED_PROXIES is not: anybody could "
                "send the header. Name the addresses of the reverse proxy."
            )
        return
    from streamlit import auth_util

    if auth_util.get_secrets_auth_section():
        if not auth_util.is_authlib_installed():
            raise ConfigError("Signing in needs Authlib: pip install authlib")
    else:
        raise ConfigError(
            "A shared server needs a way to sign in: FRUITLAB_USER_HEADER with "
            "FRUITLAB_TRUSTED_PROXIES, or [auth] in .streamlit/secrets.toml (docs/modes.md)."
        )


class Identified:
    """ASGI middleware of a shared server, which must come before proxies' addresses are replaced.

    Puts the user's name into our own header, and refuses what nobody may do without a name.
    """

    def __init__(self, app: ASGIApp) -> None:
        users.find_with(visitor)
        self.app, self.header, self.trusted = app, user_header(), proxies()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        user = self._user(scope)
        headers = MutableHeaders(scope=scope)
        del headers[NAME]
        if user:
            headers[NAME] = user
        elif not self._open(scope):
            refusal = PlainTextResponse("Sign in first.", status_code=401)
            await refusal(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _user(self, scope: Scope) -> str | None:
        connection = HTTPConnection(scope)
        if self.header is None:
            name = signed_in(connection.cookies)
        else:
            peer = connection.client.host if connection.client else ""
            name = connection.headers.get(self.header) if is_among(peer, self.trusted) else None
        name = (name or "").strip()
        valid = name and name.isascii() and name.isprintable() and len(name) <= LONGEST
        return name if valid else None

    def _open(self, scope: Scope) -> bool:
        if scope["path"] in OPEN:
            return True
        if self.header is not None:  # the proxy lets nobody through without a name
            return False
        if scope["type"] == "websocket":
            return scope["path"] == "/_stcore/stream"
        first = scope["path"].split("/")[1:2]
        return scope["method"] in ("GET", "HEAD") and first and first[0] not in CLOSED


def is_among(address: str, networks: Iterable[str]) -> bool:
    """Whether an address is one of those named, or in one of the networks named."""
    for network in networks:
        try:
            if ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False):
                return True
        except ValueError:  # no IP address: the name of a socket
            if address == network:
                return True
    return False


def signed_in(cookies: dict[str, str]) -> str | None:
    """The e-mail address, or else the subject, in the cookie that Streamlit signed at the login."""
    # Imported here, because other modes do without them.
    from streamlit.auth_util import get_cookie_with_chunks
    from streamlit.web.server.server_util import get_cookie_secret
    from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
    from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

    def read(name: str) -> bytes | None:
        return decode_signed_value(get_cookie_secret(), name, cookies.get(name, ""))

    try:
        found = json.loads(get_cookie_with_chunks(read, USER_COOKIE_NAME) or b"{}")
    except (ValueError, UnicodeError):
        return None
    if not isinstance(found, dict) or not found.get("is_logged_in"):
        return None
    email = found.get("email") if found.get("email_verified", True) else None
    return email or found.get("sub")


def visitor() -> str | None:
    """The user whom this thread works for: a page of the explorer, or a call of the demo."""
    if get_script_run_ctx(suppress_warning=True) is not None:
        return st.context.headers.get(NAME)
    if "gradio.context" not in sys.modules:  # imported by now, or there is no call of the demo
        return None
    from gradio.context import LocalContext

    request = LocalContext.request.get(None)
    return request.headers.get(NAME) if request is not None else None


def sign_in() -> None:
    """On a shared server, shows who has signed in; asks others to, and ends the page."""
    if mode() is not Mode.SHARED:
        return
    user = users.current()
    if user is None:
        st.title("FruitLab")
        st.write("This server is shared by people who sign in.")
        st.button("Sign in", type="primary", icon=":material/login:", on_click=st.login)
        st.stop()
    with st.sidebar:
        role = " (admin)" if users.is_admin(user) else ""
        st.caption(f"Signed in as {plain(user)}{role}")
        if user_header() is None:
            st.button("Sign out", icon=":material/logout:", type="tertiary", on_click=st.logout)
