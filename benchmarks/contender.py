"""One contender of the training benchmark in a process of its own, so that several take turns.

A contender is a class `Contender(data, batch, device, precision=...)` with

    threads: str             how many threads compute
    step() -> int            one training step; returns the number of pictures
    epoch() -> int           one pass over the training set, from wherever the tool keeps it

Both return when the work is finished, also on a GPU. `data` is a folder with images.npy, labels.npy
and the same pictures as JPEG files in jpeg/<category>/. The precision is "float32" or "bfloat16",
in which feature maps are computed while weights stay in float32.
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
    """A contender's process.

    Raises:
        RuntimeError: it could not be started, or ended; with its name and the last line of its log.
    """

    def __init__(self, module: str, arguments: list[str], *, python: str, log: Path) -> None:
        self.module, self.log = module, log
        with log.open("w") as stream:
            self.process = subprocess.Popen(
                [python, "-m", "benchmarks.contender", module, *arguments],
                text=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stream,
                env=os.environ
                | {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": module.partition(":")[2]},
            )
        self.about = self._answer()

    def run(self, what: str) -> tuple[int, float]:
        """Run "step" or "epoch"; returns the number of pictures and the seconds it took."""
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
            status = self.process.wait()
            said = self.log.read_text().strip().splitlines()
            last = said[-1] if said else "no message"
            raise RuntimeError(f"{self.module} ended with exit status {status}: {last}")
        return json.loads(line)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("module")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", default="float32")
    arguments = parser.parse_args()
    # Only answers may go to stdout, so what a tool prints goes to stderr.
    answers, sys.stdout = sys.stdout, sys.stderr
    module, _, variant = arguments.module.partition(":")
    maker = importlib.import_module(module).Contender
    options = {"preset": variant} if variant else {}
    options["precision"] = arguments.precision
    contender = maker(arguments.data, arguments.batch, arguments.device, **options)
    contender.step()
    print(json.dumps({"threads": contender.threads}), file=answers, flush=True)
    for line in sys.stdin:
        started = time.perf_counter()
        pictures = getattr(contender, line.strip())()
        result = {"pictures": pictures, "seconds": time.perf_counter() - started}
        print(json.dumps(result), file=answers, flush=True)


if __name__ == "__main__":
    main()
