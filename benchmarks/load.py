"""How many visitors a server holds: open pages, calls of /classify, and what 500 leave behind.

    python -m benchmarks.load [--sessions 100] [--callers 50] [--closed 500] [--seconds 30]

Starts a server of its own in a temporary folder and visits it as browsers do, over WebSockets: most
look at Explore, one in five watches a run that trains. All the while /healthz is asked, as a
monitor would. Then programs send photos to /classify, each its next one as soon as it has an
answer; and visitors come and go. Visitors and server share the machine, so that a server that has
its cores to itself does better. Linux only.
"""

import argparse
import asyncio
import base64
import os
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import httpx
import numpy as np
import psutil
import websockets
from PIL import Image
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks.explorer import line

PROJECT = Path(__file__).resolve().parents[1]
RUN = "load"  # the run that trains while visitors watch
FORGOTTEN = 5  # seconds after which the server forgets a closed page, here; otherwise two minutes
Seconds = list[float]


class Server:
    """A server process of its own."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.host = f"127.0.0.1:{free.getsockname()[1]}"
        self.log = open(folder / "log", "wb")  # noqa: SIM115
        command = [sys.executable, "-m", "streamlit", "run", str(PROJECT / "app.py")]
        command += ["--server.port", self.host.partition(":")[2], "--server.headless", "true"]
        command += ["--server.disconnectedSessionTTL", str(FORGOTTEN)]
        self.process = psutil.Popen(command, stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + 120
        while not self.ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                sys.exit("The server did not start:\n" + (folder / "log").read_text())
            time.sleep(0.2)

    def ready(self) -> bool:
        """Whether the server and its demo have started."""
        try:
            return httpx.get(f"http://{self.host}/healthz").json()["demo"] == "ready"
        except (httpx.HTTPError, ValueError):
            return False

    def megabytes(self) -> float:
        return self.process.memory_info().rss / 1e6

    def used(self) -> float:
        """Processor seconds so far, of the server and its children that live."""
        processes = [self.process, *self.process.children()]
        times = [process.cpu_times() for process in processes]
        return sum(one.user + one.system for one in times)

    def files(self) -> int:
        return self.process.num_fds()

    def stop(self) -> None:
        with suppress(psutil.NoSuchProcess):
            self.process.terminate()
        try:
            self.process.wait(15)
        except psutil.TimeoutExpired:
            self.process.kill()
        self.log.close()


class Page:
    """A page in a browser: it is opened, and the server says when to refresh which part."""

    def __init__(self, host: str, name: str, query: str = "") -> None:
        self.host, self.name, self.query = host, name, query
        self.took: Seconds = []  # of each refresh, the first being the page itself
        self.cached: set[str] = set()

    async def visit(self, until: float, opened: Callable[[], None] = lambda: None) -> None:
        """Open the page and keep it open until a time of `time.monotonic`."""
        address = f"ws://{self.host}/_stcore/stream"
        options = {"subprotocols": ["streamlit"], "max_size": None, "open_timeout": 120}
        async with websockets.connect(address, **options) as self.socket:
            await self.refresh("")
            opened()
            while (left := until - time.monotonic()) > 0:
                part = min(self.parts, key=lambda one: self.parts[one][1], default=None)
                if part is None or (wait := self.parts[part][1] - time.monotonic()) > left:
                    await asyncio.sleep(left)
                    return
                await asyncio.sleep(max(0, wait))
                await self.refresh(part)

    async def refresh(self, part: str) -> None:
        """Run the page, or a part of it, and wait for all of it."""
        if not part:
            self.parts: dict[str, tuple[float, float]] = {}  # interval and next time of each part
        message = BackMsg()
        state = message.rerun_script
        state.query_string, state.page_name, state.fragment_id = self.query, self.name, part
        state.is_auto_rerun = bool(part)
        state.cached_message_hashes.extend(self.cached)
        began = time.monotonic()
        await self.socket.send(message.SerializeToString())
        while True:
            answer = ForwardMsg()
            answer.ParseFromString(await self.socket.recv())
            if answer.metadata.cacheable:
                self.cached.add(answer.hash)
            kind = answer.WhichOneof("type")
            if kind == "auto_rerun":
                one = answer.auto_rerun
                self.parts[one.fragment_id] = one.interval, time.monotonic() + one.interval
            elif kind == "stop_auto_rerun":
                self.parts.pop(answer.stop_auto_rerun.fragment_id, None)
            elif kind == "script_finished":
                break
        now = time.monotonic()
        self.took.append(now - began)
        if part in self.parts:
            self.parts[part] = self.parts[part][0], now + self.parts[part][0]


async def watch_health(host: str, took: Seconds, every: float = 0.25) -> None:
    async with httpx.AsyncClient(timeout=60) as client:
        while True:
            began = time.monotonic()
            assert (await client.get(f"http://{host}/healthz")).status_code == 200
            took.append(time.monotonic() - began)
            await asyncio.sleep(every)


async def with_health(host: str, work: Awaitable[None]) -> Seconds:
    """How long /healthz took while something was done."""
    took: Seconds = []
    watching = asyncio.create_task(watch_health(host, took))
    await work
    watching.cancel()
    return took


async def watch(server: Server, sessions: int, seconds: float) -> None:
    before = server.megabytes(), server.files()
    pages = [
        Page(server.host, "train", f"run={RUN}") if number % 5 == 4 else Page(server.host, "")
        for number in range(sessions)
    ]
    for page in pages:
        page.name = page.name or "explore"
    began = time.monotonic()
    opened: Seconds = []
    until = began + seconds

    async def all_of_them() -> None:
        async def one(number: int, page: Page) -> None:
            await asyncio.sleep(seconds / 2 * number / sessions)  # they come one after the other
            await page.visit(until, lambda: opened.append(time.monotonic()))

        work = asyncio.gather(*(one(number, page) for number, page in enumerate(pages)))
        while not work.done():
            await asyncio.sleep(0.5)
            peak.append((server.megabytes(), server.files()))
        await work

    peak: list[tuple[float, int]] = []
    used = server.used()
    health = await with_health(server.host, all_of_them())
    print(f"{sessions} open pages, one in five on a run that trains, {seconds:.0f} s:")
    for name in ("explore", "train"):
        report(f"  {name}: opened", [p.took[0] for p in pages if p.name == name and p.took])
        report(f"  {name}: refreshed", [t for p in pages if p.name == name for t in p.took[1:]])
    report("  /healthz", health)
    each = 1000 * (server.used() - used) / sum(len(page.took) for page in pages)
    print(f"  processor time of the server: {each:.0f} ms for each answer to a page")
    memory, files = max(m for m, _ in peak), max(f for _, f in peak)
    print(
        f"  memory {before[0]:.0f} to {memory:.0f} MB, {(memory - before[0]) / sessions:.2f} MB a "
        f"page; files {before[1]} to {files}"
    )


async def classify(server: Server, callers: int, seconds: float) -> None:
    content = BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    Image.fromarray(noise).resize((800, 600), Image.Resampling.BICUBIC).save(content, "JPEG")
    photo = "data:image/jpeg;base64," + base64.b64encode(content.getvalue()).decode()
    data = [{"url": photo, "meta": {"_type": "gradio.FileData"}}, None]
    took: Seconds = []
    statuses: Counter[int] = Counter()
    address = f"http://{server.host}/demo/gradio_api/run/classify"
    limits = httpx.Limits(max_connections=None)

    async def one(client: httpx.AsyncClient, until: float, number: int) -> None:
        # Gradio's client names its session too; without one, a call takes twice the time.
        body = {"data": data, "session_hash": f"load{number}"}
        while time.monotonic() < until:
            began = time.monotonic()
            try:
                answer = await client.post(address, json=body)
            except httpx.TransportError:
                statuses[0] += 1  # no answer
                continue
            took.append(time.monotonic() - began)
            statuses[answer.status_code] += 1
            if answer.status_code == 503:
                await asyncio.sleep(int(answer.headers["retry-after"]))

    async with httpx.AsyncClient(timeout=120, limits=limits) as client:
        first = await client.post(address, json={"data": data})  # PyTorch is imported
        assert first.status_code == 200, first.text
        began, used = time.monotonic(), server.used()

        async def all_of_them() -> None:
            await asyncio.gather(
                *(one(client, began + seconds, number) for number in range(callers))
            )

        health = await with_health(server.host, all_of_them())
        rate = statuses[200] / (time.monotonic() - began)
        each = 1000 * (server.used() - used) / max(1, statuses[200])
    print(f"{callers} callers of /classify, {len(content.getvalue()) / 1000:.0f} kB each:")
    print(f"  {rate:.0f} answers a second; by status {dict(statuses)}")
    print(f"  processor time of the server and its children: {each:.0f} ms for each answer")
    report("  /classify", took)
    report("  /healthz", health)


async def come_and_go(server: Server, count: int, at_once: int = 10) -> None:
    """Open pages, ten at a time, and close each at once."""
    before = server.megabytes(), server.files()
    numbers = iter(range(count))

    async def visitor() -> None:
        for _ in numbers:
            await Page(server.host, "explore").visit(0)

    began = time.monotonic()
    await asyncio.gather(*(visitor() for _ in range(at_once)))
    took = time.monotonic() - began
    await asyncio.sleep(FORGOTTEN + 1)
    await Page(server.host, "explore").visit(0)  # the server forgets pages when another is closed
    await asyncio.sleep(1)
    after = server.megabytes(), server.files()
    print(
        f"{count} pages opened and closed in {took:.0f} s: memory {before[0]:.0f} to "
        f"{after[0]:.0f} MB ({after[0] - before[0]:+.0f}); files {before[1]} to {after[1]}"
    )


def report(name: str, took: Seconds) -> None:
    if took:
        middle, most, worst = 1000 * np.percentile(took, [50, 99, 100])
        print(
            f"{name}: {len(took)} times; median {middle:.0f}, 99th {most:.0f}, max {worst:.0f} ms"
        )


async def measure(server: Server, arguments: argparse.Namespace) -> None:
    if arguments.sessions:
        await come_and_go(server, 20)
        await watch(server, arguments.sessions, arguments.seconds)
    if arguments.callers:
        await classify(server, arguments.callers, arguments.seconds / 2)
    if arguments.closed:
        await asyncio.sleep(FORGOTTEN)
        await come_and_go(server, 20)
        await come_and_go(server, arguments.closed)


def training() -> Callable[[], None]:
    """A run that seems to train; the result writes its next point."""
    from fruitlab.methods.registry import configure
    from fruitlab.runs import catalog

    config = configure("mixed", data="synthetic:20", preset="quick", iterations=100_000)
    run = catalog.create({"device": "cpu"}, config=config, run_id=RUN)
    lock = run.lock()
    lock.acquire()
    run.doing("training")
    numbers = iter(range(0, 100_000, 10))

    def grow() -> None:
        assert lock.is_locked  # and it is kept: a lock that nobody refers to is released
        with run.log.open("a") as file:
            file.write(line(next(numbers)))

    for _ in range(100):
        grow()
    return grow


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sessions", type=int, default=100, metavar="N")
    parser.add_argument("--callers", type=int, default=50, metavar="N")
    parser.add_argument("--closed", type=int, default=500, metavar="N")
    parser.add_argument("--seconds", type=float, default=30, metavar="S")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ |= {"FRUITLAB_DATA": f"{name}/data", "FRUITLAB_CHECKPOINTS": f"{name}/runs"}
        grow, server = training(), Server(folder)

        async def train() -> None:
            while True:
                grow()
                await asyncio.sleep(0.5)

        work = asyncio.create_task(train())
        try:
            await measure(server, arguments)
        finally:
            work.cancel()
            server.stop()
        errors = [text for text in (folder / "log").read_text().splitlines() if "Error" in text]
        print(f"Errors in the server's output: {len(errors)}", *errors[:5], sep="\n  ")


if __name__ == "__main__":
    asyncio.run(main())
