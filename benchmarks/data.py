"""Import of two folders of pictures: the first time, from the cache, and the peak memory of each.

    python -m benchmarks.data --nice DIR --real DIR

Each in a process of its own, as a user has it, into a temporary folder. Goals for 18,000 pictures on 2 cores: 60 s and 1 s.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

# What runs in the process that is measured: prints its seconds without Python's start, its pictures, and its peak memory in KB (Linux).
LOAD = """
import resource, time
from fruitlab.data import store
started = time.perf_counter()
data = store.load("benchmark")
total = int(data.nice.images[:, 0, 0, 0].size + data.real.images[:, 0, 0, 0].size)
print(time.perf_counter() - started, total, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
IMPORT = """
import resource, sys, time
from fruitlab import cli
started = time.perf_counter()
status = cli.main(sys.argv[1:])
usage = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print(time.perf_counter() - started, status or 0, *usage)
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--nice", type=Path, required=True, help="a folder of category folders")
    parser.add_argument("--real", type=Path, required=True, help="another with the same categories")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"FRUITLAB_DATA": folder}
        seconds, status, own, largest_child = measured(
            IMPORT,
            [
                "data",
                "import",
                "--name",
                "benchmark",
                "--nice",
                str(arguments.nice),
                "--real",
                str(arguments.real),
            ],
            environment,
        )
        if status:
            sys.exit("The import failed; what it says is above.")
        print(
            f"First import: {seconds:.1f} s; peak memory {own / 2**20:.2f} GB, and {largest_child / 2**20:.2f} GB of the largest of its helpers"
        )
        for _ in range(3):
            seconds, pictures, own = measured(LOAD, [], environment)
            print(
                f"From the cache: {seconds:.2f} s, {pictures:.0f} pictures; peak memory {own / 2**20:.2f} GB"
            )


def measured(program: str, arguments: list[str], environment: dict[str, str]) -> list[float]:
    """The numbers on the last line that the program prints."""
    ended = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [float(word) for word in ended.stdout.strip().splitlines()[-1].split()]


if __name__ == "__main__":
    main()
