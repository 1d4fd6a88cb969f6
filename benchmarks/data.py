"""Imports two folders of pictures: the first time and from the cache, with the peak memory of each.

    python -m benchmarks.data --nice DIR --real DIR

Each runs in a process of its own and writes to a temporary folder. The goals for 18,000 pictures on
two cores are 60 s and 1 s.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

# The programs that are measured. They print their seconds, without the start of Python, the number
# of pictures or the exit status, and the peak memory in kB (on Linux).
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
from fruitlab.cli.main import main
started = time.perf_counter()
status = main(sys.argv[1:])
whose = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
usage = [resource.getrusage(who).ru_maxrss for who in whose]
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
        command = ["data", "import", "--name", "benchmark"]
        command += ["--nice", str(arguments.nice), "--real", str(arguments.real)]
        seconds, status, own, largest_child = measured(IMPORT, command, environment)
        if status:
            sys.exit("The import failed; its messages are above.")
        print(
            f"First import: {seconds:.1f} s; peak memory {own / 2**20:.2f} GB, and "
            f"{largest_child / 2**20:.2f} GB of its largest child process"
        )
        for _ in range(3):
            seconds, pictures, own = measured(LOAD, [], environment)
            print(
                f"From the cache: {seconds:.2f} s, {pictures:.0f} pictures; "
                f"peak memory {own / 2**20:.2f} GB"
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
