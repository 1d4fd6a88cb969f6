"""Measures importing two folders of pictures and loading the result, with the peak memory of each.

    python -m benchmarks.data --nice DIR --real DIR

Each measurement runs in a process of its own, as for a user, with a temporary data root. The goals
for 18,000 pictures on 2 cores are 60 s for the import and 1 s for loading.
"""

import argparse
import os
import subprocess
import sys
import tempfile

# The measured processes print their seconds without the start of Python, the number of pictures or
# the exit status, and their peak memory in KB (on Linux).
LOAD = """
import resource, time
from fruitlab.data import store
started = time.perf_counter()
data = store.load("benchmark")
total = int(data.nice.images[:, 0, 0, 0].size + data.real.images[:, 0, 0, 0].size)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(time.perf_counter() - started, total, peak)
"""
IMPORT = """
import resource, sys, time
from fruitlab.cli import main as cli
started = time.perf_counter()
status = cli.main(sys.argv[1:])
who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
peaks = [resource.getrusage(process).ru_maxrss for process in who]
print(time.perf_counter() - started, status or 0, *peaks)
"""


def main() -> None:
    """Runs the benchmark and prints its figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--nice", required=True, help="folder with one folder per category")
    parser.add_argument("--real", required=True, help="another one with the same categories")
    options = parser.parse_args()
    command = ["data", "import", "--name", "benchmark", "--nice", options.nice]
    command += ["--real", options.real]
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"FRUITLAB_DATA": folder}
        seconds, status, own_peak, child_peak = measure(IMPORT, command, environment)
        if status:
            sys.exit("The import failed, see the message above.")
        print(
            f"Import: {seconds:.1f} s; peak memory {gigabytes(own_peak)}, largest child process "
            f"{gigabytes(child_peak)}"
        )
        for _ in range(3):
            seconds, pictures, own_peak = measure(LOAD, [], environment)
            print(
                f"Loading: {seconds:.2f} s, {pictures:.0f} pictures; "
                f"peak memory {gigabytes(own_peak)}"
            )


def measure(program: str, arguments: list[str], environment: dict[str, str]) -> list[float]:
    """Runs a program and returns the numbers on the last line that it prints."""
    process = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [float(word) for word in process.stdout.strip().splitlines()[-1].split()]


def gigabytes(kilobytes: float) -> str:
    """Formats kilobytes as gigabytes."""
    return f"{kilobytes / 2**20:.2f} GB"


if __name__ == "__main__":
    main()
