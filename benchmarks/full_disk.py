"""What happens when the disk is full, at any point of a training, an import or a data check?

    python -m benchmarks.full_disk [--times 10]

Mounts a small disk in memory, where only this process sees it (Linux, `unshare`), leaves a random
part of what some work needs, and does it. It must end well, or with a message that says what to do
and without a traceback. Then the disk has room again, and the same work must give the results of an
undisturbed one, bit by bit.
"""

import argparse
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from benchmarks import forks
from benchmarks.job_kills import CHECKED, export_pictures
from benchmarks.worker_kills import differences, new_run
from fruitlab.cli.main import main as command
from fruitlab.config.paths import data_root, runs_root
from fruitlab.data import store
from fruitlab.data.uploads import forget
from fruitlab.worker import process

INSIDE = "FRUITLAB_FULL_DISK"
SIZE = 200_000_000  # bytes of the disk
LEAST = 4096  # bytes that are left at least


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--times", type=int, default=10, metavar="N", help="of each work (10)")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if INSIDE not in os.environ:
        again = [sys.executable, "-m", "benchmarks.full_disk", *sys.argv[1:]]
        os.execvpe("unshare", ["unshare", "-rm", *again], os.environ | {INSIDE: "1"})
    with tempfile.TemporaryDirectory() as name:
        disk, folder = Path(name) / "disk", Path(name)
        disk.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "none", str(disk)]
        subprocess.run(mount, check=True)
        try:
            fill(disk, folder, arguments.times, random.Random(arguments.seed))
        finally:
            subprocess.run(["umount", str(disk)], check=True)


def fill(disk: Path, folder: Path, times: int, rng: random.Random) -> None:
    """Do all kinds of work on a disk that is too small."""
    os.environ |= {"FRUITLAB_DATA": f"{disk}/data", "FRUITLAB_CHECKPOINTS": f"{disk}/runs"}
    runs_root().mkdir(parents=True)
    forks.prepare()
    store.load(CHECKED)
    export_pictures(folder / "source")
    for work in (trainings, imports, uploads, checks):
        print(work(Trial(disk, folder / "log", rng), folder, times), flush=True)


class Trial:
    """Does work on a disk that has less room than it needs."""

    def __init__(self, disk: Path, log: Path, rng: random.Random) -> None:
        self.disk, self.log, self.rng = disk, log, rng
        self.needs, self.outcomes = 0, Counter[str]()

    def free(self) -> int:
        return shutil.disk_usage(self.disk).free

    def whole(self, work: Callable[[], int]) -> None:
        """Do the work with enough room; what it takes is what it needs."""
        before = self.free()
        assert self.attempt(work) == 0, self.log.read_text()
        self.needs = max(self.needs, before - self.free())

    def short(self, work: Callable[[], int]) -> None:
        """Do the work with too little room."""
        left = self.rng.randrange(LEAST, int(2 * self.needs))
        filler = self.disk / "filler"
        with filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(1, self.free() - left))
        status, text = self.attempt(work), self.log.read_text()
        filler.unlink()
        told = any(words in text for words in ("disk is full", "Free some", "No space left"))
        assert status in (0, 1) and "Traceback" not in text, text
        assert status == 0 or told, text
        self.outcomes["done" if status == 0 else "a message"] += 1

    def attempt(self, work: Callable[[], int]) -> int:
        def child() -> None:
            with self.log.open("wb") as log:
                os.dup2(log.fileno(), 1)
                os.dup2(log.fileno(), 2)
            sys.exit(work())

        worker = multiprocessing.get_context("fork").Process(target=child)
        worker.start()
        worker.join()
        return worker.exitcode or 0

    def __str__(self) -> str:
        return f"{dict(self.outcomes)} with {LEAST:,} to {2 * self.needs:,.0f} bytes left"


def trainings(trial: Trial, folder: Path, times: int) -> str:
    def train(name: str) -> Callable[[], int]:
        def work() -> int:
            sys.argv = ["", name]
            return process.main()

        return work

    reference = new_run("mixed", "reference")
    trial.whole(train(reference.id))
    for number in range(times):
        run = new_run("mixed", f"full-{number}")
        trial.short(train(run.id))
        assert trial.attempt(train(run.id)) == 0, trial.log.read_text()
        assert not (found := differences(run, reference)), f"{run.id} differs: {found}"
        shutil.rmtree(run.folder)
    return f"trainings: {trial}; then all of them finished with equal results"


def imports(trial: Trial, folder: Path, times: int) -> str:
    source = [f"--{name}={folder / 'source' / name}" for name in ("nice", "real")]
    return datasets("imports", source, trial, times)


def uploads(trial: Trial, folder: Path, times: int) -> str:
    with zipfile.ZipFile(folder / "source.zip", "w") as file:
        for path in sorted((folder / "source").rglob("*.png")):
            file.write(path, path.relative_to(folder / "source"))
    return datasets("zips", [f"--zip={folder / 'source.zip'}"], trial, times)


def datasets(what: str, source: list[str], trial: Trial, times: int) -> str:
    def work() -> int:
        return command(["data", "import", "--min-images", "2", "--name", "mine", *source])

    expected = None
    for number in range(times + 1):
        if number:
            trial.short(work)
            left = sorted(path.name for path in data_root().glob("mine*"))
            assert left in ([], ["mine"]), left
        if not (data_root() / "mine").exists():
            trial.whole(work)
        found = store.load("mine").fingerprint
        assert expected in (None, found), "the datasets differ"
        expected = found
        store.remove("mine")
        forget("mine")
    return f"{what}: {trial}; then there was a whole dataset each time"


def checks(trial: Trial, folder: Path, times: int) -> str:
    def work() -> int:
        return command(["data", "check", CHECKED])

    kept = data_root() / ".features"
    trial.whole(work)
    expected = {path.name: path.read_bytes() for path in kept.glob("*.npy")}
    for _ in range(times):
        shutil.rmtree(kept)
        trial.short(work)
        trial.whole(work)
        assert expected == {path.name: path.read_bytes() for path in kept.glob("*.npy")}
    return f"data checks: {trial}; then the features were equal each time"


if __name__ == "__main__":
    main()
