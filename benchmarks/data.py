"""Time and peak memory of importing two folders of pictures, and of loading them from the cache.

    python -m benchmarks.data --nice DIR --real DIR

Both run in new processes and use a temporary folder. Goals for 18,000 pictures on 2 cores: 60 s for
the import and 1 s for loading.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

# The measured programs print their seconds, without Python's start, and peak memory in KB (Linux).
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
processes = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
memory = [resource.getrusage(process).ru_maxrss for process in processes]
print(time.perf_counter() - started, status or 0, *memory)
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
        folders = ["--nice", str(arguments.nice), "--real", str(arguments.real)]
        seconds, status, own, child = measured(
            IMPORT, ["data", "import", "--name", "benchmark", *folders], environment
        )
        if status:
            sys.exit("The import failed. Its message is above.")
        print(
            f"Import: {seconds:.1f} s. Peak memory: {own / 2**20:.2f} GB, "
            f"and {child / 2**20:.2f} GB in the largest child process."
        )
        for _ in range(3):
            seconds, pictures, own = measured(LOAD, [], environment)
            print(
                f"Loading {pictures:.0f} pictures from the cache: {seconds:.2f} s. "
                f"Peak memory: {own / 2**20:.2f} GB."
            )


def measured(program: str, arguments: list[str], environment: dict[str, str]) -> list[float]:
    """Run a program; returns the numbers on the last line of its output."""
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
