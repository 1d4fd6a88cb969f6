"""Does an online run lose or repeat a picture if it is killed again and again?

    python -m benchmarks.kills --kills 50

Puts a few drawn pictures into watched folders, starts `fruitlab online --once`, and kills it with
SIGKILL at a random moment, so often; then lets it end. Every picture must have been taken once, and
tested once by the runs that finished. In the second half, every third picture is of a category that
the network does not know. Works in a temporary folder. Takes about 8 s for each kill.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

from fruitlab.config.paths import PROJECT
from fruitlab.data import store
from fruitlab.data.domains import DOMAINS, TwoDomains, content_hash
from fruitlab.data.stream import Stream, folder_of
from fruitlab.runs import catalog

LATE = "Late Fruit"  # a category that the network does not know at first
NEW = 6  # pictures before each start
SMALL = ("--set", "width=0.25", "--set", "live_pictures=26", "--iterations", "4")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument(
        "--most", type=float, default=15.0, help="seconds until a kill at most (15)"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        os.environ |= {
            "FRUITLAB_DATA": str(root / "data"),
            "FRUITLAB_CHECKPOINTS": str(root / "runs"),
        }
        command("train", "mixed", "--data", "synthetic:5", "--run", "first", *SMALL).wait()
        print(check(root, kill_often(root, arguments.kills, arguments.most)))


def kill_often(root: Path, kills: int, most: float) -> Counter[str]:
    """How often a session was killed before it ended, and how often it was too fast."""
    random, data, found = np.random.default_rng(0), store.load("synthetic:20"), Counter[str]()
    options = [f"--{name}={root / name}" for name in DOMAINS]
    online = ("online", *options, "--from", "first", "--once", "--kept", "2")
    for number in range(kills):
        arrive(root, data, range(number * NEW, (number + 1) * NEW), late=number >= kills // 2)
        process = command(*online)
        time.sleep(random.uniform(0.3, most))
        ended = process.poll() is not None
        if not ended:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        found["ended before" if ended else "killed"] += 1
    command(*online).wait()
    return found


def arrive(root: Path, data: TwoDomains, numbers: range, *, late: bool) -> None:
    """Put pictures of a dataset into the watched folders, as files of their own."""
    order = np.random.default_rng(1).permutation(len(data.nice.labels))
    for number in numbers:
        domain = data.domain(DOMAINS[number % 2])
        row = int(order[number // 2])
        category = LATE if late and not number % 3 else data.categories[domain.labels[row]]
        folder = root / domain.name / category
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(domain.images[row]).save(root / "new.png")
        os.replace(root / "new.png", folder / f"{number}.png")


def check(root: Path, kills: Counter[str]) -> str:
    """What happened. Raises AssertionError if a picture was lost or counted twice."""
    stream = Stream(folder_of("stream"))
    files = Counter(
        (content_hash(np.array(Image.open(file))), domain)
        for domain in DOMAINS
        for file in (root / domain).rglob("*.png")
    )
    taken = Counter((one.content, one.domain) for one in stream.taken())
    assert taken == Counter(set(files)), "a picture was lost, or taken twice"
    tested = 0
    for session in stream.sessions():
        assert session.ended and session.first == tested
        points = catalog.find(session.run).metrics()
        tested += sum(point["stream"][name][0] for point in points for name in DOMAINS)
        assert tested == session.last, "a picture was not tested once"
    known = catalog.find(session.run).header()["data"]["categories"]
    assert (LATE in known) == any(one.category == LATE for one in stream.taken())
    kept = len(list(stream.pictures.iterdir()))
    return (
        f"{dict(kills)}: {len(taken):,} pictures were taken once each, and tested once each in "
        f"{len(stream.sessions())} sessions; {kept:,} are kept. The network knows "
        f"{len(known)} categories."
    )


def command(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "fruitlab", *arguments],
        cwd=PROJECT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


if __name__ == "__main__":
    main()
