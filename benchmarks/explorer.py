"""Waiting times in the explorer: start, first point of a training, answers, end, and live updates.

    python -m benchmarks.explorer [--runs 300]

Everything runs in temporary folders. The server part needs Chromium (Debian: `apt-get install
chromium`) and is skipped without it. Goals on 2 idle cores: the first page 6 s after the start, the
first point 12 s after Start, a photo through the demo in 0.3 s after the first one, the end 3 s
after Ctrl-C, and live updates in 150 ms.
"""

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

# JavaScript: whether the plot has this many points.
POINTS = (
    "least => (document.querySelector('figure.fruitlab .plot')?.data?.[0].x.length ?? 0) >= least"
)
PROJECT = Path(__file__).resolve().parents[1]


def line(iteration: int) -> str:
    """A line of a log, as a worker writes it."""
    point = {
        "iteration": iteration,
        "phase": "mixed",
        "phase_iteration": iteration,
        "full": iteration % 500 == 0,
        "nice": [100, 50, 60],
        "real": [100, 20, 30],
        "seen": {"nice": iteration, "real": iteration},
        "seconds": 0.1 * iteration,
        "loss": 1.0,
        "penalty": 0.1,
        "learning_rate": 0.01,
        "momentum": 0.9,
    }
    return json.dumps(point) + "\n"


def measure_index(count: int) -> None:
    """Time the index of many runs, and its update when ten of them have a new point."""
    from fruitlab.methods.registry import configure
    from fruitlab.runs import catalog
    from fruitlab.runs.index import Index

    runs = []
    for seed in range(count):
        config = configure("mixed", seed=seed, iterations=6000)
        run = catalog.create({"device": "cpu"}, config=config, run_id=f"run-{seed}")
        run.log.write_text("".join(line(i) for i in range(0, 6001, 1 if seed < 10 else 60)))
        runs.append(run)
    index = Index(rest=0)
    first, again = (1000 * timed(index.entries) for _ in range(2))
    print(
        f"Index of {count} runs, ten of them with 6,000 points: "
        f"{first:.0f} ms at first, {again:.0f} ms again"
    )
    updates = []
    for turn in range(5):
        for run in runs[:10]:
            with run.log.open("a") as file:
                file.write(line(6001 + turn))
        updates.append(timed(lambda: [entry.curves() for entry in index.entries()[:10]]))
    print(f"Live update after a new point in each of the ten: {1000 * min(updates):.0f} ms")


def timed(work: Callable[[], Any]) -> float:
    """The seconds that a call takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def measure_server(folder: Path) -> None:
    """Time the server's start, a training, the demo, and the end, with a real browser."""
    from playwright.sync_api import sync_playwright

    from fruitlab.data import store

    store.load("synthetic:20")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "streamlit", "run", str(PROJECT / "app.py")]
    command += ["--server.port", str(port), "--server.headless", "true"]
    with sync_playwright() as driver, open(folder / "log", "wb") as log:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page, second = browser.new_page(), browser.new_page()
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            wait_for_server(process, f"{address}/_stcore/health")
            page.goto(address)
            page.locator("h1").wait_for(timeout=60_000)
            print(f"From the start to the first page: {time.perf_counter() - started:.1f} s")
            measure_training(page, address)
            second.goto(page.url)
            second.wait_for_function(POINTS, arg=10, timeout=120_000)
            before, seconds = processor_seconds(process.pid), 20
            time.sleep(seconds)
            share = (processor_seconds(process.pid) - before) / seconds
            print(f"Load of the server while two tabs are open: {share:.1%} of one core")
            measure_demo(second, f"{address}/demo/", folder)
            process.send_signal(signal.SIGINT)
            print(
                "From Ctrl-C to the end, with tabs of the demo and the explorer open: "
                f"{timed(process.wait):.1f} s"
            )
        finally:
            process.kill()
            browser.close()


def wait_for_server(process: subprocess.Popen[bytes], url: str) -> None:
    """Wait until the server answers, or its process has ended."""
    while process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            time.sleep(0.02)


def measure_training(page: Any, address: str) -> None:
    """Start a training on the Train page and time its first points."""
    page.goto(f"{address}/train?preset=quick&data=synthetic:20&live_every=5")
    start = page.get_by_role("button", name="Start", exact=True)
    start.wait_for(timeout=60_000)
    start.click()
    first, more = (
        timed(lambda least=least: page.wait_for_function(POINTS, arg=least, timeout=120_000))
        for least in (1, 10)
    )
    print(f"From Start to the first point: {first:.1f} s; to the tenth: {first + more:.1f} s")


def measure_demo(page: Any, address: str, folder: Path) -> None:
    """Stop the training, then time answers of the demo."""
    from fruitlab.runs import catalog

    page.goto(address)
    page.locator(".gradio-container input[type=file]").first.wait_for(
        state="attached", timeout=120_000
    )
    for run in catalog.all_runs():
        if not run.shipped:
            run.ask_to_stop()
    while any(run.alive() for run in catalog.all_runs()):
        time.sleep(0.1)
    first, *later = demo_answers(address, folder / "photo.png")
    print(
        f"A photo through the demo: the first one {first:.2f} s, "
        f"later ones {min(later):.2f} to {max(later):.2f} s"
    )


def processor_seconds(pid: int) -> float:
    """Processor time that a process has used (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def demo_answers(address: str, photo: Path) -> list[float]:
    """The seconds of ten calls of the demo."""
    from gradio_client import Client, handle_file
    from PIL import Image

    Image.effect_noise((800, 600), 80).convert("RGB").save(photo)
    client = Client(address, verbose=False)
    return [
        timed(lambda: client.predict(handle_file(str(photo)), api_name="/classify"))
        for _ in range(10)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=300, help="runs in the index (default: 300)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "FRUITLAB_DATA": f"{folder}/data",
            "FRUITLAB_CHECKPOINTS": f"{folder}/checkpoints",
        }
        measure_index(arguments.runs)
        shutil.rmtree(f"{folder}/checkpoints")
        if shutil.which("chromium"):
            measure_server(Path(folder))
        else:
            print("Chromium is not installed, so the server is not measured.")


if __name__ == "__main__":
    main()
