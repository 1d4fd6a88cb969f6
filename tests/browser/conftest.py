"""A real server and a real Chromium. Without Chromium, tests are skipped unless CI is set."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fruitlab.data import store
from fruitlab.runs import catalog

PROJECT = Path(__file__).resolve().parents[2]
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]
TIMEOUT = 120_000  # milliseconds; other tests may train at the same time


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser test that fails runs once more: other tests make the machine slow at any moment."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.flaky(reruns=1))


class Server:
    """`streamlit run app.py` on a free port, with the folders of the test."""

    def __init__(self, log: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url, self.log = f"http://127.0.0.1:{self.port}", log
        # Started in another folder, as nothing may depend on the working directory.
        with open(log, "ab") as file:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "streamlit",
                    "run",
                    str(PROJECT / "app.py"),
                    "--server.port",
                    str(self.port),
                    "--server.headless",
                    "true",
                ],
                cwd=log.parent,
                stdout=file,
                stderr=file,
            )
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2).close()
                return
            except OSError:
                assert self.process.poll() is None and time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)

    def stop(self, number: int = signal.SIGINT) -> None:
        """Ends the server as a user does. benchmarks/explorer.py measures how long that takes."""
        if self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                pytest.fail(f"the server did not end on signal {number}")


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root with synthetic:20, drawn once."""
    root = tmp_path_factory.mktemp("data")
    before = os.environ.get("FRUITLAB_DATA")
    os.environ["FRUITLAB_DATA"] = str(root)
    try:
        store.load("synthetic:20")
    finally:
        os.environ.pop("FRUITLAB_DATA") if before is None else os.environ.__setitem__(
            "FRUITLAB_DATA", before
        )
    return root


@pytest.fixture
def serve(
    tmp_path: Path, drawn: Path, folders_of_its_own: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Server]]:
    """Starts servers; they and the runs they started are ended after the test."""
    monkeypatch.setenv("FRUITLAB_DATA", str(drawn))
    servers: list[Server] = []

    def start() -> Server:
        servers.append(Server(tmp_path / f"server-{len(servers)}.log"))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()
        assert "Traceback" not in server.log.read_text(), server.log.read_text()
    for run in catalog.all_runs():
        if not run.shipped:
            run.ask_to_stop()
    deadline = time.monotonic() + 90
    while any(run.alive() for run in catalog.all_runs()):
        assert time.monotonic() < deadline, "a training did not stop"
        time.sleep(0.2)


@pytest.fixture
def server(serve: Callable[[], Server]) -> Server:
    return serve()


# Not for the session: while the driver runs, this thread has its event loop, and other tests need
# their own.
@pytest.fixture(scope="module")
def chromium() -> Iterator["Browser"]:  # noqa: F821
    playwright = (
        pytest.importorskip("playwright.sync_api")
        if not os.environ.get("CI")
        else __import__("playwright.sync_api").sync_api
    )
    path = (
        shutil.which("chromium")
        or shutil.which("chromium-browser")
        or shutil.which("google-chrome")
    )
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(
            "there is no Chromium here: apt-get install chromium"
        )
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def tab(chromium: "Browser") -> Iterator[Callable[..., "Page"]]:  # noqa: F821
    """Opens tabs. A request to another machine or an error in the console fails the test."""
    contexts, errors = [], []

    def wrong(message) -> None:
        if message.type == "error":
            errors.append(f"{message.text} ({message.location.get('url', '')})")

    def asked(request) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")):
            errors.append(f"asked another machine: {request.url}")

    def open_tab(*, watched: bool = True, **options) -> "Page":  # noqa: F821
        context = chromium.new_context(**({"viewport": {"width": 1440, "height": 900}} | options))
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(TIMEOUT)
        if watched:
            page.on("console", wrong)
            page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", asked)
        return page

    yield open_tab
    for context in contexts:
        context.close()
    assert not errors, "\n".join(errors)
