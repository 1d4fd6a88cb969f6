"""What a person waits for in the explorer.

    python -m benchmarks.explorer [--runs 300]

The start, the first screen and its slider, the first point of a training, a photo's answer, the end
with a tab of the demo open, the table of many runs, and a live update, all in temporary folders.
Start and end need Chromium (Debian: `apt-get install chromium`) and are left out without it. Goals
on two idle cores: the first page after 6 s, later visitors' first picture in 1.5 s, 50 ms from a
movement of the pointer to the painted frame, the first point 12 s after Start, a photo through the
demo in 0.3 s after the first one, the end 3 s after Ctrl-C, and a live update in 150 ms.
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
from pathlib import Path

# How many points the plot has.
POINTS = (
    "least => (document.querySelector('figure.fruitlab .plot')?.data?.[0].x.length ?? 0) >= least"
)
# Whether a picture of the first screen has been decoded.
PICTURE = "[...document.querySelectorAll('.wall img')].some(one => one.naturalWidth > 0)"
# Milliseconds from each movement of the pointer to the end of the frame that it changed.
PAINTED = """() => {
  window.painted = []
  document.addEventListener("pointermove", event => requestAnimationFrame(() => {
    const channel = new MessageChannel()
    channel.port1.onmessage = () => painted.push(performance.now() - event.timeStamp)
    channel.port2.postMessage(0) // after the frame has been painted
  }), true)
}"""
MOVES = 60
PROJECT = Path(__file__).resolve().parents[1]


def line(iteration: int) -> str:
    """A point of a log, as a worker writes it."""
    return (
        json.dumps(
            {
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
        )
        + "\n"
    )


def index(count: int) -> None:
    from fruitlab.methods.registry import configure
    from fruitlab.runs import catalog
    from fruitlab.runs.index import Index

    made = []
    for seed in range(count):
        run = catalog.create(
            {"device": "cpu"},
            config=configure("mixed", seed=seed, iterations=6000),
            run_id=f"run-{seed}",
        )
        run.log.write_text("".join(line(i) for i in range(0, 6001, 1 if seed < 10 else 60)))
        made.append(run)
    seen = Index(rest=0)
    first, again = (1000 * timed(seen.entries) for _ in range(2))
    print(
        f"{count} runs, ten of them with 6,000 points: first look {first:.0f} ms, "
        f"again {again:.0f} ms"
    )
    ticks = []
    for turn in range(5):
        for run in made[:10]:
            with run.log.open("a") as file:
                file.write(line(6001 + turn))
        ticks.append(timed(lambda: [entry.curves() for entry in seen.entries()[:10]]))
    print(f"A tick after a new point in each of the ten: {1000 * min(ticks):.0f} ms")


def timed(work) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def server(folder: Path) -> None:
    from playwright.sync_api import sync_playwright

    from fruitlab.data import store
    from fruitlab.runs import catalog

    store.load("synthetic:20")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with sync_playwright() as driver, open(folder / "log", "wb") as log:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page, demo = browser.new_page(), browser.new_page()
        started = time.perf_counter()
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "streamlit",
                "run",
                str(PROJECT / "app.py"),
                "--server.port",
                str(port),
                "--server.headless",
                "true",
            ],
            stdout=log,
            stderr=log,
        )
        while process.poll() is None:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2).close()
                break
            except OSError:
                time.sleep(0.02)
        page.goto(f"http://127.0.0.1:{port}")
        page.locator("h1").wait_for(timeout=60_000)
        print(f"From the start to the first page: {time.perf_counter() - started:.1f} s")
        first_screen(browser, f"http://127.0.0.1:{port}")
        page.goto(f"http://127.0.0.1:{port}/train?preset=quick&data=synthetic:20&live_every=5")
        page.get_by_role("button", name="Start", exact=True).wait_for(timeout=60_000)
        page.get_by_role("button", name="Start", exact=True).click()
        first = timed(lambda: page.wait_for_function(POINTS, arg=1, timeout=120_000))
        tenth = first + timed(lambda: page.wait_for_function(POINTS, arg=10, timeout=120_000))
        print(f"From Start to the first point: {first:.1f} s; to the tenth: {tenth:.1f} s")
        demo.goto(page.url)
        demo.wait_for_function(POINTS, arg=10, timeout=120_000)
        before, seconds = cpu(process.pid), 20
        time.sleep(seconds)
        share = (cpu(process.pid) - before) / seconds
        print(f"While two tabs watch, the server uses {share:.1%} of a core")
        demo.goto(f"http://127.0.0.1:{port}/demo/")
        demo.locator(".gradio-container input[type=file]").first.wait_for(
            state="attached", timeout=120_000
        )
        for run in catalog.all_runs():
            if not run.shipped:
                run.ask_to_stop()
        while any(run.alive() for run in catalog.all_runs()):
            time.sleep(0.1)
        first, *later = through_the_demo(f"http://127.0.0.1:{port}/demo/", folder / "photo.png")
        print(
            f"A photo through the demo: the first one {first:.2f} s, "
            f"later ones {min(later):.2f} to {max(later):.2f} s"
        )
        process.send_signal(signal.SIGINT)
        print(f"From Ctrl-C to the end, with two tabs open: {timed(process.wait):.1f} s")
        browser.close()


def first_screen(browser, address: str) -> None:
    """What a visitor waits for on a server that is warm, in a browser that has cached nothing."""
    seconds = []
    for _ in range(5):
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        page = context.new_page()
        started = time.perf_counter()
        page.goto(address)
        page.wait_for_function(PICTURE, timeout=60_000)
        seconds.append(time.perf_counter() - started)
        page.wait_for_function("document.querySelector('.fruitlab-instant .plot')?.drawn")
        if len(seconds) < 5:
            context.close()
    first, *later = seconds
    print(
        f"From the address to the first picture: {first:.2f} s, for later visitors "
        f"{min(later):.2f} to {max(later):.2f} s"
    )
    page.locator(".fruitlab-instant.photo").wait_for(timeout=60_000)
    box = page.locator("#fruitlab-ratio").bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 1, middle)
    page.mouse.down()
    page.evaluate(PAINTED)
    for number in range(MOVES):
        page.mouse.move(box["x"] + box["width"] * number / MOVES, middle)
    page.mouse.up()
    painted = sorted(page.evaluate("painted"))
    median, late = painted[len(painted) // 2], painted[int(0.95 * len(painted))]
    print(
        f"From a movement of the pointer to the painted frame: median {median:.0f} ms, 95% "
        f"within {late:.0f} ms, all within {painted[-1]:.0f} ms"
    )
    context.close()


def cpu(pid: int) -> float:
    """Processor seconds of a process so far (Linux)."""
    return sum(
        map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13])
    ) / os.sysconf("SC_CLK_TCK")


def through_the_demo(address: str, photo: Path) -> list[float]:
    """Seconds of ten calls."""
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
    parser.add_argument("--runs", type=int, default=300)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "FRUITLAB_DATA": f"{folder}/data",
            "FRUITLAB_CHECKPOINTS": f"{folder}/checkpoints",
        }
        index(arguments.runs)
        shutil.rmtree(f"{folder}/checkpoints")
        if shutil.which("chromium"):
            server(Path(folder))
        else:
            print("There is no Chromium here: start and end of the server are left out.")


if __name__ == "__main__":
    main()
