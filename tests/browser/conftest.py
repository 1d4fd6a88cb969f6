"""A real server and a real Chromium. Without one these tests are skipped, unless CI is set: there they must run."""

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
PATIENCE = 120_000  # milliseconds: trainings of other tests may have the machine


class Server:
    """`streamlit run app.py` on a free port, with the roots of the test."""

    def __init__(self, log: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url, self.log = f"http://127.0.0.1:{self.port}", log
        # Started from elsewhere, as a person may: nothing may depend on the working directory.
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
        """Ends it as a person does. It has to go by itself: benchmarks/explorer.py measures how soon."""
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
    """A data root that holds synthetic:20, drawn once."""
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
    """Starts servers; at the end they are ended, and so is every training that they started."""
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


@pytest.fixture(
    scope="module"
)  # while the driver runs, its event loop is this thread's: tests after these need their own
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
    """Opens tabs. A request to another machine, an error in the console or an uncaught exception in any of them fails the test."""
    contexts, faults = [], []

    def wrong(message) -> None:
        # Streamlit's client asks below a deep link's path first, and is told no: harmless.
        where = message.location.get("url", "")
        if message.type == "error" and not (
            where.endswith(("/_stcore/health", "/_stcore/host-config")) and "404" in message.text
        ):
            faults.append(f"{message.text} ({where})")

    def asked(request) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")):
            faults.append(f"asked another machine: {request.url}")

    def open_tab(*, watched: bool = True, **options) -> "Page":  # noqa: F821
        context = chromium.new_context(**({"viewport": {"width": 1440, "height": 900}} | options))
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        if watched:
            page.on("console", wrong)
            page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", asked)
        return page

    yield open_tab
    for context in contexts:
        context.close()
    assert not faults, "\n".join(faults)
