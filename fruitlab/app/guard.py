"""What every request passes before Streamlit, the demo or our own routes see it.

The server answers to its own names only, so that a page elsewhere cannot reach it through a name
that it points at this machine (DNS rebinding). Requests that change something, and WebSockets,
must come from this server's own pages or from a program. Uploads to the demo are counted.
"""

import os
from urllib.parse import urlsplit

from limits import RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from fruitlab.app import identity, metrics
from fruitlab.config.modes import Action, Mode, mode, offers
from fruitlab.inference import client
from fruitlab.inference.load import OVERLOADED

LOCAL = ("127.0.0.1", "localhost", "[::1]")
SAFE = ("GET", "HEAD", "OPTIONS")  # methods that change nothing
DEMO, UPLOAD = "/demo/", "/demo/gradio_api/upload"
# Requests of the demo that ask a network: from its page, and from programs in two ways.
ASKING = tuple(f"/demo/gradio_api/{kind}/" for kind in ("queue", "call", "run", "api"))
PAGE_UPLOAD = "/_stcore/upload_file"  # of Streamlit's own uploader
MAX_BODY = 90_000_000  # bytes of a request to the demo: a photo of 64 MB as base64 text
MEGABYTE = 1_000_000
LONGEST_NAME = 255  # bytes between two slashes of a path, as in file systems
# Of an address, where anybody may visit: a webcam sends two pictures a second through one call.
SHOWCASE_UPLOADS = {"per_minute": 30, "address_megabytes": 300, "all_megabytes": 4000}
SHOWCASE_CALLS = 120  # a minute
# Streamlit and Gradio need inline scripts and styles, eval, and workers from blobs. Nothing is
# loaded from other servers, whatever a name or a note contains.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "connect-src 'self' data: blob:",
        "img-src 'self' data: blob:",
        "media-src 'self' data: blob:",
        "font-src 'self' data:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
    )
)
HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}


def allowed_hosts() -> list[str]:
    """The names that the server answers to: those of this machine, and FRUITLAB_HOSTS.

    FRUITLAB_HOSTS lists more, separated by commas, such as `lab.example.org,*.example.net`.
    """
    return [*LOCAL, *_listed("FRUITLAB_HOSTS")]


def _listed(variable: str) -> list[str]:
    named = os.environ.get(variable, "").split(",")
    return [name.strip() for name in named if name.strip()]


def middleware() -> list[Middleware]:
    """The middleware of the server, outermost first.

    Whom a request comes from is settled here: of reverse proxies, the address that they name counts
    only for those in FRUITLAB_TRUSTED_PROXIES. By itself, uvicorn would believe any program on this
    machine.

    Raises:
        ConfigError: nobody could sign in to this shared server.
    """
    if mode() is Mode.SHARED:
        identity.check()
    os.environ["FORWARDED_ALLOW_IPS"] = ""  # uvicorn reads it when the server starts
    identified = [Middleware(identity.Identified)] if mode() is Mode.SHARED else []
    counted = [Middleware(metrics.Counted)] if metrics.wanted() else []
    return [
        *counted,
        *identified,
        Middleware(ProxyHeadersMiddleware, trusted_hosts=identity.proxies()),
        Middleware(TrustedHostMiddleware, allowed_hosts=allowed_hosts(), www_redirect=False),
        Middleware(Guard),
    ]


class Guard:
    """ASGI middleware: refuses cross-site requests, limits uploads, adds security headers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        frames = " ".join(["frame-ancestors 'self'", *_listed("FRUITLAB_EMBEDDED_BY")])
        self.headers = HEADERS | {"Content-Security-Policy": f"{POLICY}; {frames}"}
        self.uploads = UploadLimits(**SHOWCASE_UPLOADS if mode() is Mode.SHOWCASE else {})
        self.calls = RateLimitItemPerMinute(SHOWCASE_CALLS) if mode() is Mode.SHOWCASE else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        refusal = self._refusal(scope, Headers(scope=scope))
        if refusal is not None:
            await refusal(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope, headers: Headers) -> PlainTextResponse | None:
        if max(map(len, scope["path"].encode().split(b"/"))) > LONGEST_NAME:
            return PlainTextResponse("The address is too long.", status_code=414)
        if scope["type"] == "http" and scope["method"] in SAFE:
            return None
        if is_cross_site(headers):
            return PlainTextResponse("This request comes from another site.", status_code=403)
        if scope["path"].startswith(PAGE_UPLOAD) and not offers(Action.IMPORT):
            return PlainTextResponse("Nothing can be uploaded here.", status_code=403)
        if scope["type"] != "http" or not scope["path"].startswith(DEMO):
            return None
        try:
            size = int(headers.get("content-length", ""))
        except ValueError:
            return PlainTextResponse("Send the length of the content.", status_code=411)
        if size > MAX_BODY:
            return PlainTextResponse("The file is too large.", status_code=413)
        if scope["path"].startswith(ASKING) and (seconds := client.overloaded()):
            return try_again(OVERLOADED.format(seconds), 503, seconds)
        address = scope["client"][0] if scope.get("client") else ""
        if scope["path"].startswith(UPLOAD):
            accepted = self.uploads.accept(address, size)
        else:
            accepted = self.calls is None or self.uploads.limiter.hit(self.calls, "calls", address)
        return None if accepted else try_again("Too many requests. Try again in two minutes.", 429)


def try_again(text: str, status: int, seconds: int = 120) -> PlainTextResponse:
    """A refusal that says when to come back."""
    return PlainTextResponse(text, status, headers={"Retry-After": str(seconds)})


def is_cross_site(headers: Headers) -> bool:
    """Whether a browser sent a request for a page of another site.

    Browsers name the page's origin with every request that is not a GET, and with WebSockets.
    Programs name none.
    """
    if headers.get("sec-fetch-site") == "cross-site":
        return True
    try:
        origin = headers.get("origin")
        return origin is not None and urlsplit(origin).netloc != headers.get("host")
    except ValueError:  # no address at all
        return True


class UploadLimits:
    """How many files the demo takes, and of what size: in a minute, in an hour, from an address.

    Uploads are deleted after an hour, so the limits of an hour are those of the disk.

    Args:
        per_minute: uploads from an address; a program that classifies photos sends 10 a second.
        address_megabytes, all_megabytes: in an hour, from an address and altogether.
    """

    def __init__(
        self, per_minute: int = 900, address_megabytes: int = 2000, all_megabytes: int = 8000
    ) -> None:
        self.number = RateLimitItemPerMinute(per_minute)
        self.of_address = RateLimitItemPerHour(address_megabytes)
        self.of_all = RateLimitItemPerHour(all_megabytes)
        self.limiter = FixedWindowRateLimiter(MemoryStorage())

    def accept(self, address: str, size: int) -> bool:
        """Count an upload of `size` bytes; False if it is too many or too much."""
        cost = -(-size // MEGABYTE)
        return (
            self.limiter.hit(self.number, address)
            and self.limiter.hit(self.of_address, address, cost=cost)
            and self.limiter.hit(self.of_all, "everybody", cost=cost)
        )
