"""deploy/Caddyfile in front of a showcase, with a certificate of Caddy's own. Needs Caddy 2."""

import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import websockets.sync.client as websockets
from websockets.exceptions import InvalidStatus

from fruitlab.app import guard
from fruitlab.config.paths import PROJECT

CADDY = shutil.which("caddy")
NAME = "fruit.localhost"  # leads to this machine, and Caddy signs its certificate itself
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CADDY is None, reason="Caddy is not installed (Debian's package caddy)"),
]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def running(command: list[str], log: Path, **environment: str) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, env=os.environ | environment, cwd=log.parent
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[int, int]]:
    """The ports of Caddy and of the server behind it."""
    server, https = free_port(), free_port()
    options = f"{{\n\tadmin off\n\tskip_install_trust\n\thttps_port {https}\n"
    options += f"\thttp_port {free_port()}\n}}\n"
    config = (PROJECT / "deploy" / "Caddyfile").read_text()
    assert "fruitlab:8501" in config
    (tmp_path / "Caddyfile").write_text(
        options + config.replace("fruitlab", "127.0.0.1", 1).replace("8501", str(server))
    )
    hosts = {"FRUITLAB_HOSTS": NAME}
    explorer = [sys.executable, "-m", "streamlit", "run", str(PROJECT / "app.py")]
    explorer += ["--server.headless", "true", "--server.port", str(server)]
    modes = {"FRUITLAB_MODE": "showcase", "FRUITLAB_TRUSTED_PROXIES": "127.0.0.1"}
    caddy = [str(CADDY), "run", "--adapter", "caddyfile", "--config", "Caddyfile"]
    with (
        running(explorer, tmp_path / "server.log", **hosts, **modes, FRUITLAB_METRICS="1"),
        running(
            caddy,
            tmp_path / "caddy.log",
            **hosts,
            XDG_DATA_HOME=str(tmp_path),
            XDG_CONFIG_HOME=str(tmp_path),
        ),
    ):
        deadline = time.monotonic() + 90
        while not ready(https):
            assert time.monotonic() < deadline, (tmp_path / "caddy.log").read_text()
            time.sleep(0.2)
        yield https, server


def ready(https: int) -> bool:
    try:
        found = client(https).get("/healthz")
        return found.status_code == 200 and found.json()["demo"] == "ready"
    except (httpx.HTTPError, ValueError):
        return False


def client(https: int) -> httpx.Client:
    """A client that asks Caddy for the name, which this machine need not be able to look up."""

    def ask_for_the_name(request: httpx.Request) -> None:
        request.extensions["sni_hostname"] = NAME

    return httpx.Client(
        base_url=f"https://127.0.0.1:{https}",
        headers={"Host": f"{NAME}:{https}"},
        event_hooks={"request": [ask_for_the_name]},
        verify=False,
        trust_env=False,
        timeout=60,
    )


def open_socket(https: int, origin: str) -> None:
    """Open the explorer's socket as a page of that origin would."""
    unchecked = ssl.create_default_context()
    unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
    with websockets.connect(
        f"wss://{NAME}:{https}/_stcore/stream",
        sock=socket.create_connection(("127.0.0.1", https)),
        ssl=unchecked,
        origin=origin,
        subprotocols=["streamlit"],
    ):
        pass


def test_a_showcase_behind_caddy(site: tuple[int, int]) -> None:
    https, server = site
    with client(https) as visitor:
        page = visitor.get("/")
        assert (
            page.status_code == 200 and "frame-ancestors" in page.headers["content-security-policy"]
        )
        assert visitor.get("/metrics").status_code == 404, "they are not for visitors"
        here = f"https://{NAME}:{https}"
        open_socket(https, here)
        with pytest.raises(InvalidStatus, match="403"):
            open_socket(https, "https://evil.example")
        foreign = {"Origin": "https://evil.example"}
        assert visitor.post("/demo/gradio_api/queue/join", headers=foreign).status_code == 403
        # The address counts that Caddy saw, whatever a visitor writes there.
        statuses = [
            visitor.post(
                "/demo/gradio_api/queue/join",
                headers={"X-Forwarded-For": f"10.0.0.{number}", "Origin": here},
                json={},
            ).status_code
            for number in range(guard.SHOWCASE_CALLS + 1)
        ]
        assert 429 not in statuses[:-1] and statuses[-1] == 429
    direct = httpx.get(f"http://127.0.0.1:{server}/", headers={"Host": "evil.example"})
    assert direct.status_code == 400
    assert httpx.get(f"http://127.0.0.1:{server}/metrics").status_code == 200
