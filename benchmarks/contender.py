"""Runs a contender in its own process, controlled through its standard input.

A contender is a class `Contender(data, batch, device)` with
    threads: str, the number of threads that compute;
    step() -> int: trains on one batch; returns the number of pictures;
    epoch() -> int: trains on the whole training set, read from where the tool keeps it.
Both methods return when the work is done, also on a GPU. `data` is a folder with images.npy,
labels.npy, and the same pictures as JPEG files in jpeg/<category>/.
"""

import argparse
import importlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any


class Process:
    """A started contender.

    Raises:
        RuntimeError: it could not be started. The message is the last line of its stderr.
    """

    def __init__(self, module: str, arguments: list[str], *, python: str, log: Path) -> None:
        self.log = log
        with log.open("w") as stream:
            self.process = subprocess.Popen(
                [python, "-m", "benchmarks.contender", module, *arguments],
                text=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stream,
                env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"},
            )
        self.about = self._answer()

    def run(self, what: str) -> tuple[int, float]:
        """Call the method `what`; returns the number of pictures and the seconds it took."""
        print(what, file=self.process.stdin, flush=True)
        answer = self._answer()
        return answer["pictures"], answer["seconds"]

    def end(self) -> None:
        """End the process."""
        self.process.stdin.close()
        self.process.wait()

    def _answer(self) -> dict[str, Any]:
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            errors = self.log.read_text().strip().splitlines()
            raise RuntimeError(
                errors[-1] if errors else f"it ended with status {self.process.returncode}"
            )
        return json.loads(line)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("module", help="the contender's module, or module:variant")
    parser.add_argument("--data", type=Path, required=True, help="the folder of pictures")
    parser.add_argument("--batch", type=int, required=True, help="pictures in a batch")
    parser.add_argument("--device", default="cpu", help="cpu or cuda (default: cpu)")
    arguments = parser.parse_args()
    answers, sys.stdout = sys.stdout, sys.stderr  # the tool's own output must not mix with answers
    module, _, variant = arguments.module.partition(":")
    maker = importlib.import_module(module).Contender
    options = {"preset": variant} if variant else {}
    contender = maker(arguments.data, arguments.batch, arguments.device, **options)
    contender.step()
    print(json.dumps({"threads": contender.threads}), file=answers, flush=True)
    for line in sys.stdin:
        started = time.perf_counter()
        pictures = getattr(contender, line.strip())()
        print(
            json.dumps({"pictures": pictures, "seconds": time.perf_counter() - started}),
            file=answers,
            flush=True,
        )


if __name__ == "__main__":
    main()
