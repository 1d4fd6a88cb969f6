"""A contender in a process of its own, which follows commands on its standard input.

So several contenders can take turns. A contender is a class `Contender(data, batch, device)` with

    threads: str; how many threads compute.
    step() -> int: does one training step; pictures trained on.
    epoch() -> int: trains on the whole training set once, from where the tool keeps it; pictures.

Both return when the work is done, on a GPU too. `data` is a folder with images.npy, labels.npy and
the same pictures as JPEG files in jpeg/<category>/.
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
    """A contender that has been started.

    Raises:
        RuntimeError: it could not be started; the message is the last line of its output.
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
        """Runs `step` or `epoch`: the pictures trained on, and the seconds it took."""
        print(what, file=self.process.stdin, flush=True)
        answer = self._answer()
        return answer["pictures"], answer["seconds"]

    def end(self) -> None:
        self.process.stdin.close()
        self.process.wait()

    def _answer(self) -> dict[str, Any]:
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            output = self.log.read_text().strip().splitlines()
            status = f"ended with status {self.process.returncode}"
            raise RuntimeError(output[-1] if output else status)
        return json.loads(line)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("module")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    answers, sys.stdout = sys.stdout, sys.stderr  # a tool's prints are no answers
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
