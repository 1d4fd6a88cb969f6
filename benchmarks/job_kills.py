"""Does an import or a data check leave anything half-done if it is killed again and again?

    python -m benchmarks.job_kills [--kills 30]

Background jobs are forked and killed as in benchmarks.worker_kills. After each kill of an import
there is a whole dataset or none, and the next import succeeds. A data check, which computes
features, goes on where it was; the features and the result must then equal an undisturbed one's.
Works in a temporary folder. Linux only.
"""

import argparse
import os
import random
import tempfile
import time
from collections import Counter
from pathlib import Path
from unittest import mock

import numpy as np
from PIL import Image

from benchmarks import forks
from fruitlab.cli.main import main as command
from fruitlab.config.paths import data_root
from fruitlab.data import store
from fruitlab.runs import jobs
from fruitlab.runs.jobs import Job

CHECKED = "synthetic:5"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=30, metavar="N", help="of either job (30)")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        os.environ |= {"FRUITLAB_DATA": f"{name}/data", "FRUITLAB_CHECKPOINTS": f"{name}/runs"}
        forks.prepare()
        rng = random.Random(arguments.seed)
        print(imports(Path(name) / "source", arguments.kills, rng), flush=True)
        print(checks(Path(name), arguments.kills, rng))


def imports(source: Path, kills: int, rng: random.Random) -> str:
    """Kill imports, each under a name of its own. Raises AssertionError if one is half there."""
    export_pictures(source)
    killer, kept, number = forks.Killer(rng, longest=20), Counter[bool](), 0
    while sum(killer.kills.values()) < kills:
        number += 1
        arguments = ["data", "import", "--min-images", "2", "--name", f"mine{number}"]
        arguments += ["--nice", str(source / "nice"), "--real", str(source / "real")]
        if work(killer, arguments).status() == "done":
            continue
        kept[there := whole(f"mine{number}")] += 1
        assert work(killer, [*arguments, *["--replace"] * there], kill=False).status() == "done"
        assert whole(f"mine{number}")
    left = [path.name for path in data_root().glob("mine*/*") if path.name.count(".") > 1]
    assert not left, left
    return (
        f"{sum(kept.values())} kills of imports: {kept[True]} datasets were whole, "
        f"{kept[False]} not there at all; the next import succeeded"
    )


def checks(folder: Path, kills: int, rng: random.Random) -> str:
    """Kill a data check, and go on with it. Raises AssertionError if its result differs."""
    store.load(CHECKED)
    killer, rounds, seconds = forks.Killer(rng, longest=20), 0, 0.0
    expected: tuple[object, dict[str, bytes]] | None = None
    while sum(killer.kills.values()) < kills or not rounds:
        os.environ["FRUITLAB_DATA"] = str(folder / f"round-{rounds}")
        began, job = time.monotonic(), None
        while job is None or job.status() != "done":
            job = work(killer, ["data", "check", CHECKED], kill=expected is not None)
            assert job.status() in ("done", "interrupted"), job.log()
        features = {path.name: path.read_bytes() for path in data_root().glob(".features/*.npy")}
        found = job.result(), features
        assert expected in (None, found) and features, "the result or the features differ"
        expected, rounds, seconds = found, rounds + 1, time.monotonic() - began
    return (
        f"{sum(killer.kills.values())} kills of data checks: {rounds - 1} went on to equal results "
        f"and {len(expected[1]) if expected else 0} equal files of features; the last took "
        f"{seconds:.0f} s"
    )


def work(killer: forks.Killer, arguments: list[str], *, kill: bool = True) -> Job:
    """Do a job as the explorer starts it, but in a forked process, and perhaps kill it."""
    with mock.patch.object(jobs, "start_python"):
        job = jobs.start(data_root() / ".jobs", arguments[1], arguments)
    killer.run(lambda: command(["--job", str(job.folder), *arguments]), data_root(), kill=kill)
    return job


def whole(name: str) -> bool:
    """Whether there is a dataset of that name. Raises AssertionError if it cannot be read."""
    entry = next((one for one in store.available() if one["name"] == name), None)
    assert entry is None or not entry["problem"], entry
    return entry is not None and len(store.load(name).nice.images) > 0


def export_pictures(source: Path) -> None:
    data = store.load(CHECKED)
    for name, domain in (("nice", data.nice), ("real", data.real)):
        for row, label in enumerate(domain.labels):
            target = source / name / data.categories[label]
            target.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.asarray(domain.images[row])).save(target / f"{row}.png")


if __name__ == "__main__":
    main()
